"""Samples in; how much wider than usual the voice's effort opens the mouth out.

Loud speech is higher, too: pitch rises by about half a semitone per decibel (Gramming et al. 1988,
"Relationship between changes in voice pitch and loudness", Journal of Voice 2; Traunmüller &
Eriksson 2000, "Acoustic effects of variation in vocal effort by men, women, and children", JASA
107). So both are measured against the speaker's own running mean, in speech only. The distance of
the microphone and the level of a recording do not matter.
"""

from __future__ import annotations

import math
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.postprocess.bins import BIN_S, Bins, TimeLine

SILENCE_DB, SPEECH_RANGE_DB = -60.0, 25.0  # speech is above the first, and that near the loudest
FALL_DB_PER_S = 1.0  # of the loudest level
FAST_S, SLOW_S = 0.6, 20.0  # time constants: of the effort now, and of the speaker's usual effort
SEMITONES_PER_DB = 0.5
LARGEST_DB = 12.0  # of a deviation; pitch is sometimes measured an octave off
SURE_S = 1.0  # of speech; until then, little is known of the speaker
SLOPE_PER_DB = 0.05  # of the logarithm of the opening
SMALLEST, LARGEST = 0.75, 1.35

PITCH_S = 0.04  # the window in which pitch is measured
PITCH_HZ = (70.0, 400.0)
PITCH_RATE = 8_000  # about; enough for these pitches
VOICED = 0.5  # the least correlation of a voiced sound with itself one period later


@final
class EffortMeter:
    """Measures a voice's effort as a factor on the opening of the mouth, 0.75 to 1.35.

    Example:
        >>> import numpy as np
        >>> from marotte.postprocess.effort import EffortMeter
        >>> buzz = (np.arange(64_000) % 128 < 5).astype(np.float32)  # four seconds at 125 Hz
        >>> meter = EffortMeter(16_000)
        >>> meter.push_samples(buzz * np.repeat(np.float32([0.1, 0.4]), 32_000))
        >>> round(meter.factor(1.9), 2), round(meter.factor(3.0), 1)
        (1.0, 1.1)
    """

    def __init__(self, rate: int) -> None:
        """Start at the beginning of a sound with this sample rate in Hz."""
        self._bins = Bins(rate)
        self._step = max(1, rate // PITCH_RATE)
        self._pitch = PitchMeter(rate / self._step, round(PITCH_S / BIN_S))
        self._loudest_db = SILENCE_DB
        self._level = Deviation(self._bins.seconds)
        self._height = Deviation(self._bins.seconds)
        self._factors = TimeLine(1.0, self._bins.seconds)

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Measure the next samples [n]."""
        bins = self._bins.cut(samples)
        power = np.square(bins).mean(axis=1, dtype=np.float64)
        levels = 10 * np.log10(power + 1e-12)
        n = self._bins.n_samples // self._step
        thinned = bins[:, : n * self._step].reshape(len(bins), n, self._step).mean(axis=2)
        for level_db, samples_of_bin in zip(levels.tolist(), thinned, strict=True):
            self._pitch.push(samples_of_bin)
            self._loudest_db = max(level_db, self._loudest_db - FALL_DB_PER_S * self._bins.seconds)
            if level_db > max(SILENCE_DB, self._loudest_db - SPEECH_RANGE_DB):
                self._level.add(level_db)
                pitch_hz = self._pitch.measure()
                if pitch_hz is not None:
                    self._height.add(12 * math.log2(pitch_hz) / SEMITONES_PER_DB)
            self._factors.add(self._factor())

    def factor(self, time_s: float) -> float:
        """Return the factor at a moment; earlier moments are forgotten."""
        return self._factors.at(time_s)

    def _factor(self) -> float:
        parts = [part.value for part in (self._level, self._height) if part.seconds]
        effort_db = sum(parts) / len(parts) if parts else 0.0
        return min(LARGEST, max(SMALLEST, math.exp(SLOPE_PER_DB * effort_db)))


@final
class Deviation:
    """How far a measurement is from its own usual value.

    Attributes:
        value: the mean of the last half second minus the mean of the last 20 s; it is trusted
            little at the beginning.
        seconds: how much was measured.
    """

    def __init__(self, bin_s: float) -> None:
        """Know nothing yet; `bin_s` is the time between two measurements."""
        self._bin_s = bin_s
        self._fast = self._slow = 0.0
        self.value = self.seconds = 0.0

    def add(self, measured: float) -> None:
        """Add a measurement."""
        self.seconds += self._bin_s
        fast = self._bin_s / min(FAST_S, self.seconds)  # at first the mean of everything
        slow = self._bin_s / min(SLOW_S, self.seconds)
        self._fast += fast * (measured - self._fast)
        self._slow += slow * (measured - self._slow)
        trust = self.seconds / (self.seconds + SURE_S)
        self.value = trust * min(LARGEST_DB, max(-LARGEST_DB, self._fast - self._slow))


@final
class PitchMeter:
    """Measures pitch by autocorrelation, corrected for the window (Boersma 1993)."""

    def __init__(self, rate: float, n_bins: int) -> None:
        """Start with silence: bins of samples at `rate` Hz, of which the last ones are a window."""
        self._n_bins = n_bins
        self._bins: list[NDArray[np.float32]] = []
        self._rate = rate
        self._window = np.zeros(0)
        self._of_window = np.zeros(0)

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take in the next bin of samples [n]."""
        self._bins = [*self._bins[1 - self._n_bins :], samples]

    def measure(self) -> float | None:
        """Return the pitch in Hz; None for a sound without pitch."""
        sound = np.concatenate(self._bins).astype(np.float64)
        if len(self._bins) < self._n_bins:
            return None
        if not len(self._window):
            self._window = np.hanning(len(sound) + 2)[1:-1]
            self._of_window = _autocorrelation(self._window)
        first, last = (round(self._rate / hz) for hz in PITCH_HZ[::-1])
        own = _autocorrelation((sound - sound.mean()) * self._window)
        if own[0] <= 0:
            return None
        lags = slice(first, last + 1)
        likeness = own[lags] / own[0] * (self._of_window[0] / self._of_window[lags])
        # Twice the period is as like as the period: the shorter lag wins if it is nearly as good.
        good = np.flatnonzero(likeness > 0.9 * likeness.max())
        best = int(good[0])
        while best + 1 < len(likeness) and likeness[best + 1] > likeness[best]:
            best += 1
        return self._rate / (first + best) if likeness[best] > VOICED else None


def _autocorrelation(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the autocorrelation [n] of a sound [n]."""
    spectrum = np.fft.rfft(sound, 2 * len(sound))
    return np.fft.irfft(np.square(np.abs(spectrum)))[: len(sound)]

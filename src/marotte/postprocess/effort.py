"""Samples in; how much wider than usual the voice's effort opens the mouth out.

Loud speech is higher, too: pitch rises by about half a semitone per decibel (Gramming et al. 1988,
"Relationship between changes in voice pitch and loudness", Journal of Voice 2; Traunmüller &
Eriksson 2000, "Acoustic effects of variation in vocal effort by men, women, and children", JASA
107). So both are measured against the speaker's own running mean, in voiced speech only. The
distance of the microphone and the level of a recording do not matter.
"""

from __future__ import annotations

import math
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.bins import Bins, TimeLine
from marotte.audio.pitch import PitchMeter

SILENCE_DB, SPEECH_RANGE_DB = -60.0, 35.0  # speech is above the first, and that near the loudest
FALL_DB_PER_S = 2.0  # of the loudest level
FAST_S, SLOW_S = 1.0, 20.0  # time constants: of the effort now, and of the speaker's usual effort
SEMITONES_PER_DB = 0.5
LARGEST_DB = 12.0  # of a measurement from the mean; pitch is sometimes an octave off
SURE_S = 1.0  # of speech; until then, little is known of the speaker
SLOPE_PER_DB = 0.05  # of the logarithm of the opening
SMALLEST, LARGEST = 0.75, 1.35


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
        self._pitch = PitchMeter(rate)
        self._loudest_db = SILENCE_DB
        self._level = Deviation(self._bins.seconds)
        self._height = Deviation(self._bins.seconds)
        self._factors = TimeLine(1.0, self._bins.seconds)

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Measure the next samples [n]."""
        bins = self._bins.cut(samples)
        power = np.square(bins).mean(axis=1, dtype=np.float64)
        levels = 10 * np.log10(power + 1e-12)
        for level_db, samples_of_bin in zip(levels.tolist(), bins, strict=True):
            self._pitch.push(samples_of_bin)
            self._loudest_db = max(level_db, self._loudest_db - FALL_DB_PER_S * self._bins.seconds)
            is_loud = level_db > max(SILENCE_DB, self._loudest_db - SPEECH_RANGE_DB)
            pitch_hz = self._pitch.measure() if is_loud else None
            if pitch_hz is not None:  # voiced speech; noise and consonants say little of effort
                self._level.add(level_db)
                self._height.add(12 * math.log2(pitch_hz) / SEMITONES_PER_DB)
            self._factors.add(self._factor())

    def factor(self, time_s: float) -> float:
        """Return the factor at a moment; earlier moments are forgotten."""
        return self._factors.at(time_s)

    def _factor(self) -> float:
        effort_db = (self._level.value + self._height.value) / 2
        return min(LARGEST, max(SMALLEST, math.exp(SLOPE_PER_DB * effort_db)))


@final
class Deviation:
    """How far a measurement is from its own usual value.

    Attributes:
        value: the mean of the last second minus the mean of the last 20 s; it is trusted
            little at the beginning.
        seconds: how much was measured.
    """

    def __init__(self, bin_s: float) -> None:
        """Know nothing yet; `bin_s` is the time between two measurements."""
        self._bin_s = bin_s
        self._fast: float = 0.0
        self._slow: float = 0.0
        self.value: float = 0.0
        self.seconds: float = 0.0

    def add(self, measured: float) -> None:
        """Add a measurement."""
        if self.seconds > 0:  # one wrong measurement must not count much
            measured = min(self._slow + LARGEST_DB, max(self._slow - LARGEST_DB, measured))
        self.seconds += self._bin_s
        fast = self._bin_s / min(FAST_S, self.seconds)  # at first the mean of everything
        slow = self._bin_s / min(SLOW_S, self.seconds)
        self._fast += fast * (measured - self._fast)
        self._slow += slow * (measured - self._slow)
        trust = self.seconds / (self.seconds + SURE_S)
        self.value = trust * (self._fast - self._slow)

"""Bins of samples in; the pitch of a voice out, by autocorrelation.

The autocorrelation of a window is corrected for the window's own (Boersma 1993, "Accurate
short-term analysis of the fundamental frequency", Proceedings of the Institute of Phonetic
Sciences 17).
"""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

N_BINS = 4  # of 10 ms in a window
LOWEST_HZ, HIGHEST_HZ = 70.0, 400.0
RATE = 8_000  # about; enough for these pitches
VOICED = 0.5  # the least correlation of a voiced sound with itself one period later


@final
class PitchMeter:
    """Measures the pitch of the last 40 ms.

    Example:
        >>> import numpy as np
        >>> from marotte.postprocess.pitch import PitchMeter
        >>> meter = PitchMeter(16_000)
        >>> buzz = (np.arange(800) % 128 < 5).astype(np.float32)  # 125 Hz
        >>> for samples in np.split(buzz, 5):  # 10 ms each
        ...     meter.push(samples)
        >>> round(meter.measure())
        125
    """

    def __init__(self, rate: int) -> None:
        """Start before a sound with this sample rate in Hz."""
        self._step = max(1, rate // RATE)
        self._rate = rate / self._step
        self._bins: list[NDArray[np.float32]] = []
        self._window = np.zeros(0)
        self._of_window = np.zeros(0)

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take in the next bin of samples [n]; all bins have the same length."""
        n = len(samples) // self._step
        means = samples[: n * self._step].reshape(n, self._step).mean(axis=1)
        self._bins = [*self._bins[1 - N_BINS :], means]

    def measure(self) -> float | None:
        """Return the pitch in Hz; None for a sound without pitch."""
        if len(self._bins) < N_BINS:
            return None
        sound = np.concatenate(self._bins).astype(np.float64)
        if not len(self._window):
            self._window = np.hanning(len(sound) + 2)[1:-1]
            self._of_window = _autocorrelation(self._window)
        first, last = (round(self._rate / hz) for hz in (HIGHEST_HZ, LOWEST_HZ))
        own = _autocorrelation((sound - sound.mean()) * self._window)
        if own[0] <= 0:
            return None
        lags = slice(first, last + 1)
        likeness = own[lags] / own[0] * (self._of_window[0] / self._of_window[lags])
        inner = likeness[1:-1]
        peaks = 1 + np.flatnonzero((inner > likeness[:-2]) & (inner >= likeness[2:]))
        peaks = peaks[likeness[peaks] > VOICED]
        if not len(peaks):
            return None
        # Twice the period is as like as the period: the shorter lag wins if it is nearly as good.
        best = peaks[likeness[peaks] > 0.9 * likeness[peaks].max()][0]
        return self._rate / (first + int(best))


def _autocorrelation(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the autocorrelation [n] of a sound [n]."""
    spectrum = np.fft.rfft(sound, 2 * len(sound))
    return np.fft.irfft(np.square(np.abs(spectrum)))[: len(sound)]

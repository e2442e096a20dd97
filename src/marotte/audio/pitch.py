"""Bins of samples in; the pitch of a voice out, by autocorrelation.

The autocorrelation of a window is corrected for the window's own (Boersma 1993, "Accurate
short-term analysis of the fundamental frequency", Proceedings of the Institute of Phonetic
Sciences 17).
"""

from __future__ import annotations

from functools import lru_cache
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
        >>> from marotte.audio.pitch import PitchMeter
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
        likeness, first = self_likeness(sound[None], self._rate)
        peaks = np.flatnonzero(_peaks(likeness)[0])
        if not len(peaks):
            return None
        likeness = likeness[0]
        # Twice the period is as like as the period: the shorter lag wins if it is nearly as good.
        best = peaks[likeness[peaks] > 0.9 * likeness[peaks].max()][0]
        return self._rate / (first + int(best))


def are_voiced(windows: NDArray[np.float64], rate: float) -> NDArray[np.bool_]:
    """Return for each window of sound [n_windows, n] whether it has a pitch, as voices have.

    Args:
        windows: samples of about 40 ms each.
        rate: their sample rate in Hz.

    Example:
        >>> import numpy as np
        >>> from marotte.audio.pitch import are_voiced
        >>> buzz, noise = np.arange(320) % 64 < 3, np.random.default_rng(0).normal(size=320)
        >>> are_voiced(np.stack([buzz, noise]), 8_000).tolist()
        [True, False]
    """
    return np.logical_or.reduce(_peaks(self_likeness(windows, rate)[0]), axis=1)


def self_likeness(windows: NDArray[np.float64], rate: float) -> tuple[NDArray[np.float64], int]:
    """Return how like each window [n_windows, n] is to itself, later by each period of a voice.

    Returns:
        The correlations [n_windows, n_periods], 0 for silence, and the first period in samples.
    """
    first, last = (round(rate / hz) for hz in (HIGHEST_HZ, LOWEST_HZ))
    window, unbiased = _hann(windows.shape[1], last + 1)
    means = np.add.reduce(windows, axis=1, keepdims=True) / windows.shape[1]
    own = _autocorrelation((windows - means) * window, last + 1)
    power = own[:, :1]
    power[power <= 0] = np.inf
    return own[:, first:] / power * unbiased[first:], first


@lru_cache(maxsize=8)
def _hann(n: int, n_lags: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a Hann window [n], and the factor [n_lags] that makes its autocorrelation 1."""
    window = np.hanning(n + 2)[1:-1]
    own = _autocorrelation(window[None], n_lags)[0]
    return window, own[0] / own


def _peaks(likeness: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which of the correlations [n_windows, n_periods] are peaks of a voiced sound."""
    inner = likeness[:, 1:-1]
    found = np.zeros(likeness.shape, bool)
    found[:, 1:-1] = (inner > likeness[:, :-2]) & (inner >= likeness[:, 2:]) & (inner > VOICED)
    return found


def _autocorrelation(sounds: NDArray[np.float64], n_lags: int) -> NDArray[np.float64]:
    """Return the first autocorrelations [n_sounds, n_lags] of sounds [n_sounds, n]."""
    # So few lags of so short a sound take a third of the time of two Fourier transforms.
    later = np.zeros((len(sounds), sounds.shape[1] + n_lags - 1))
    later[:, : sounds.shape[1]] = sounds
    pairs = zip(later, sounds, strict=True)
    each = [np.correlate(padded, sound, "valid") for padded, sound in pairs]
    return np.array(each, np.float64).reshape(-1, n_lags)

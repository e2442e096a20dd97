"""Degraded sound as in § 4.4.4: pink noise under the voice, or an 8 kHz sample rate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from marotte.learn.measure.predictors import Predictor
from marotte.learn.utterance import Utterance

NOISE_SNR_DB = 10.0
NARROW_RATE = 8_000  # of a telephone

Samples = NDArray[np.float32]


def with_noise(samples: Samples, rate: int, seed: int) -> Samples:
    """Return the sound with pink noise, at a signal-to-noise ratio of 10 dB over its length.

    Example:
        >>> with_noise(np.ones(1000, np.float32), 16_000, seed=0).shape
        (1000,)
    """
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft(random.normal(size=len(samples)))
    frequency_hz = np.fft.rfftfreq(len(samples), 1 / rate)
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequency_hz, 20)), len(samples))
    power = np.square(samples, dtype=np.float64).mean()
    scale = np.sqrt(power / 10 ** (NOISE_SNR_DB / 10) / np.square(noise).mean())
    return (samples + scale * noise).astype(np.float32)


def downsampled(samples: Samples, rate: int, seed: int) -> Samples:
    """Return the sound resampled to 8 kHz and back; rate and length are unchanged."""
    import soxr

    narrow = soxr.resample(samples, rate, NARROW_RATE)
    return np.resize(soxr.resample(narrow, NARROW_RATE, rate), len(samples)).astype(np.float32)


DEGRADATIONS: dict[str, Callable[[Samples, int, int], Samples]] = {
    "noise 10 dB": with_noise,
    "8 kHz": downsampled,
}
"""The degradations by name: functions of samples, sample rate and seed."""


def degrade(utterance: Utterance, degradation: str) -> Utterance:
    """Return the utterance with degraded sound, the same on every call.

    Args:
        utterance: the clean utterance.
        degradation: a name in `DEGRADATIONS`.
    """
    digest = hashlib.sha256(utterance.id.encode()).digest()
    seed = int.from_bytes(digest[:4], "big")
    samples = DEGRADATIONS[degradation](utterance.samples, utterance.rate, seed)
    return replace(utterance, samples=samples)


@dataclass(frozen=True)
class DegradedPredictor:
    """A predictor that hears degraded sound; phones and labels stay those of the clean sound."""

    predictor: Predictor
    degradation: str

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the controls [n_frames, 52]."""
        return self.predictor(degrade(utterance, self.degradation))

"""Sound made worse, as § 4.4.4 lets the students hear it: noise behind the voice, fewer samples."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from marotte.learn.measure.predictors import Predictor
from marotte.learn.utterance import Utterance

NOISE_BELOW_DB = 10.0
NARROW_RATE = 8_000  # of a telephone

Samples = NDArray[np.float32]


def with_noise(samples: Samples, rate: int, seed: int) -> Samples:
    """Pink noise under the sound, at a signal-to-noise ratio of 10 dB over the whole of it."""
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft(random.normal(size=len(samples)))
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(hertz, 20)), len(samples))
    power = np.square(samples, dtype=np.float64).mean()
    scale = np.sqrt(power / 10 ** (NOISE_BELOW_DB / 10) / np.square(noise).mean())
    return (samples + scale * noise).astype(np.float32)


def downsampled(samples: Samples, rate: int, seed: int) -> Samples:
    """What is left of the sound after 8 kHz; it has the rate it had."""
    import soxr

    narrow = soxr.resample(samples, rate, NARROW_RATE)
    return np.resize(soxr.resample(narrow, NARROW_RATE, rate), len(samples)).astype(np.float32)


HEARD: dict[str, Callable[[Samples, int, int], Samples]] = {
    "noise 10 dB": with_noise,
    "8 kHz": downsampled,
}
"""By name, how sound is made worse."""


def degrade(utterance: Utterance, how: str) -> Utterance:
    """An utterance as it is heard; the same each time. `how` is one of `HEARD`."""
    digest = hashlib.sha256(utterance.id.encode()).digest()
    seed = int.from_bytes(digest[:4], "big")
    return replace(utterance, samples=HEARD[how](utterance.samples, utterance.rate, seed))


@dataclass(frozen=True)
class Degraded:
    """A face that hears the sound made worse; its phones and labels are those of the clean one."""

    face: Predictor
    how: str

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """The controls [n_frames, 52]."""
        return self.face(degrade(utterance, self.how))

"""Rooms: a bank of simulated impulse responses, and sound as it is heard in them.

A response is the direct sound, the first reflections off the walls by image sources (Allen and
Berkley 1979, "Image method for efficiently simulating small-room acoustics") up to the mixing
time, and from there the diffuse field: noise that decays by 60 dB in the reverberation time.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE

N_ROOMS = 96
RESPONSE_SAMPLES = 4800  # 300 ms; in the liveliest room the rest is 20 dB below
SPEED_OF_SOUND_M_S = 343.0
_SEED = 20250723


def room_response(rng: np.random.Generator) -> NDArray[np.float32]:
    """The impulse response [RESPONSE_SAMPLES] of a random room, of energy 1; it begins at once.

    The room is 2 to 8 m long, its reverberation time 0.1 to 0.8 s; somebody speaks 0.2 to 2.5 m
    from the microphone.
    """
    size_m = rng.uniform((2.0, 2.0, 2.2), (8.0, 6.0, 3.5))
    reverberation_s = np.exp(rng.uniform(np.log(0.1), np.log(0.8)))
    direction = rng.normal(size=3)
    away_m = direction / np.linalg.norm(direction) * rng.uniform(0.2, 2.5)
    microphone_m = size_m * rng.uniform(0.3, 0.7, 3)
    speaker_m = np.clip(microphone_m + away_m, 0.1, size_m - 0.1)
    response = _reflections(size_m, speaker_m, microphone_m, reverberation_s)
    response += _diffuse_field(size_m, reverberation_s, rng)
    return (response / np.sqrt(np.square(response).sum())).astype(np.float32)


def _reflections(
    size_m: NDArray[np.float64],
    speaker_m: NDArray[np.float64],
    microphone_m: NDArray[np.float64],
    reverberation_s: float,
) -> NDArray[np.float64]:
    """The direct sound at sample 0, and the reflections until the mixing time."""
    volume_m3, area_m2 = _volume_and_area(size_m)
    # Eyring: what the walls reflect in a room of this reverberation time.
    reflected = np.exp(-0.5 * 0.161 * volume_m3 / (area_m2 * reverberation_s))
    grid = np.array(list(itertools.product(range(-1, 2), repeat=3)))[:, None]
    mirrored = np.array(list(itertools.product((0, 1), repeat=3)))[None]
    images_m = (1 - 2 * mirrored) * speaker_m + 2 * grid * size_m
    distance_m = np.linalg.norm(images_m - microphone_m, axis=-1)
    bounces = (np.abs(grid - mirrored) + np.abs(grid)).sum(-1)
    place = np.rint((distance_m - distance_m.min()) / SPEED_OF_SOUND_M_S * SAMPLE_RATE).astype(int)
    heard = place < _mixing_samples(volume_m3)
    amplitude = reflected**bounces / (4 * np.pi * distance_m)
    response = np.zeros(RESPONSE_SAMPLES)
    np.add.at(response, place[heard], amplitude[heard])
    return response


def _diffuse_field(
    size_m: NDArray[np.float64], reverberation_s: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Noise with the density of energy that image sources have on the whole, c / (4 pi V)."""
    volume_m3, _ = _volume_and_area(size_m)
    time_s = np.arange(RESPONSE_SAMPLES) / SAMPLE_RATE
    spectrum = np.fft.rfft(rng.normal(size=RESPONSE_SAMPLES))
    low = np.fft.rfftfreq(RESPONSE_SAMPLES, 1 / SAMPLE_RATE) < 2000
    deep, high = (np.fft.irfft(spectrum * part, RESPONSE_SAMPLES) for part in (low, ~low))
    # Air and curtains swallow the high sounds sooner.
    noise = deep * 10 ** (-3 * time_s / reverberation_s)
    noise += high * 10 ** (-3 * time_s / (0.7 * reverberation_s))
    noise[: _mixing_samples(volume_m3)] = 0
    return noise * np.sqrt(SPEED_OF_SOUND_M_S / (4 * np.pi * volume_m3 * SAMPLE_RATE))


def _volume_and_area(size_m: NDArray[np.float64]) -> tuple[float, float]:
    x, y, z = size_m
    return x * y * z, 2 * (x * y + y * z + z * x)


def _mixing_samples(volume_m3: float) -> int:
    """From here on reflections are too many to be told apart: the root of the volume, in ms."""
    return round(np.sqrt(volume_m3) / 1000 * SAMPLE_RATE)


@functools.cache
def room_responses() -> Tensor:
    """The bank of responses [N_ROOMS, RESPONSE_SAMPLES], the same everywhere."""
    rng = np.random.default_rng(_SEED)
    return torch.from_numpy(np.stack([room_response(rng) for _ in range(N_ROOMS)]))


@functools.lru_cache(maxsize=4)
def _spectra(n_fft: int) -> Tensor:
    return torch.fft.rfft(room_responses(), n_fft)


def reverberate(samples: Tensor, generator: torch.Generator) -> Tensor:
    """Crops [batch, n], each in a room of the bank, in step with what was said."""
    batch, n = samples.shape
    n_fft = fast_length(n + RESPONSE_SAMPLES)
    which = torch.randint(N_ROOMS, (batch,), generator=generator)
    spectrum = torch.fft.rfft(samples, n_fft) * _spectra(n_fft)[which]
    return torch.fft.irfft(spectrum, n_fft)[:, :n]


def fast_length(n: int) -> int:
    """The least length from n on for which Fourier transforms are quick: a product of 2, 3, 5."""
    while True:
        rest = n
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 1

"""Room reverberation: crops in, crops convolved with simulated room impulse responses out.

A response has three parts: the direct sound; the early reflections off the walls up to the mixing
time, by image sources (Allen and Berkley 1979, "Image method for efficiently simulating small-room
acoustics"); and after the mixing time the diffuse field, noise that decays by 60 dB in the
reverberation time.
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
RESPONSE_SAMPLES = 4800  # 300 ms; in the most reverberant room the rest is 20 dB lower
SPEED_OF_SOUND_M_S = 343.0
_SEED = 20250723


def room_response(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the impulse response [RESPONSE_SAMPLES] of a random room, of energy 1.

    The response starts with the direct sound at sample 0. The room is 2 to 8 m long with a
    reverberation time of 0.1 to 0.8 s; the speaker is 0.2 to 2.5 m from the microphone.
    """
    size_m = rng.uniform((2.0, 2.0, 2.2), (8.0, 6.0, 3.5))
    reverberation_s = np.exp(rng.uniform(np.log(0.1), np.log(0.8)))
    direction = rng.normal(size=3)
    offset_m = direction / np.linalg.norm(direction) * rng.uniform(0.2, 2.5)
    microphone_m = size_m * rng.uniform(0.3, 0.7, 3)
    speaker_m = np.clip(microphone_m + offset_m, 0.1, size_m - 0.1)
    response = _reflections(size_m, speaker_m, microphone_m, reverberation_s)
    response += _diffuse_field(size_m, reverberation_s, rng)
    return (response / np.sqrt(np.square(response).sum())).astype(np.float32)


def _reflections(
    size_m: NDArray[np.float64],
    speaker_m: NDArray[np.float64],
    microphone_m: NDArray[np.float64],
    reverberation_s: float,
) -> NDArray[np.float64]:
    """Return the direct sound at sample 0 and the reflections until the mixing time."""
    volume_m3, area_m2 = _volume_and_area(size_m)
    # Eyring's formula: the walls' reflection factor that gives this reverberation time.
    reflected = np.exp(-0.5 * 0.161 * volume_m3 / (area_m2 * reverberation_s))
    grid = np.array(list(itertools.product(range(-1, 2), repeat=3)))[:, None]
    mirrored = np.array(list(itertools.product((0, 1), repeat=3)))[None]
    images_m = (1 - 2 * mirrored) * speaker_m + 2 * grid * size_m
    distance_m = np.linalg.norm(images_m - microphone_m, axis=-1)
    bounces = (np.abs(grid - mirrored) + np.abs(grid)).sum(-1)
    delay = np.rint((distance_m - distance_m.min()) / SPEED_OF_SOUND_M_S * SAMPLE_RATE).astype(int)
    early = delay < _mixing_samples(volume_m3)
    amplitude = reflected**bounces / (4 * np.pi * distance_m)
    response = np.zeros(RESPONSE_SAMPLES)
    np.add.at(response, delay[early], amplitude[early])
    return response


def _diffuse_field(
    size_m: NDArray[np.float64], reverberation_s: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return noise whose energy density is the mean of the image sources', c / (4 pi V)."""
    volume_m3, _ = _volume_and_area(size_m)
    time_s = np.arange(RESPONSE_SAMPLES) / SAMPLE_RATE
    spectrum = np.fft.rfft(rng.normal(size=RESPONSE_SAMPLES))
    low = np.fft.rfftfreq(RESPONSE_SAMPLES, 1 / SAMPLE_RATE) < 2000
    low_band, high_band = (np.fft.irfft(spectrum * band, RESPONSE_SAMPLES) for band in (low, ~low))
    # Air and curtains absorb high frequencies faster.
    noise = low_band * 10 ** (-3 * time_s / reverberation_s)
    noise += high_band * 10 ** (-3 * time_s / (0.7 * reverberation_s))
    noise[: _mixing_samples(volume_m3)] = 0
    return noise * np.sqrt(SPEED_OF_SOUND_M_S / (4 * np.pi * volume_m3 * SAMPLE_RATE))


def _volume_and_area(size_m: NDArray[np.float64]) -> tuple[float, float]:
    x, y, z = size_m
    return x * y * z, 2 * (x * y + y * z + z * x)


def _mixing_samples(volume_m3: float) -> int:
    """Return the mixing time, after which reflections are too dense to hear separately.

    It is the square root of the volume in m^3, in milliseconds.
    """
    return round(np.sqrt(volume_m3) / 1000 * SAMPLE_RATE)


@functools.cache
def room_responses() -> Tensor:
    """Return the bank of responses [N_ROOMS, RESPONSE_SAMPLES], the same on every machine."""
    rng = np.random.default_rng(_SEED)
    return torch.from_numpy(np.stack([room_response(rng) for _ in range(N_ROOMS)]))


@functools.lru_cache(maxsize=4)
def _spectra(n_fft: int) -> Tensor:
    return torch.fft.rfft(room_responses(), n_fft)


def reverberate(samples: Tensor, generator: torch.Generator) -> Tensor:
    """Return crops [batch, n], each with the reverberation of a random room; adds no delay."""
    batch, n = samples.shape
    n_fft = fast_length(n + RESPONSE_SAMPLES)
    room = torch.randint(N_ROOMS, (batch,), generator=generator)
    spectrum = torch.fft.rfft(samples, n_fft) * _spectra(n_fft)[room]
    return torch.fft.irfft(spectrum, n_fft)[:, :n]


def fast_length(n: int) -> int:
    """Return the smallest length >= n with a fast Fourier transform: only factors 2, 3 and 5."""
    while True:
        rest = n
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 1

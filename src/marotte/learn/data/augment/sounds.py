"""Sounds to mix with speech: synthetic noise, music, clicks, tones and breath; recordings; babble.

Each kind is a bank [rows, n_bank] of about one minute and of RMS 1, synthesised once from a fixed
seed. Crops take excerpts of a bank at random positions.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError

Waveform = NDArray[np.float64]

SECONDS = 60
RECORDED_SECONDS = 1800  # read at most this much of a user's folder: 115 MB
_SEED = 20251107
_COLOURS_DB = (3.0, 0.0, -1.5, -3.0, -4.5, -6.0)  # dB per octave: blue, white ... pink ... brown
_CHORDS = ((0,), (0, 12), (0, 4, 7), (0, 3, 7), (0, 5, 9), (0, 4, 7, 11))  # semitones
_MAINS_HZ = (50.0, 60.0)


def excerpts(bank: Tensor, count: int, n: int, generator: torch.Generator) -> Tensor:
    """Return random excerpts [count, n] of a bank [rows, n_bank]."""
    rows, length = bank.shape
    row = torch.randint(rows, (count,), generator=generator)
    start = torch.randint(length - n + 1, (count,), generator=generator)
    return bank.unfold(1, n, 1)[row, start]


def babble(
    samples: Tensor, level: Tensor, rows: Tensor, generator: torch.Generator, most: int = 6
) -> Tensor:
    """Return babble [m, n] of RMS near 1: two to six other crops of the batch, mixed.

    Args:
        samples: all crops [batch, n].
        level: RMS of each crop's speech [batch].
        rows: the crops that babble is made for; a crop is not part of its own babble [m].
        generator: source of the random numbers.
        most: largest number of voices; a small batch has fewer.
    """
    batch = len(samples)
    others = 1 + torch.randperm(batch - 1, generator=generator)[:most]
    voices = torch.randint(2, most + 1, (len(rows),), generator=generator).clamp(max=len(others))
    mixed = torch.zeros(len(rows), samples.shape[1])
    for k, shift in enumerate(others):
        other = (rows + shift) % batch
        gain = (k < voices) / (level[other].clamp(min=1e-5) * voices.sqrt())
        mixed.addcmul_(samples[other], gain[:, None])
    return mixed


@functools.cache
def synthetic_bank(kind: str) -> Tensor:
    """Return the bank [rows, n_bank] of a kind of sound, of RMS 1, the same on every machine.

    Args:
        kind: `noise`, `music`, `clicks`, `tones` or `breath`.
    """
    synthesisers = {
        "noise": _noise, "music": _music, "clicks": _clicks, "tones": _tones, "breath": _breath,
    }  # fmt: skip
    sound = np.atleast_2d(synthesisers[kind](np.random.default_rng(_SEED)))
    # Each row of noise and tones has RMS 1; clicks and notes keep their different levels.
    by_row = kind in ("noise", "tones")
    sound /= np.sqrt(np.square(sound).mean(axis=1 if by_row else None, keepdims=True))
    return torch.from_numpy(sound.astype(np.float32))


@functools.cache
def recorded_bank(folder: str) -> Tensor:
    """Return the recordings of a folder, concatenated [1, n_bank], each of RMS 1.

    Raises:
        MarotteError: the folder holds less than a minute of sound, or a file can't be read.
    """
    from marotte.audio.recording import open_recording

    root = Path(folder).expanduser()
    paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in _ENDINGS)
    sounds: list[NDArray[np.float32]] = []
    for path in paths:
        sound = open_recording(path).read()
        if sound.any():
            sounds.append(sound / np.sqrt(np.square(sound).mean()))
        if sum(map(len, sounds)) > RECORDED_SECONDS * SAMPLE_RATE:
            break
    bank = np.concatenate([*sounds, np.zeros(0, np.float32)])
    if len(bank) < SECONDS * SAMPLE_RATE:
        raise MarotteError(
            f"augment.recordings is {folder}, which holds {len(bank) / SAMPLE_RATE:.0f} s "
            f"of sound: give a folder with {SECONDS} s or more of WAV, FLAC, OGG or MP3 files"
        )
    return torch.from_numpy(bank)[None]


_ENDINGS = frozenset({".wav", ".flac", ".ogg", ".mp3"})


def _noise(rng: np.random.Generator) -> Waveform:
    n = SECONDS * SAMPLE_RATE // 2
    octaves = np.log2(np.fft.rfftfreq(n, 1 / SAMPLE_RATE).clip(min=50) / 1000)
    white = np.fft.rfft(rng.normal(size=(len(_COLOURS_DB), n)))
    return np.fft.irfft(white * 10 ** (np.outer(_COLOURS_DB, octaves) / 20), n)


def _tones(rng: np.random.Generator) -> Waveform:
    """Return 64 rows of two seconds: half sines of 60 to 5000 Hz, half mains hum."""
    time_s = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    sines = np.sin(2 * np.pi * np.outer(np.geomspace(60, 5000, 32), time_s))
    strengths = rng.exponential(size=(32, 12)) / np.arange(1, 13)
    harmonics = [_harmonics(each, time_s) for each in _MAINS_HZ]
    hums = [strength @ harmonics[k % len(harmonics)] for k, strength in enumerate(strengths)]
    return np.concatenate([sines, hums])


def _harmonics(hertz: float, time_s: Waveform) -> Waveform:
    return np.sin(2 * np.pi * hertz * np.outer(np.arange(1, 13), time_s))


def _music(rng: np.random.Generator) -> Waveform:
    """Return a sequence of chords with random attack and decay; half have a drum beat."""
    sound = np.zeros(SECONDS * SAMPLE_RATE)
    start_s = 0.0
    while start_s < SECONDS:
        length_s = rng.uniform(0.2, 1.2)
        time_s = np.arange(int(1.5 * length_s * SAMPLE_RATE)) / SAMPLE_RATE
        attack_s, decay_s = rng.uniform(0.003, 0.1), length_s * rng.uniform(0.2, 3)
        root_hz, roll_off = 2 ** rng.uniform(6, 9.5), rng.uniform(0.5, 2.5)
        notes = np.zeros_like(time_s)
        for semitone in _CHORDS[rng.integers(len(_CHORDS))]:
            for harmonic in range(1, 7):
                hertz = harmonic * root_hz * 2 ** (semitone / 12)
                phase = 2 * np.pi * (hertz * time_s + rng.random())
                notes += np.sin(phase) / harmonic**roll_off
        if rng.random() < 0.5:
            notes += rng.normal(size=len(time_s)) * np.exp(-time_s / rng.uniform(0.01, 0.1))
        fade = np.minimum(1, (time_s[-1] - time_s) / 0.02)
        notes *= np.minimum(1, time_s / attack_s) * np.exp(-time_s / decay_s) * fade
        _add(sound, notes, start_s)
        start_s += length_s
    return sound


def _clicks(rng: np.random.Generator) -> Waveform:
    """Return about three clicks per second: impulses, short ringing clicks and dull knocks."""
    sound = np.zeros(SECONDS * SAMPLE_RATE)
    time_s = np.arange(SAMPLE_RATE // 10) / SAMPLE_RATE
    start_s = 0.0
    while start_s < SECONDS:
        decay_s = np.exp(rng.uniform(np.log(0.0003), np.log(0.02)))
        ring_hz = min(7000.0, rng.uniform(1, 20) / decay_s)
        ring = np.cos(2 * np.pi * ring_hz * time_s) + rng.normal(size=len(time_s))
        click = ring * np.exp(-time_s / decay_s) / np.sqrt(decay_s)
        _add(sound, click * rng.uniform(0.3, 1) * rng.choice([-1, 1]), start_s)
        start_s += rng.exponential(0.3)
    return sound


def _breath(rng: np.random.Generator) -> Waveform:
    """Return breaths of 0.3 to 1.2 s with pauses: noise through two broad resonances."""
    sound = np.zeros(SECONDS * SAMPLE_RATE)
    start_s = 0.0
    while start_s < SECONDS:
        length_s = rng.uniform(0.3, 1.2)
        n = int(length_s * SAMPLE_RATE)
        hertz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
        centres_hz = rng.uniform((400, 1500), (1200, 3500))
        shape = sum(1 / (1 + ((hertz - centre) / 400) ** 2) for centre in centres_hz) + 0.05
        hiss = np.fft.irfft(np.fft.rfft(rng.normal(size=n)) * shape, n)
        _add(sound, hiss * np.sin(np.pi * np.arange(n) / n) ** 2, start_s)
        start_s += length_s + rng.uniform(0.1, 0.8)
    return sound


def _add(sound: Waveform, piece: Waveform, start_s: float) -> None:
    target = sound[int(start_s * SAMPLE_RATE) :][: len(piece)]
    target += piece[: len(target)]

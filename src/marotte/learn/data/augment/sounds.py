"""Sounds to mix with speech: synthetic ones, from noise to applause; recordings; babble.

Each kind is a bank [rows, n_bank] of one to ten minutes and of RMS 1, synthesised once from a
fixed seed. Crops take excerpts of a bank at random positions.
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
from marotte.learn.data.augment.synthesis import SYNTHESISERS

SECONDS = 60  # a folder of recordings holds at least this much sound
RECORDED_SECONDS = 1800  # read at most this much of a user's folder: 115 MB
_SEED = 20251107


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
        kind: `noise`, `music`, `clicks`, `tones`, `rings`, `bursts` or `breath`.
    """
    sound = np.atleast_2d(SYNTHESISERS[kind](np.random.default_rng(_SEED)))
    # Each row of noise and tones has RMS 1; events keep their different levels.
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

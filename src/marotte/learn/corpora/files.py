"""Recordings in, mono sound out: at their own rate, or at Marotte's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.audio import Recording, open_recording
from marotte.errors import MarotteError
from marotte.learn.corpora.source import Skip
from marotte.windows import SAMPLE_RATE

MAX_SECONDS = 900.0
"""A longer recording should be cut: utterances are held in memory whole."""


def read_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """The mono sound [n_samples] of a file at its own rate, and that.

    Raises:
        Skip: it is missing, damaged, cut short or too long.
    """
    recording = _open(path)
    try:
        return np.concatenate(list(recording.source(SAMPLE_RATE))), recording.rate
    except MarotteError as error:
        raise Skip(_UNREADABLE) from error


def read_at_16_khz(path: Path) -> NDArray[np.float32]:
    """The mono sound [n_samples] of a file at Marotte's rate.

    Raises:
        Skip: it is missing, damaged, cut short or too long.
    """
    recording = _open(path)
    try:
        return recording.read()
    except MarotteError as error:
        raise Skip(_UNREADABLE) from error


_UNREADABLE = "a sound file that can't be read"


def _open(path: Path) -> Recording:
    if not path.is_file():
        raise Skip("no sound file")
    try:
        recording = open_recording(path)
    except MarotteError as error:
        raise Skip(_UNREADABLE) from error
    if recording.seconds > MAX_SECONDS:
        raise Skip(f"longer than {MAX_SECONDS:.0f} s")
    return recording

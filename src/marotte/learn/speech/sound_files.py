"""Recordings in, mono sound out: at their own rate, or at Marotte's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording, open_recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.errors import Skip

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


def read_unended_ogg(path: Path) -> NDArray[np.float32]:
    """As `read_at_16_khz`, also of an OGG whose writer left out its last page, to its last but one.

    Raises:
        Skip: so too; an OGG that ends within a page is cut short.
    """
    import soundfile

    try:
        return read_at_16_khz(path)
    except Skip:
        if not _ends_with_a_page(path):
            raise
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return Recording.from_samples(np.asarray(samples, np.float32), rate).read()
    except (soundfile.LibsndfileError, MarotteError) as error:
        raise Skip(_UNREADABLE) from error


def _ends_with_a_page(path: Path) -> bool:
    """Whether a file's end is the end of an OGG page."""
    data = path.read_bytes() if path.is_file() else b""
    page = data[data.rfind(b"OggS") :] if b"OggS" in data else b""
    table = page[27 : 27 + page[26]] if len(page) > 27 else b""
    return bool(table) and 27 + len(table) + sum(table) == len(page)


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

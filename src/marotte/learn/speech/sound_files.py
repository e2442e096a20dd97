"""Sound files in, mono samples out, at the sample rate of the file or at 16 kHz."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.audio.headers import read_container
from marotte.audio.recording import Recording, open_recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.errors import Skip

MAX_SECONDS = 900.0
"""Longer recordings are skipped, because a whole utterance is held in memory."""

MAX_MISSING_S = 0.1
"""A recording that lacks more of its end is skipped: its text would not fit."""

_UNREADABLE = "a sound file that can't be read"


def read_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """Read the mono samples [n_samples] of a file and its sample rate.

    Raises:
        Skip: the file is missing, damaged, truncated or too long.
    """
    recording = _open(path)
    try:
        return np.concatenate(list(recording.source(SAMPLE_RATE))), recording.rate
    except MarotteError as error:
        raise Skip(_UNREADABLE) from error


def read_at_16_khz(path: Path) -> NDArray[np.float32]:
    """Read the mono samples [n_samples] of a file at 16 kHz.

    Raises:
        Skip: the file is missing, damaged, truncated or too long.
    """
    recording = _open(path)
    try:
        return recording.read()
    except MarotteError as error:
        raise Skip(_UNREADABLE) from error


def read_unfinished_ogg(path: Path) -> NDArray[np.float32]:
    """Like `read_at_16_khz`, but accept an OGG file whose last page was never written.

    Raises:
        Skip: as for `read_at_16_khz`; a file that ends inside a page is truncated.
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


def to_16_khz(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Resample mono samples [n_samples] to 16 kHz."""
    import soxr

    return soxr.resample(samples, rate, SAMPLE_RATE) if rate != SAMPLE_RATE else samples


def _ends_with_a_page(path: Path) -> bool:
    """Return whether a file ends with a complete OGG page."""
    data = path.read_bytes() if path.is_file() else b""
    page = data[data.rfind(b"OggS") :] if b"OggS" in data else b""
    table = page[27 : 27 + page[26]] if len(page) > 27 else b""
    return bool(table) and 27 + len(table) + sum(table) == len(page)


def _open(path: Path) -> Recording:
    if not path.is_file():
        raise Skip("no sound file")
    try:
        needs_av = not read_container(path).by_libsndfile
        recording = None if needs_av and find_spec("av") is None else open_recording(path)
    except MarotteError as error:
        raise Skip(_UNREADABLE) from error
    if recording is None:
        raise Skip("a kind of file that needs the package av (the extra video)")
    if recording.missing_s > MAX_MISSING_S:
        raise Skip(_UNREADABLE)
    if recording.seconds > MAX_SECONDS:
        raise Skip(f"longer than {MAX_SECONDS:.0f} s")
    return recording

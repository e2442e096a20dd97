"""What loaders share: sounds and curves are read, and errors name the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import open_recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.capture.video_sound import VIDEOS, read_video_sound
from marotte.learn.data.captured import CapturedCurves, read_curves
from marotte.learn.errors import Skip

SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
CURVES = (".csv", ".json", ".npz")

Samples = NDArray[np.float32]


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the file in errors of a block that reads it.

    Raises:
        MarotteError: instead of `Skip`.
    """
    try:
        yield
    except Skip as error:
        raise MarotteError(f"can't use {path}: {error}") from error


def read_samples(path: Path) -> Samples:
    """Read the samples [n_samples] of a sound file, or of a video's sound, at 16 kHz.

    Raises:
        MarotteError: the file can't be read.
    """
    if path.suffix.lower() in VIDEOS:
        return read_video_sound(path)
    return open_recording(path).read()


def read_take_curves(path: Path, samples: Samples) -> CapturedCurves:
    """Read the curves that belong to a sound.

    Raises:
        MarotteError: the file can't be read.
    """
    with naming(path):
        return read_curves(path, len(samples) / SAMPLE_RATE)


def first_of(files: Mapping[str, Path], endings: tuple[str, ...]) -> Path | None:
    """Return the first of the files, by ending, that exists."""
    return next((files[ending] for ending in endings if ending in files), None)

"""Recordings in, mono sound out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.learn.corpora.source import Skip


def read_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """The mono sound [n_samples] of a file, and its rate.

    Raises:
        Skip: it is missing or is not readable.
    """
    import soundfile

    try:
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise Skip("no readable sound") from error
    return sound.mean(1, dtype=np.float32), rate

"""The ways to write an animation: a path's ending in, the function that writes it out."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from marotte import plugins
from marotte.errors import MarotteError, missing_extra
from marotte.face.animation import Animation
from marotte.progress import Progress

PROGRESS_FRAMES = 600

_NEEDS = {"mp4": ("av", "video")}
"""The package, and the extra that brings it, without which an ending can't be written."""


class Write(Protocol):
    """What every format is: a function that writes an animation to a path, whole or not at all."""

    def __call__(self, animation: Animation, path: Path, progress: Progress | None = None) -> None:
        """Write the animation."""
        ...


def writer_for(path: Path) -> Write:
    """Choose the format by the path's ending; only its module is imported.

    Raises:
        MarotteError: the ending is none that Marotte writes, or its package is not installed.
    """
    ending = path.suffix.lower().removeprefix(".")
    package, extra = _NEEDS.get(ending, (None, ""))
    if package and find_spec(package) is None:
        raise missing_extra(package, extra)
    write: Write | None = plugins.find(plugins.FORMATS, ending)
    if write is None:
        what = f"its ending is {path.suffix!r}" if path.suffix else "it has no ending"
        known = ", ".join(f".{name}" for name in plugins.names(plugins.FORMATS))
        raise MarotteError(f"can't tell what to write to {path.name!r}, {what}: use {known}")
    return write


def counted(animation: Animation, progress: Progress | None) -> Iterator[NDArray[np.float32]]:
    """Give the frames [n_controls] one by one, telling `progress` on the way and at the end."""
    for frame, controls in enumerate(animation.controls):
        if progress and frame % PROGRESS_FRAMES == 0:
            progress(frame, animation.n_frames)
        yield controls
    if progress:
        progress(animation.n_frames, animation.n_frames)

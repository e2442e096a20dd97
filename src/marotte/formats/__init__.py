"""The ways to write an animation: a path's ending in, the module that writes it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from marotte.animation import Animation
from marotte.errors import MarotteError, missing_extra

Progress = Callable[[int, int], None]
"""Told now and then how many frames are written, and of how many."""

PROGRESS_FRAMES = 600

_MODULES = {
    ".csv": "livelink_csv",
    ".json": "a2f_json",
    ".npz": "npz",
    ".npy": "npy",
    ".html": "page",
    ".glb": "gltf",
    ".mp4": "video",
}

_NEEDS = {".mp4": ("av", "video")}
"""The package, and the extra that brings it, without which an ending can't be written."""

ENDINGS = tuple(_MODULES)


class Format(Protocol):
    """What every module of this package is."""

    def write(self, animation: Animation, path: Path, progress: Progress | None = None) -> None:
        """Write the animation to the path, whole or not at all."""
        ...


def writer_for(path: Path) -> Format:
    """Choose the format by the path's ending; only its module is imported.

    Raises:
        MarotteError: the ending is none that Marotte writes, or its package is not installed.
    """
    ending = path.suffix.lower()
    module = _MODULES.get(ending)
    if module is None:
        what = f"its ending is {path.suffix!r}" if path.suffix else "it has no ending"
        raise MarotteError(
            f"can't tell what to write to {path.name!r}, {what}: use {', '.join(ENDINGS)}"
        )
    package, extra = _NEEDS.get(ending, (None, ""))
    if package and find_spec(package) is None:
        raise missing_extra(package, extra)
    return cast(Format, import_module(f"{__name__}.{module}"))


def counted(animation: Animation, progress: Progress | None) -> Iterator[NDArray[np.float32]]:
    """Give the frames [n_controls] one by one, telling `progress` on the way and at the end."""
    for frame, controls in enumerate(animation.controls):
        if progress and frame % PROGRESS_FRAMES == 0:
            progress(frame, animation.n_frames)
        yield controls
    if progress:
        progress(animation.n_frames, animation.n_frames)


def little_endian(values: NDArray[Any]) -> bytes:
    """An array's numbers in the order of bytes that files hold, whatever the machine's own."""
    kind = str(values.dtype.str)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return values.astype("<" + kind[1:]).tobytes()

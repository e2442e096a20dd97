"""A video file in, its pictures and their times out, by PyAV; `video_sound` reads the sound."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra

SHORT_SIDE = (480, 1080)
"""Pictures with a shorter side are enlarged twice, those with a longer one are reduced: small faces
are not found, and large pictures cost time."""


def read_pictures(path: Path) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Yield the time in seconds and the picture [height, width, 3], sRGB, of each frame.

    The times are presentation times, counted from the start of the pictures, so that videos of
    variable frame rate are read correctly. Frames without a time, and those that are not later than
    the one before, are left out. Pictures are upright, and as large as `SHORT_SIDE` says.

    Raises:
        MarotteError: the file can't be read, or has no pictures.
    """
    with _open(path) as container:
        if not container.streams.video:
            raise MarotteError(f"{path} has no pictures: give a video file")
        stream = container.streams.video[0]
        start_s = float((stream.start_time or 0) * stream.time_base)
        last_s = -np.inf
        for frame in container.decode(stream):
            if frame.time is not None and frame.time - start_s > last_s:
                last_s = frame.time - start_s
                yield last_s, upright(frame)


def video_seconds(path: Path) -> float:
    """Return how long a video is, as its header says; 0 if that is not known."""
    try:
        with _open(path) as container:
            return (container.duration or 0) / 1e6
    except MarotteError:
        return 0.0  # tracking will say what is wrong


def upright(frame: Any) -> NDArray[np.uint8]:
    """Return the picture [height, width, 3] of a frame of PyAV.

    Phones store pictures as their sensor lies, and say by what angle to turn them.
    """
    scale = picture_scale(frame.width, frame.height)
    picture = frame.to_ndarray(
        format="rgb24",
        width=round(frame.width * scale),
        height=round(frame.height * scale),
        interpolation="BICUBIC",
    )
    return np.rot90(picture, round(getattr(frame, "rotation", 0) / 90))


def picture_scale(width: int, height: int) -> float:
    """Return by what factor a picture is enlarged before it is searched for a face.

    Example:
        >>> from marotte.learn.capture.video import picture_scale
        >>> picture_scale(360, 288), picture_scale(1280, 720), picture_scale(3840, 2160)
        (2.0, 1.0, 0.5)
    """
    short = min(width, height)
    return 2.0 if short < SHORT_SIDE[0] else min(1.0, SHORT_SIDE[1] / short)


@contextmanager
def _open(path: Path) -> Generator[Any]:
    """Open a video; yield its container."""
    try:
        import av
        from av.error import FFmpegError
    except ImportError as error:
        raise missing_extra("av", "capture") from error
    if not path.is_file():
        raise MarotteError(f"no such file: {path}")
    try:
        with av.open(path) as container:
            yield container
    except (FFmpegError, OSError) as error:
        raise MarotteError(f"{path} can't be read as a video: {error}") from error

"""Write an animation as a video: the rendered head, with its sound in step.

`.mp4` holds H.264 and AAC, which all players know; `.webm` VP9 and Opus, `.mov` ProRes 4444 and
uncompressed sound, both also transparent. Frame k appears k / fps seconds after the start of the
sound.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording
from marotte.errors import MarotteError, missing_extra
from marotte.export.encoding import (
    KINDS,
    Kind,
    encode_pictures,
    encode_sound,
    sound_stream,
    video_stream,
)
from marotte.export.sound import heard_sound
from marotte.face.animation import Animation, check_scene
from marotte.face.loading import load_head
from marotte.paths import replacing
from marotte.progress import Progress
from marotte.render import Renderer, open_renderer

_log = logging.getLogger(__name__)


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write a video of the shipped head, in the size and on the background of the scene.

    Raises:
        MarotteError: the extra `video` is not installed, the rig has none of the head's controls,
            the file can't be transparent, the sound is damaged, or the file can't be written.
    """
    check_video()
    scene = animation.scene
    check_scene(path, scene)
    head = load_head()
    with closing(open_renderer(head, scene.size, background=scene.background)) as renderer:
        if renderer.note:
            _log.warning(renderer.note)
        pictures = _render(animation, renderer, progress)
        write_pictures(pictures, animation.fps, animation.recording, path)


def _render(
    animation: Animation, renderer: Renderer, progress: Progress | None
) -> Iterator[NDArray[np.uint8]]:
    """Yield an animation's pictures. Rendering is slow, so progress is reported after each."""
    pictures = renderer.frames(animation.controls, animation.rig.names, animation.head)
    for n_done, picture in enumerate(pictures, 1):
        yield picture
        if progress:
            progress(n_done, animation.n_frames)


def check_video() -> None:
    """Check that videos can be written.

    Raises:
        MarotteError: the extra `video` is not installed.
    """
    if find_spec("av") is None:
        raise missing_extra("av", "video")


def write_pictures(
    pictures: Iterable[NDArray[np.uint8]], fps: float, recording: Recording | None, path: Path
) -> None:
    """Write a video of sRGB pictures with a recording's sound.

    Args:
        pictures: [height, width, 3], or [height, width, 4] for a transparent video, whose fourth
            channel does not scale the others; all of one size; width and height are even.
        fps: frames per second.
        recording: the sound, or None for a silent video.
        path: where to write; the ending chooses the kind, MP4 for unknown ones.

    Raises:
        MarotteError: there is no picture, the sound is damaged, `av` lacks the encoder, or the file
            can't be written.
    """
    import av

    kind = KINDS.get(path.suffix.lower(), KINDS[".mp4"])
    _check_encoders(kind, path)
    remaining = iter(pictures)
    first = next(remaining, None)
    if first is None:
        raise MarotteError(f"can't write {path.name}: there is no frame")
    with (
        replacing(path) as temporary,
        av.open(str(temporary), "w", format=kind.container, options=kind.options) as opened,
    ):
        container: Any = opened  # PyAV's types are too open for strict checking
        stream = video_stream(container, kind, fps, first.shape[2] == 4)
        stream.height, stream.width = first.shape[:2]
        tracks = [encode_pictures(chain([first], remaining), fps, stream)]
        if recording is not None:
            sound = heard_sound(recording)
            tracks.append(encode_sound(sound, sound_stream(container, kind, sound)))
        for _, packets in heapq.merge(*tracks, key=lambda timed: timed[0]):
            container.mux(packets)


def _check_encoders(kind: Kind, path: Path) -> None:
    """Check that the installed `av` can write a kind of file.

    Raises:
        MarotteError: it has no such encoder.
    """
    import av

    for name in (kind.codec, kind.sound):
        try:
            av.Codec(name, "w")
        except ValueError as error:
            raise MarotteError(
                f"can't write {path.name}: the installed package av has no encoder {name}; "
                "write .mp4, or install av from PyPI"
            ) from error

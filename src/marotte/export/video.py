"""An animation in, an MP4 video out: the head drawn frame by frame, with its sound in step.

H.264 and AAC, which every player knows. Frame k is shown from k / fps seconds of the sound on.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import missing_extra
from marotte.face.animation import Animation
from marotte.face.loading import load_head
from marotte.paths import replacing
from marotte.progress import Progress
from marotte.render import Renderer, open_renderer

Packets = Iterator[tuple[float, list[Any]]]
"""Encoded pieces, each with the seconds at which it begins."""

SIZE = (640, 640)
QUALITY = {"crf": "18", "preset": "fast"}  # at 18 no difference can be seen
SOUND_BITS_PER_SECOND = 96_000
BT709 = 1  # ffmpeg's number for how colours are written

_log = logging.getLogger(__name__)


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write the shipped head speaking.

    Raises:
        MarotteError: the extra `video` is missing, the rig has none of the head's controls, the
            sound is damaged, or the file can't be written.
    """
    check_video()
    with closing(open_renderer(load_head(), SIZE)) as renderer:
        if renderer.note:
            _log.warning(renderer.note)
        pictures = _drawn(animation, renderer, progress)
        write_pictures(pictures, animation.fps, animation.recording, path)


def _drawn(
    animation: Animation, renderer: Renderer, progress: Progress | None
) -> Iterator[NDArray[np.uint8]]:
    """The pictures of an animation; drawing is slow, so each of them is told."""
    for number, controls in enumerate(animation.controls):
        yield renderer.frame(controls, animation.rig.names)
        if progress:
            progress(number + 1, animation.n_frames)


def check_video() -> None:
    """Refuse to begin without what writes videos.

    Raises:
        MarotteError: the extra `video` is missing.
    """
    if find_spec("av") is None:
        raise missing_extra("av", "video")


def write_pictures(
    pictures: Iterable[NDArray[np.uint8]], fps: float, recording: Recording | None, path: Path
) -> None:
    """Write pictures [height, width, 3] of one even size, in sRGB, with a recording's sound.

    Raises:
        MarotteError: the sound is damaged, or the file can't be written.
    """
    import av

    # The index stands first, so that a page can play what it has not loaded to the end.
    options = {"movflags": "+faststart"}
    with (
        replacing(path) as temporary,
        av.open(str(temporary), "w", format="mp4", options=options) as opened,
    ):
        container: Any = opened  # PyAV's types are too open for strict checking
        pieces = [_pictures(pictures, fps, _video_stream(container, fps))]
        if recording is not None:
            pieces.append(_sound(recording, _sound_stream(container)))
        for _, packets in heapq.merge(*pieces, key=lambda piece: piece[0]):
            container.mux(packets)


def _video_stream(container: Any, fps: float) -> Any:
    """An H.264 stream whose unit of time is a frame."""
    rate = Fraction(fps).limit_denominator(100_000)
    stream = container.add_stream("h264", rate=rate, options=QUALITY)
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = 1 / rate
    stream.codec_context.colorspace = BT709
    stream.codec_context.color_primaries = BT709
    stream.codec_context.color_trc = BT709
    return stream


def _pictures(pictures: Iterable[NDArray[np.uint8]], fps: float, stream: Any) -> Packets:
    """Encode the frames; the first one tells the size."""
    from av import VideoFrame

    number = -1
    for number, pixels in enumerate(pictures):
        if not number:
            stream.height, stream.width = pixels.shape[:2]
        picture = VideoFrame.from_ndarray(pixels, format="rgb24")
        frame = picture.reformat(format="yuv420p", dst_colorspace=BT709)
        frame.pts, frame.time_base = number, stream.codec_context.time_base
        yield number / fps, stream.encode(frame)
    yield (number + 1) / fps, stream.encode(None)


def _sound_stream(container: Any) -> Any:
    """An AAC stream at Marotte's own rate."""
    stream = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
    stream.bit_rate = SOUND_BITS_PER_SECOND
    return stream


def _sound(recording: Recording, stream: Any) -> Packets:
    """Encode the sound, a block at a time."""
    from av import AudioFrame

    n_samples = 0
    for block in recording.blocks():
        frame = AudioFrame.from_ndarray(block[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, n_samples
        frame.time_base = Fraction(1, SAMPLE_RATE)
        yield n_samples / SAMPLE_RATE, stream.encode(frame)
        n_samples += len(block)
    yield n_samples / SAMPLE_RATE, stream.encode(None)

"""An animation in, an MP4 video out: the head drawn frame by frame, with its sound in step.

H.264 and AAC, which every player knows. Frame k is shown from k / fps seconds of the sound on.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

from marotte.animation import Animation
from marotte.audio import Recording
from marotte.drawing import Renderer, open_renderer
from marotte.errors import missing_extra
from marotte.files import replacing
from marotte.formats import Progress
from marotte.head import load_head
from marotte.windows import SAMPLE_RATE

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
    try:
        import av
    except ImportError as error:
        raise missing_extra("av", "video") from error
    # The index stands first, so that a page can play what it has not loaded to the end.
    options = {"movflags": "+faststart"}
    with (
        closing(open_renderer(load_head(), SIZE)) as renderer,
        replacing(path) as temporary,
        av.open(str(temporary), "w", format="mp4", options=options) as opened,
    ):
        container: Any = opened  # PyAV's types are too open for strict checking
        if renderer.note:
            _log.warning(renderer.note)
        pieces = [_pictures(animation, renderer, _video_stream(container, animation.fps), progress)]
        if animation.recording is not None:
            pieces.append(_sound(animation.recording, _sound_stream(container)))
        for _, packets in heapq.merge(*pieces, key=lambda piece: piece[0]):
            container.mux(packets)


def _video_stream(container: Any, fps: float) -> Any:
    """An H.264 stream whose unit of time is a frame."""
    rate = Fraction(fps).limit_denominator(100_000)
    stream = container.add_stream("h264", rate=rate, options=QUALITY)
    stream.width, stream.height = SIZE
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = 1 / rate
    stream.codec_context.colorspace = BT709
    stream.codec_context.color_primaries = BT709
    stream.codec_context.color_trc = BT709
    return stream


def _pictures(
    animation: Animation, renderer: Renderer, stream: Any, progress: Progress | None
) -> Packets:
    """Draw and encode the frames."""
    from av import VideoFrame

    for number, controls in enumerate(animation.controls):
        pixels = renderer.frame(controls, animation.rig.names)
        picture = VideoFrame.from_ndarray(pixels, format="rgb24")
        frame = picture.reformat(format="yuv420p", dst_colorspace=BT709)
        frame.pts, frame.time_base = number, stream.codec_context.time_base
        yield number / animation.fps, stream.encode(frame)
        if progress:
            progress(number + 1, animation.n_frames)
    yield animation.seconds, stream.encode(None)


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

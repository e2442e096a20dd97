"""Write an animation as an MP4 video: the rendered head, with its sound in step.

H.264 and AAC, which all players know. Frame k appears k / fps seconds after the start of the sound.
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
from marotte.errors import missing_extra
from marotte.export.sound import HeardSound, heard_sound
from marotte.face.animation import Animation
from marotte.face.loading import load_head
from marotte.paths import replacing
from marotte.progress import Progress
from marotte.render import Renderer, open_renderer

Packets = Iterator[tuple[float, list[Any]]]
"""Start times in seconds, each with the packets that start there."""

SIZE = (640, 640)
LAYOUTS = {1: "mono", 2: "stereo"}
QUALITY = {"crf": "18", "preset": "fast"}  # at 18, H.264 is visually lossless
SOUND_BITS_PER_SECOND = 96_000  # per channel
BT709 = 1  # ffmpeg's number of the colour space

_log = logging.getLogger(__name__)


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write a video of the shipped head.

    Raises:
        MarotteError: the extra `video` is not installed, the rig has none of the head's controls,
            the sound is damaged, or the file can't be written.
    """
    check_video()
    with closing(open_renderer(load_head(), SIZE)) as renderer:
        if renderer.note:
            _log.warning(renderer.note)
        pictures = _render(animation, renderer, progress)
        write_pictures(pictures, animation.fps, animation.recording, path)


def _render(
    animation: Animation, renderer: Renderer, progress: Progress | None
) -> Iterator[NDArray[np.uint8]]:
    """Yield an animation's pictures. Rendering is slow, so progress is reported after each."""
    for frame, controls in enumerate(animation.controls):
        yield renderer.frame(controls, animation.rig.names)
        if progress:
            progress(frame + 1, animation.n_frames)


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
    """Write a video of sRGB pictures [height, width, 3] with a recording's sound.

    Args:
        pictures: all of one size; width and height are even.
        fps: frames per second.
        recording: the sound, or None for a silent video.
        path: where to write.

    Raises:
        MarotteError: the sound is damaged, or the file can't be written.
    """
    import av

    # With the index at the start, a web page can play the video before it is fully loaded.
    options = {"movflags": "+faststart"}
    with (
        replacing(path) as temporary,
        av.open(str(temporary), "w", format="mp4", options=options) as opened,
    ):
        container: Any = opened  # PyAV's types are too open for strict checking
        tracks = [_encode_pictures(pictures, fps, _video_stream(container, fps))]
        if recording is not None:
            sound = heard_sound(recording)
            tracks.append(_encode_sound(sound, _sound_stream(container, sound)))
        for _, packets in heapq.merge(*tracks, key=lambda timed: timed[0]):
            container.mux(packets)


def _video_stream(container: Any, fps: float) -> Any:
    """Add an H.264 stream whose unit of time is one frame."""
    rate = Fraction(fps).limit_denominator(100_000)
    stream = container.add_stream("h264", rate=rate, options=QUALITY)
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = 1 / rate
    stream.codec_context.colorspace = BT709
    stream.codec_context.color_primaries = BT709
    stream.codec_context.color_trc = BT709
    return stream


def _encode_pictures(pictures: Iterable[NDArray[np.uint8]], fps: float, stream: Any) -> Packets:
    """Encode the frames; the first one determines the size."""
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


def _sound_stream(container: Any, sound: HeardSound) -> Any:
    """Add an AAC stream."""
    stream = container.add_stream("aac", rate=sound.rate, layout=LAYOUTS[sound.n_channels])
    stream.bit_rate = SOUND_BITS_PER_SECOND * sound.n_channels
    return stream


def _encode_sound(sound: HeardSound, stream: Any) -> Packets:
    """Encode the sound block by block."""
    from av import AudioFrame

    n_samples = 0
    layout = LAYOUTS[sound.n_channels]
    for block in sound.blocks:
        planes = np.ascontiguousarray(block.T)
        frame = AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
        frame.sample_rate, frame.pts = sound.rate, n_samples
        frame.time_base = Fraction(1, sound.rate)
        yield n_samples / sound.rate, stream.encode(frame)
        n_samples += len(block)
    yield n_samples / sound.rate, stream.encode(None)

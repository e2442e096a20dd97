"""Encoders of videos: for each kind of file, its codecs; pictures and sound in, packets out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.export.sound import HeardSound
from marotte.threads import in_thread

Packets = Iterator[tuple[float, list[Any]]]
"""Start times in seconds, each with the packets that start there."""

LAYOUTS = {1: "mono", 2: "stereo"}
AHEAD = 3  # pictures that may wait for the encoder
BT709 = 1  # ffmpeg's number of the colour space


@dataclass(frozen=True)
class Kind:
    """A kind of video file.

    Attributes:
        container: ffmpeg's name of the file format.
        codec: the encoder of pictures.
        pixels: its pixel format.
        pixels_alpha: the pixel format of transparent pictures; empty where there is none.
        sound: the encoder of sound.
        bits_per_second: of each channel of sound; 0 for sound that is not compressed.
        quality: options of the picture encoder.
        options: options of the container.
        rates: the sample rates in Hz that the sound can have; empty for all. Other sound is
            converted to the highest one.
    """

    container: str
    codec: str
    pixels: str
    pixels_alpha: str
    sound: str
    bits_per_second: int
    quality: dict[str, str]
    options: dict[str, str] = field(default_factory=dict)
    rates: tuple[int, ...] = ()


KINDS = {
    ".mp4": Kind(
        container="mp4",
        codec="h264",
        pixels="yuv420p",
        pixels_alpha="",
        sound="aac",
        bits_per_second=96_000,
        quality={"crf": "17", "preset": "veryfast"},  # below 18, H.264 is visually lossless
        # With the index at the start, a web page can play the video before it is fully loaded.
        options={"movflags": "+faststart"},
    ),
    ".webm": Kind(
        container="webm",
        codec="libvpx-vp9",
        pixels="yuv420p",
        pixels_alpha="yuva420p",
        sound="libopus",
        bits_per_second=64_000,
        quality={"crf": "24", "b": "0", "deadline": "good", "cpu-used": "5", "row-mt": "1"},
        rates=(8_000, 12_000, 16_000, 24_000, 48_000),
    ),
    ".mov": Kind(
        container="mov",
        codec="prores_ks",
        pixels="yuv444p10le",
        pixels_alpha="yuva444p10le",
        sound="pcm_s16le",
        bits_per_second=0,
        quality={"profile": "4444"},
    ),
}
"""For a file ending: how videos are encoded; the first one is the usual one."""


def video_stream(container: Any, kind: Kind, fps: float, alpha: bool) -> Any:
    """Add a stream of pictures whose unit of time is one frame."""
    rate = Fraction(fps).limit_denominator(100_000)
    stream = container.add_stream(kind.codec, rate=rate, options=kind.quality)
    stream.pix_fmt = kind.pixels_alpha if alpha else kind.pixels
    stream.codec_context.time_base = 1 / rate
    stream.codec_context.colorspace = BT709
    stream.codec_context.color_primaries = BT709
    stream.codec_context.color_trc = BT709
    return stream


def encode_pictures(pictures: Iterable[NDArray[np.uint8]], fps: float, stream: Any) -> Packets:
    """Encode pictures [height, width, 3 or 4] of the stream's size, while the next ones are drawn.

    A thread encodes, because OpenGL draws in one thread only.
    """
    numbers = count()

    def encode(pixels: NDArray[np.uint8]) -> tuple[float, list[Any]]:
        number = next(numbers)
        return number / fps, _encode(pixels, number, stream)

    yield from in_thread(encode, pictures, AHEAD)
    yield next(numbers) / fps, stream.encode(None)


def _encode(pixels: NDArray[np.uint8], number: int, stream: Any) -> list[Any]:
    """Encode one picture; return the packets that are complete."""
    from av import VideoFrame

    picture = VideoFrame.from_ndarray(pixels, format="rgba" if pixels.shape[2] == 4 else "rgb24")
    frame = picture.reformat(format=stream.pix_fmt, dst_colorspace=BT709)
    frame.pts, frame.time_base = number, stream.codec_context.time_base
    return stream.encode(frame)


def sound_stream(container: Any, kind: Kind, sound: HeardSound) -> Any:
    """Add a stream of sound, at its own rate where the codec has that rate."""
    rate = sound.rate if not kind.rates or sound.rate in kind.rates else max(kind.rates)
    stream = container.add_stream(kind.sound, rate=rate, layout=LAYOUTS[sound.n_channels])
    if kind.bits_per_second:
        stream.bit_rate = kind.bits_per_second * sound.n_channels
    return stream


def encode_sound(sound: HeardSound, stream: Any) -> Packets:
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

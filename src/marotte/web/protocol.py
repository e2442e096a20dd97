"""The messages between page and server: bytes are decoded into dataclasses, and encoded from them.

Each message is binary and little-endian and starts with its kind, one byte; docs/viewer.md has the
table. The page gives each sound that it starts a stream number. Frames carry the number, so that
the last frames of an old sound are not mistaken for those of the new one.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.postprocess.moods import MOODS
from marotte.postprocess.motion import AUTO, Motion

VERSION = 1
START, SOUND, STOP, ECHO, MOTION = 1, 2, 3, 4, 5  # from the page
HELLO, FRAME, NOTICE, ENDED, ECHOED, SERVER_SOUND = 129, 130, 131, 132, 133, 134

MIN_RATE, MAX_RATE = 8_000, 192_000  # Hz: the sample rates of browsers
MAX_SAMPLES = 16_384  # per message: 85 ms at the highest rate, one second at 16 kHz
MAX_MESSAGE_BYTES = 8 + 4 * MAX_SAMPLES

_START = struct.Struct("<BBBBII")
_STREAM = struct.Struct("<BBHI")
_MOTION = struct.Struct("<BBBBIfff")
_NUMBER = struct.Struct("<BBHId")
_FRAME = struct.Struct("<BBHIdfffff")

MOOD_NAMES = tuple(MOODS)  # in the order of their numbers
GAZE, IDLE, FOLLOW = 1, 2, 4  # flags of a motion message; the last is effort that follows the voice


class ProtocolError(ValueError):
    """A message that is none of the kinds above; its text is the reason for closing the socket."""


@dataclass(frozen=True)
class Start:
    """A new sound starts, and the sound before it is over.

    Attributes:
        student: the index of the student that the user chose.
        smooth: whether to smooth the motion.
        stream: the number of the new stream.
        rate: the sample rate in Hz.
    """

    student: int
    smooth: bool
    stream: int
    rate: int


@dataclass(frozen=True, eq=False)
class Sound:
    """The next samples [n] of a stream."""

    stream: int
    samples: NDArray[np.float32]


@dataclass(frozen=True)
class Stop:
    """A stream is over; the server sends its last frames."""

    stream: int


@dataclass(frozen=True)
class Echo:
    """A time on the page's clock, which the server sends back at once."""

    sent_ms: float


Message = Start | Sound | Stop | Echo | Motion


def decode(message: bytes) -> Message:
    """Decode a message from a page.

    Raises:
        ProtocolError: the bytes are not exactly one message of the page.

    Example:
        >>> decode(bytes([STOP, 0, 0, 0, 7, 0, 0, 0]))
        Stop(stream=7)
    """
    kind = message[0] if message else 0
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise ProtocolError(f"no message has the kind {kind}")
    return decoder(message)


def _start(message: bytes) -> Start:
    _, student, smooth, zero, stream, rate = _unpack(_START, message)
    if smooth > 1 or zero or not MIN_RATE <= rate <= MAX_RATE:
        raise ProtocolError(f"a stream can't start with rate {rate} and flags {smooth} {zero}")
    return Start(student, bool(smooth), stream, rate)


def _sound(message: bytes) -> Sound:
    samples = message[_STREAM.size :]
    if not samples or len(samples) % 4 or len(samples) > 4 * MAX_SAMPLES:
        raise ProtocolError(f"sound needs 1 to {MAX_SAMPLES} float32, got {len(samples)} bytes")
    stream = _stream_of(message[: _STREAM.size])
    return Sound(stream, np.frombuffer(samples, "<f4").astype(np.float32))


def _stop(message: bytes) -> Stop:
    return Stop(_stream_of(message))


def _stream_of(header: bytes) -> int:
    _, zero, zeros, stream = _unpack(_STREAM, header)
    if zero or zeros:
        raise ProtocolError("a message has bytes that must be 0")
    return stream


def _echo(message: bytes) -> Echo:
    _, zero, zeros, stream, sent_ms = _unpack(_NUMBER, message)
    if zero or zeros or stream:
        raise ProtocolError("a message has bytes that must be 0")
    return Echo(sent_ms)


def _motion(message: bytes) -> Motion:
    _, mood, flags, zero, stream, intensity, gain, effort = _unpack(_MOTION, message)
    if mood >= len(MOOD_NAMES) or flags > GAZE | IDLE | FOLLOW or zero or stream:
        raise ProtocolError(f"no motion has the mood {mood} and the flags {flags} {zero} {stream}")
    try:
        return Motion(
            gain=gain,
            effort=AUTO if flags & FOLLOW else effort,
            mood=MOOD_NAMES[int(mood)],
            intensity=intensity,
            gaze=bool(flags & GAZE),
            idle_motion=bool(flags & IDLE),
        )
    except MarotteError as error:
        raise ProtocolError(str(error)) from error


_DECODERS = {START: _start, SOUND: _sound, STOP: _stop, ECHO: _echo, MOTION: _motion}


def _unpack(layout: struct.Struct, message: bytes) -> tuple[Any, ...]:
    if len(message) != layout.size:
        raise ProtocolError(f"expected a message of {layout.size} bytes, got {len(message)}")
    return layout.unpack(message)


def hello(facts: dict[str, Any]) -> bytes:
    """Encode the server's first message: its settings, as JSON."""
    return bytes([HELLO]) + json.dumps({"protocol": VERSION, **facts}).encode()


def frame(
    stream: int,
    time_s: float,
    delay_ms: float,
    controls: NDArray[np.float32],
    head: tuple[float, float, float] = (0.0, 0.0, 0.0),
    server_ms: float = 0.0,
) -> bytes:
    """Encode a frame.

    Args:
        stream: the stream's number.
        time_s: the frame's time in the sound.
        delay_ms: the student's delay: look-ahead, and smoothing if there is any.
        controls: [n_controls].
        head: yaw, pitch and roll in radians.
        server_ms: the time from the arrival of the last samples that the frame needs to now.
    """
    times = (time_s, delay_ms, server_ms)
    content = controls.astype("<f4").tobytes()
    return _FRAME.pack(FRAME, 0, len(controls), stream, *times, *head) + content


def server_sound(samples: NDArray[np.float32], first: int) -> bytes:
    """Encode the sound [n] of frames that another program makes, for pages that watch.

    Args:
        samples: the next samples.
        first: the index of the first sample, counted from the start of the sound.
    """
    return _NUMBER.pack(SERVER_SOUND, 0, 0, 0, float(first)) + samples.astype("<f4").tobytes()


def notice(text: str) -> bytes:
    """Encode a sentence for the user."""
    return bytes([NOTICE]) + text.encode()


def ended(stream: int) -> bytes:
    """Encode that a stream's last frame was sent."""
    return _STREAM.pack(ENDED, 0, 0, stream)


def echoed(sent_ms: float) -> bytes:
    """Encode the answer to an echo."""
    return _NUMBER.pack(ECHOED, 0, 0, 0, sent_ms)

"""What page and server say to each other: bytes in, a message of a few kinds out, and back.

Every message is binary and little-endian and begins with its kind, one byte; docs/viewer.md has
the table. A stream is a number that the page gives each sound it begins; frames name it, so that
the last ones of an old sound are not taken for the new one's.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 1
START, SOUND, STOP, ECHO = 1, 2, 3, 4
HELLO, FRAME, NOTICE, ENDED, ECHOED, HEARD = 129, 130, 131, 132, 133, 134

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000  # what browsers' audio runs at
MOST_SAMPLES = 16_384  # of a message: 85 ms at the highest rate, a second at 16 kHz
LONGEST_MESSAGE = 8 + 4 * MOST_SAMPLES

_START = struct.Struct("<BBBBII")
_STREAM = struct.Struct("<BBHI")
_ECHO = struct.Struct("<BBHId")
_FRAME = struct.Struct("<BBHIdfffff")


class ProtocolError(ValueError):
    """A message is none of the kinds above; the text says why, for the socket's closing."""


@dataclass(frozen=True)
class Start:
    """A new sound begins; what came before it is over."""

    student: int
    smooth: bool
    stream: int
    rate: int


@dataclass(frozen=True, eq=False)
class Sound:
    """Samples [n] of a stream."""

    stream: int
    samples: NDArray[np.float32]


@dataclass(frozen=True)
class Stop:
    """The sound is over: what it still owes is to be sent."""

    stream: int


@dataclass(frozen=True)
class Echo:
    """The page's clock, to be sent back at once."""

    sent_ms: float


Message = Start | Sound | Stop | Echo


def decode(message: bytes) -> Message:
    """Read what a page sent.

    Raises:
        ProtocolError: it is not exactly one of the page's messages.
    """
    kind = message[0] if message else 0
    reader = {START: _start, SOUND: _sound, STOP: _stop, ECHO: _echo}.get(kind)
    if reader is None:
        raise ProtocolError(f"no message has the kind {kind}")
    return reader(message)


def _start(message: bytes) -> Start:
    _, student, smooth, zero, stream, rate = _unpacked(_START, message)
    if smooth > 1 or zero or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ProtocolError(f"a sound can't start at rate {rate} with flags {smooth} {zero}")
    return Start(student, bool(smooth), stream, rate)


def _sound(message: bytes) -> Sound:
    samples = message[_STREAM.size :]
    if not samples or len(samples) % 4 or len(samples) > 4 * MOST_SAMPLES:
        raise ProtocolError(f"sound needs 1 to {MOST_SAMPLES} float32, got {len(samples)} bytes")
    stream = _stream_of(message[: _STREAM.size])
    return Sound(stream, np.frombuffer(samples, "<f4").astype(np.float32))


def _stop(message: bytes) -> Stop:
    return Stop(_stream_of(message))


def _stream_of(head: bytes) -> int:
    _, zero, zeros, stream = _unpacked(_STREAM, head)
    if zero or zeros:
        raise ProtocolError("a message has bytes that must be 0")
    return stream


def _echo(message: bytes) -> Echo:
    _, zero, zeros, stream, sent_ms = _unpacked(_ECHO, message)
    if zero or zeros or stream:
        raise ProtocolError("a message has bytes that must be 0")
    return Echo(sent_ms)


def _unpacked(layout: struct.Struct, message: bytes) -> tuple[Any, ...]:
    if len(message) != layout.size:
        raise ProtocolError(f"a message has {len(message)} bytes where {layout.size} are due")
    return layout.unpack(message)


def hello(facts: dict[str, Any]) -> bytes:
    """The server's first message: what it is, and what it can do."""
    return bytes([HELLO]) + json.dumps({"protocol": VERSION, **facts}).encode()


def frame(
    stream: int,
    time_s: float,
    delay_ms: float,
    controls: NDArray[np.float32],
    head: tuple[float, float, float] = (0.0, 0.0, 0.0),
    server_ms: float = 0.0,
) -> bytes:
    """A frame.

    Args:
        stream: whose.
        time_s: when it is, in the sound's own time.
        delay_ms: what the student waited for: its look-ahead, and smoothing if any.
        controls: [n_controls].
        head: yaw, pitch and roll in radians.
        server_ms: how long the server had the sound that completed what the frame needs.
    """
    times = (time_s, delay_ms, server_ms)
    content = controls.astype("<f4").tobytes()
    return _FRAME.pack(FRAME, 0, len(controls), stream, *times, *head) + content


def heard(samples: NDArray[np.float32], first: int) -> bytes:
    """Sound [n] of which the frames are made, for who watches; `first` is its place from 0."""
    return _ECHO.pack(HEARD, 0, 0, 0, float(first)) + samples.astype("<f4").tobytes()


def notice(text: str) -> bytes:
    """A sentence for the person at the page."""
    return bytes([NOTICE]) + text.encode()


def ended(stream: int) -> bytes:
    """Nothing more comes of a stream."""
    return _STREAM.pack(ENDED, 0, 0, stream)


def echoed(sent_ms: float) -> bytes:
    """The answer to an echo."""
    return _ECHO.pack(ECHOED, 0, 0, 0, sent_ms)

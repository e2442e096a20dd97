"""Frames from a running `marotte live`, by UDP or WebSocket. Needs neither Blender nor NumPy.

A source never waits once it is open: `read` returns what has arrived since the last call.

- UDP: one datagram per frame, the line of JSON that `-o udp` sends, or what `-o livelink` and the
  iPhone app Live Link Face send;
- WebSocket: the messages of `-o websocket` (binary, docs/viewer.md), or lines of JSON as text.
"""

import base64
import hashlib
import json
import math
import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from .names import ARKIT

UDP_PORT, WEBSOCKET_PORT = 7007, 5252
CONNECT_S = 2.0
MAX_BYTES = 1 << 20  # of a message; frames have a few thousand
MAX_WAITING = 1000  # datagrams per call; a flood must not stop Blender
_HELLO, _FRAME = 129, 130
_VERSION = 1  # of the binary messages
_LIVE_LINK, _LIVE_LINK_VALUES = 6, 61  # version; 52 controls and nine angles
_NUMBER, _TIMING = struct.Struct(">i"), struct.Struct(">ifiiB")
_FRAME_LAYOUT = struct.Struct("<BBHIdfffff")
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455


class SourceError(Exception):
    """A source that can't be opened, or has ended; the text is a sentence for the user."""


@dataclass(frozen=True)
class Frame:
    """A face at one moment.

    Attributes:
        time_s: the time in the sound.
        controls: the controls by name.
    """

    time_s: float
    controls: dict[str, float]


def decode_line(line: bytes) -> Frame | None:
    """Return the frame in a line of JSON; None if it is anything else."""
    try:
        content = json.loads(line)
        time_s = _number(content["time_s"])
        controls = {name: _number(value) for name, value in content["controls"].items()}
        _, _, _ = map(_number, content.get("head", (0, 0, 0)))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return _finite(Frame(time_s, controls))


def _number(value: object) -> float:
    if type(value) not in (int, float):
        raise TypeError(f"expected a number, got {value!r}")
    return float(value)


def decode_live_link(datagram: bytes) -> Frame | None:
    """Return the frame in a datagram of Live Link Face; None if it is anything else."""
    try:
        at = 1
        for _ in range(2):  # the device and the subject
            at += 4 + _NUMBER.unpack_from(datagram, at)[0]
        sixtieth, fraction, rate, per, n_values = _TIMING.unpack_from(datagram, at)
        values = struct.unpack_from(f">{len(ARKIT)}f", datagram, at + _TIMING.size)
    except struct.error:
        return None
    if n_values != _LIVE_LINK_VALUES or rate <= 0 or per <= 0:
        return None
    time_s = (sixtieth + fraction) * per / rate
    return _finite(Frame(time_s, dict(zip(ARKIT, values, strict=True))))


def _finite(frame: Frame) -> Frame | None:
    return frame if all(map(math.isfinite, (frame.time_s, *frame.controls.values()))) else None


def _hello(content: bytes) -> list[str]:
    """Return the names of the controls in the server's first message."""
    try:
        facts = json.loads(content)
        if facts["protocol"] == _VERSION:
            return [str(name) for name in facts["controls"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SourceError("the server is not Marotte") from error
    raise SourceError("Marotte has another version: update this extension")


class UdpSource:
    """Receives datagrams at a port of this machine."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        """Open the port.

        Raises:
            SourceError: another program has it.
        """
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise SourceError(f"can't listen at port {port}: {error.strerror or error}") from error
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def read(self) -> list[Frame]:
        """Return the frames that have arrived; other datagrams are dropped."""
        frames = []
        for _ in range(MAX_WAITING):
            try:
                datagram = self._socket.recv(65535)
            except BlockingIOError:
                break
            except OSError:  # Windows reports the fate of earlier datagrams here
                continue
            is_live_link = datagram[:1] == bytes([_LIVE_LINK])
            frame = (decode_live_link if is_live_link else decode_line)(datagram)
            if frame:
                frames.append(frame)
        return frames

    def close(self) -> None:
        """Free the port."""
        self._socket.close()


class WebSocketSource:
    """Receives the messages of a server."""

    def __init__(self, address: str) -> None:
        """Connect to ws://HOST:PORT, or to the address that `marotte live` prints.

        Raises:
            SourceError: there is no such server, or it refuses.
        """
        parts = urlsplit(address if "://" in address else f"ws://{address}")
        if parts.scheme not in ("ws", "http") or not parts.hostname:
            raise SourceError(f"{address!r} is not an address: write ws://HOST:PORT")
        path = parts.path if len(parts.path) > 1 else "/socket"
        self._names: list[str] = []
        self._buffer = self._parts = b""
        self._kind = 0  # of the message whose parts arrive
        self._ended = ""  # why, once it has
        try:
            place = parts.hostname, parts.port or WEBSOCKET_PORT
            self._socket = socket.create_connection(place, CONNECT_S)
        except (OSError, ValueError) as error:
            raise SourceError(f"nothing answers at {address}: start `marotte live`") from error
        try:
            self._shake_hands(parts.netloc, f"{path}?{parts.query}" if parts.query else path)
        except (OSError, SourceError) as error:
            self._socket.close()
            raise SourceError(f"{address} is not a WebSocket server: {error}") from error
        self._socket.setblocking(False)

    def _shake_hands(self, host: str, path: str) -> None:
        key = base64.b64encode(os.urandom(16))
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key.decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            received = self._socket.recv(4096)
            answer += received
            if not received or len(answer) > MAX_BYTES:
                raise SourceError("it closed the connection")
        head, _, self._buffer = answer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        if lines[0].split(" ")[1:2] != ["101"]:
            raise SourceError(f"it answered {lines[0]!r}")
        accept = base64.b64encode(hashlib.sha1(key + _ACCEPT).digest()).decode()
        values = [line.partition(":")[2].strip() for line in lines[1:]]
        if accept not in values:
            raise SourceError("its answer is not one to this request")

    def read(self) -> list[Frame]:
        """Return the frames that have arrived.

        Raises:
            SourceError: the server has ended, or sends what is no message.
        """
        if self._ended:
            raise SourceError(self._ended)
        self._receive()
        frames = []
        while (message := self._next()) is not None:
            kind, content = message
            frame = self._decode(kind, content)
            if frame:
                frames.append(frame)
        return frames

    def _receive(self) -> None:
        """Read what has arrived; an end waits until the frames before it are returned."""
        try:
            while len(self._buffer) < MAX_BYTES:
                received = self._socket.recv(65536)
                if not received:
                    self._ended = "Marotte has ended"
                    break
                self._buffer += received
        except BlockingIOError:
            pass
        except OSError as error:
            self._ended = f"the connection is lost: {error.strerror or error}"

    def _next(self) -> tuple[int, bytes] | None:
        """Take the next part of a message from the buffer; None if it is not complete."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        kind, size, at = buffer[0] & 15, buffer[1] & 127, 2
        if size > 125:
            at = 4 if size == 126 else 10
            if len(buffer) < at:
                return None
            size = int.from_bytes(buffer[2:at], "big")
        largest = 125 if kind >= _CLOSE else MAX_BYTES - len(self._parts)
        if buffer[1] & 128 or size > largest:
            raise SourceError("the server sends what is no message")
        if len(buffer) < at + size:
            return None
        content, self._buffer = buffer[at : at + size], buffer[at + size :]
        if kind >= _CLOSE:
            return kind, content
        self._parts += content
        if kind:
            self._kind = kind
        if not buffer[0] & 128:  # more parts follow
            return 0, b""
        content, self._parts = self._parts, b""
        return self._kind, content

    def _decode(self, kind: int, content: bytes) -> Frame | None:
        if kind == _CLOSE:
            self._ended = content[2:].decode("utf-8", "replace") or "Marotte has ended"
        if kind == _PING:
            self._answer(content)
        if kind == _TEXT:
            return decode_line(content)
        if kind == _BINARY and content[:1] == bytes([_HELLO]):
            self._names = _hello(content[1:])
        elif kind == _BINARY and content[:1] == bytes([_FRAME]):
            return self._binary_frame(content)
        return None

    def _binary_frame(self, content: bytes) -> Frame | None:
        n_names, size = len(self._names), _FRAME_LAYOUT.size
        if not n_names or len(content) != size + 4 * n_names:
            return None
        time_s = _FRAME_LAYOUT.unpack(content[:size])[4]
        values = struct.unpack(f"<{n_names}f", content[size:])
        return _finite(Frame(time_s, dict(zip(self._names, values, strict=True))))

    def _answer(self, content: bytes) -> None:
        """Answer a ping; a page masks what it sends."""
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(content))
        with suppress(OSError):  # a lost connection shows at the next read
            self._socket.send(bytes([128 | _PONG, 128 | len(content)]) + mask + masked)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

import base64
import hashlib
import json
import socket
import struct
import threading
import time

import pytest
from marotte_blender import live_sources
from marotte_blender.live_sources import Frame, SourceError, UdpSource, WebSocketSource

LINE = b'{"time_s": 0.5, "delay_ms": 1.0, "controls": {"jawOpen": 0.25}, "head": [0, 0, 0]}\n'
FRAME = Frame(0.5, {"jawOpen": 0.25})


def read(source, n_frames, timeout_s=5.0):
    frames, end = [], time.monotonic() + timeout_s
    while len(frames) < n_frames and time.monotonic() < end:
        frames += source.read()
        time.sleep(0.005)
    return frames


def test_udp_reads_lines_and_drops_everything_else():
    source = UdpSource(0)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    junk = [
        b"", b"\xff", b"[]", b"{}", b'{"time_s": 1}', b'{"time_s": 0, "controls": {"a": "wide"}}',
        b'{"time_s": 0, "controls": {"a": NaN}}', b'{"time_s": 0, "controls": [1]}',
        b'{"time_s": 0, "controls": {"a": 1' + b"0" * 400 + b"}}", b"[" * 60000,
    ]  # fmt: skip
    for content in [*junk, LINE]:
        sender.sendto(content, ("127.0.0.1", source.port))
    assert read(source, 1) == [FRAME]
    assert source.read() == []
    with pytest.raises(SourceError, match=f"can't listen at port {source.port}"):
        UdpSource(source.port)
    source.close()
    sender.close()


def live_link(seconds, jaw, version=6, count=61, controls=52):
    """Return a datagram as the app Live Link Face sends it."""
    texts = [struct.pack(">i", len(text)) + text for text in (b"device", b"iPhone")]
    position = seconds * 60
    timing = struct.pack(">ifiiB", int(position), position % 1, 60, 1, count)
    values = [0.0] * 61
    values[17], values[60] = jaw, 0.5
    content = struct.pack(f">{controls + 9}f", *values[: controls + 9])
    return bytes([version]) + b"".join(texts) + timing + content


def test_udp_reads_live_link_face():
    source = UdpSource(0)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    whole = live_link(100.25, 0.75)
    junk = [whole[:9], whole[:99], live_link(1, 0, count=60), live_link(1, float("nan")), b"\6"]
    junk.append(b"\6\xff\xff\xff\xf0" + whole[5:])
    for content in [*junk, whole]:
        sender.sendto(content, ("127.0.0.1", source.port))
    (frame,) = read(source, 1)
    assert frame.time_s == pytest.approx(100.25)
    assert frame.controls["jawOpen"] == 0.75
    assert len(frame.controls) == 52
    source.close()
    sender.close()


class Server:
    """A WebSocket server for one client: shakes hands, then sends what it is given."""

    def __init__(self, *parts, status="101 Switching Protocols", wrong_key=False):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"ws://127.0.0.1:{self._listening.getsockname()[1]}"
        self._parts, self._status, self._wrong_key = parts, status, wrong_key
        self.request, self.received = b"", b""
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        client, _ = self._listening.accept()
        with client:
            client.settimeout(5)
            while b"\r\n\r\n" not in self.request:
                self.request += client.recv(4096)
            key = self.request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
            digest = hashlib.sha1(key + live_sources._ACCEPT).digest()
            accept = b"wrong" if self._wrong_key else base64.b64encode(digest)
            head = f"HTTP/1.1 {self._status}\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
            # The first message comes with the answer, as it does from fast servers.
            client.sendall(head.encode() + accept + b"\r\n\r\n" + b"".join(self._parts[:1]))
            for part in self._parts[1:]:
                time.sleep(0.02)
                client.sendall(part)
            self.received = client.recv(4096)

    def close(self):
        self.thread.join(5)
        self._listening.close()


def message(kind, content, end=True):
    size = bytes([len(content)]) if len(content) < 126 else struct.pack(">BH", 126, len(content))
    return bytes([kind | 128 * end]) + size + content


def hello(version=1):
    facts = {"protocol": version, "controls": ["jawOpen", "x" * 100]}
    return message(2, bytes([129]) + json.dumps(facts).encode())


def binary(jaw=0.25):
    layout = struct.pack("<BBHIdfffff", 130, 0, 2, 0, 0.5, 80, 0, 0, 0, 0)
    return message(2, layout + struct.pack("<ff", jaw, 0))


def test_websocket_reads_marottes_messages_and_lines():
    text = message(1, LINE)
    parts = [hello(), binary(), text[:7], text[7:], message(1, LINE[:9], end=False)]
    parts += [message(9, b"ping"), message(0, LINE[9:]), binary(float("nan")), message(2, b"?")]
    server = Server(*parts)
    source = WebSocketSource(server.address)
    frames = read(source, 3)
    with pytest.raises(SourceError):  # the server ends when it has the answer to its ping
        read(source, 100)
    assert frames[0] == Frame(0.5, {"jawOpen": 0.25, "x" * 100: 0.0})
    assert frames[1:] == [FRAME, FRAME]
    source.close()
    server.close()
    assert b"GET /socket HTTP/1.1" in server.request
    assert b"Origin" not in server.request
    assert server.received[:2] == bytes([128 | 10, 128 | 4])  # the answer to the ping, masked


def test_the_last_frames_arrive_before_the_end():
    server = Server(hello() + binary(0.1) + binary(0.2) + message(8, b""))
    source = WebSocketSource(server.address)
    assert len(read(source, 2)) == 2
    with pytest.raises(SourceError, match="Marotte has ended"):
        read(source, 1)
    source.close()
    server.close()


def test_the_address_that_marotte_prints_has_a_token():
    server = Server(message(8, struct.pack(">H", 1000) + b"that was all"))
    source = WebSocketSource(server.address.replace("ws://", "http://") + "/?token=abc")
    with pytest.raises(SourceError, match="that was all"):
        read(source, 1)
    source.close()
    server.close()
    assert b"GET /socket?token=abc " in server.request


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ([], "Marotte has ended|connection is lost"),
        ([hello(2)], "another version"),
        ([message(2, bytes([129]) + b"{")], "not Marotte"),
        ([bytes([129, 127]) + b"\x7f" * 8], "no message"),
        ([bytes([137, 126, 1, 0])], "no message"),
        ([bytes([129, 129, 0, 0, 0, 0, 0])], "no message"),
    ],
)
def test_a_server_that_ends_or_is_another_ends_the_source(parts, sentence):
    server = Server(*parts)
    source = WebSocketSource(server.address)
    if not parts:
        source._socket.sendall(b"bye")  # the server closes when it has heard from us
    with pytest.raises(SourceError, match=sentence):
        read(source, 1)
    source.close()
    server.close()


def test_servers_that_refuse():
    for options, sentence in (
        ({"status": "403 Forbidden"}, "answered 'HTTP/1.1 403 Forbidden'"),
        ({"wrong_key": True}, "not one to this request"),
    ):
        server = Server(**options)
        with pytest.raises(SourceError, match=sentence):
            WebSocketSource(server.address)
        server.close()
    with pytest.raises(SourceError, match="nothing answers at"):
        WebSocketSource(server.address)
    for address in ("", "ftp://a", "ws://"):
        with pytest.raises(SourceError, match="is not an address"):
            WebSocketSource(address)

"""Nobody keeps others out of the viewer: not by silence, floods, or leaving at a bad moment."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marotte.audio.recording import open_recording
from marotte.face.rig import ARKIT_52
from marotte.model.session import Student, load_student
from marotte.web import protocol
from marotte.web.guard import Access
from marotte.web.protocol import Sound, Start, Stop
from marotte.web.server import Viewer
from marotte.web.serving import BackgroundServer, listen
from marotte.web.session import Inbox, Session, Work
from marotte.web.throttle import BURST_S, PACE, SHUT_S, SLOW_S, Throttle, Turns

pytest.importorskip("uvicorn")
websocket: Any = pytest.importorskip("websockets.sync.client").connect
from marotte.web import connections  # noqa: E402  # it needs uvicorn

RATE = 16_000
HELLO = Path(__file__).parents[2] / "samples" / "hello.wav"
PAGE = b"GET /capture.js HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
UPGRADE = (
    b"GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PING = b"\x89\x84\0\0\0\0ping"  # masked with zeros


@pytest.fixture
def student(tiny_student: Path) -> Student:
    return load_student(tiny_student)


@pytest.fixture
def port(student: Student) -> Iterator[int]:
    """The port of a viewer with the tiny student."""
    yield from serving(student)


@pytest.fixture
def live_port() -> Iterator[int]:
    """The port of a viewer with the default student."""
    yield from serving(load_student())


def serving(student: Student) -> Iterator[int]:
    listening = listen("127.0.0.1", 0)
    viewer = Viewer(Access.for_host("127.0.0.1"), ARKIT_52, 60.0, [student])
    server = BackgroundServer(viewer, listening)
    yield listening.getsockname()[1]
    server.close()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def is_closed(connection: socket.socket) -> bool:
    """Wait until the server closes a connection; return whether it did without a word."""
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True


def masked(message: bytes) -> bytes:
    """Return a page's message as a WebSocket frame."""
    return b"\x82\xff" + struct.pack(">Q", len(message)) + bytes(4) + message


def status(port: int) -> bytes:
    with connected(port) as connection:
        connection.sendall(PAGE)
        return connection.recv(12)


@pytest.mark.parametrize("sent", [b"", PAGE[:20], PAGE + b"GET / HT"])
def test_connection_without_a_whole_request_is_closed(
    port: int, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEADER_TIMEOUT_S", 0.3)
    with connected(port) as connection:
        connection.sendall(sent)
        begun_s = time.monotonic()
        while connection.recv(65536):  # perhaps the answer to the first request
            pass
        assert time.monotonic() - begun_s < 5


def test_upload_that_does_not_go_on_is_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_TIMEOUT_S", 0.3)
    with connected(port) as connection:
        connection.sendall(
            b"POST /take.csv HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\nabc"
        )
        assert is_closed(connection)


def test_socket_and_slow_requests_are_not_closed(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEADER_TIMEOUT_S", 0.3)
    with websocket(f"ws://127.0.0.1:{port}/socket", proxy=None) as page:
        assert page.recv(timeout=5)[0] == protocol.HELLO
        time.sleep(0.6)
        page.send(struct.pack("<BBHId", protocol.ECHO, 0, 0, 0, 5.0))
        assert page.recv(timeout=5)[0] == protocol.ECHOED


def test_one_address_does_not_get_all_connections(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_PER_ADDRESS", 4)
    held = [connected(port) for _ in range(4)]
    with connected(port) as fifth:
        assert is_closed(fifth)
    for connection in held:
        connection.close()
    time.sleep(0.2)
    assert status(port) == b"HTTP/1.1 200"


def test_flood_of_pings_ends_the_page_that_sends_them(port: int) -> None:
    with connected(port) as flooder:
        flooder.sendall(UPGRADE)
        assert flooder.recv(12) == b"HTTP/1.1 101"
        begun_s = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - begun_s < 10:
                flooder.sendall(1000 * PING)  # it never reads the answers
        assert time.monotonic() - begun_s < 8
    assert status(port) == b"HTTP/1.1 200"


def test_pages_that_leave_at_any_moment_leave_no_traceback(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    start = struct.pack("<BBBBII", protocol.START, 0, 0, 0, 1, RATE)
    block = struct.pack("<BBHI", protocol.SOUND, 0, 0, 1) + np.zeros(RATE, "<f4").tobytes()
    with caplog.at_level(logging.WARNING, "uvicorn.error"):
        for k in range(12):
            with connected(port) as page:
                page.sendall(UPGRADE)
                page.sendall(b"".join(map(masked, (start, block, b"\xff")[: k % 4])))
            with connected(port) as upload:
                upload.sendall(
                    b"POST /take.csv HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\nab"
                )
        time.sleep(0.5)
    assert not [record for record in caplog.records if record.exc_info]


def test_page_that_sends_in_real_time_is_never_throttled() -> None:
    now = [0.0]
    for rate in (16_000, 48_000):
        throttle = Throttle(clock=lambda: now[0])
        for _ in range(1000):
            now[0] += 128 / rate
            assert throttle.admits(128, rate)
        now[0] += 1.5
        assert all(throttle.admits(128, rate) for _ in range(round(1.5 * rate / 128)))  # a backlog


@pytest.mark.parametrize("n_samples", [1, 160, 16_000])
def test_flood_of_sound_loses_its_own_sound(n_samples: int) -> None:
    now = [0.0]
    throttle = Throttle(clock=lambda: now[0])
    admitted_s = n_admitted = n_messages = 0.0
    while now[0] < 20:
        now[0] += 1e-3
        n_messages += 1
        if throttle.admits(n_samples, RATE):
            n_admitted += 1
            admitted_s += n_samples / RATE
        else:
            now[0] += throttle.wait_s()
    assert admitted_s < BURST_S + 20 * PACE
    assert n_admitted < 300 * 20
    assert n_messages < 500 * 20
    assert 20 / SHUT_S < 30  # each refusal closes for a while: few streams begin anew


def test_pages_that_flood_share_one_turn() -> None:
    now = [0.0]
    throttle = Throttle(clock=lambda: now[0])
    assert throttle.admits(RATE, RATE)
    assert not throttle.is_slow
    assert not throttle.admits(2 * RATE, RATE)
    assert throttle.is_slow
    now[0] += SHUT_S + SLOW_S
    assert not throttle.is_slow

    async def order() -> list[str]:
        turns, freed, done = Turns(), asyncio.Event(), list[str]()

        async def page(name: str, slow: bool) -> None:
            async with turns.turn(slow):
                if slow:
                    await freed.wait()
                done.append(name)

        floods = [asyncio.ensure_future(page(f"flood {k}", slow=True)) for k in range(4)]
        await asyncio.sleep(0)
        await asyncio.wait_for(page("honest", slow=False), 5)
        freed.set()
        await asyncio.gather(*floods)
        return done

    assert asyncio.run(order()) == ["honest", *(f"flood {k}" for k in range(4))]


def advance(session: Session, inbox: Inbox) -> list[bytes]:
    work = inbox.take()
    assert isinstance(work, Work)
    return session.advance(work)


def frames(messages: list[bytes]) -> list[tuple[float, float]]:
    """Return the time and jawOpen of each frame."""
    jaw = 36 + 4 * ARKIT_52.index["jawOpen"]
    return [
        (struct.unpack_from("<d", m, 8)[0], struct.unpack_from("<f", m, jaw)[0])
        for m in messages
        if m[0] == protocol.FRAME
    ]


def test_page_whose_sound_stops_comes_to_rest_and_goes_on() -> None:
    session, inbox = Session(lambda index: load_student(), 60.0), Inbox()
    inbox.add(Start(0, False, 1, RATE))
    voice = open_recording(HELLO).read()[4800:20_800]
    inbox.add(Sound(1, voice[:8000]))
    before = frames(advance(session, inbox))
    rest = frames(session.rest(0.0))
    assert max(jaw for _, jaw in before) > 0.05
    assert rest[-1] == pytest.approx((29 / 60, 0.0), abs=0.02)
    assert not session.is_open
    assert session.rest(0.0) == []
    inbox.add(Sound(1, voice[8000:]))
    after = frames(advance(session, inbox))
    assert after[0][0] == pytest.approx(0.5)
    assert max(jaw for _, jaw in after) > 0.05
    inbox.add(Stop(1))
    assert advance(session, inbox)[-1] == protocol.ended(1)


def test_server_closes_the_mouth_of_a_page_that_starves(live_port: int) -> None:
    with websocket(f"ws://127.0.0.1:{live_port}/socket", proxy=None) as page:
        page.recv(timeout=5)
        page.send(struct.pack("<BBBBII", protocol.START, 0, 0, 0, 1, RATE))
        head = struct.pack("<BBHI", protocol.SOUND, 0, 0, 1)
        page.send(head + open_recording(HELLO).read()[4800:12_800].astype("<f4").tobytes())
        received = [page.recv(timeout=5) for _ in range(30)]
    assert frames(received)[-1] == pytest.approx((29 / 60, 0.0), abs=0.02)

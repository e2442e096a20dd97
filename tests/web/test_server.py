"""The viewer without a browser: protocol, sessions, access control, and malformed requests."""

import asyncio
import json
import random
import shutil
import ssl
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import make_voice
from typer.testing import CliRunner

from marotte.audio.recording import Recording
from marotte.cli import app
from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52
from marotte.infer.offline import animate
from marotte.model.session import Student, load_student
from marotte.postprocess.motion import AUTO, NO_MOTION, Motion
from marotte.realtime.outputs import Take
from marotte.realtime.outputs.websocket import WebSocket, connect
from marotte.web import protocol, server, takes
from marotte.web import session as session_module
from marotte.web.guard import Access
from marotte.web.protocol import ProtocolError, Sound, Start, Stop
from marotte.web.server import Outbox, Viewer, build_app
from marotte.web.serving import BackgroundServer, Certificate, address, listen
from marotte.web.session import MAX_BACKLOG_S, Inbox, Session

pytest.importorskip("uvicorn")
websocket: Any = pytest.importorskip("websockets.sync.client").connect
FPS = 60.0
RATE = 16_000


def start(stream: int = 1, rate: int = RATE, student: int = 0, smooth: int = 0) -> bytes:
    return struct.pack("<BBBBII", protocol.START, student, smooth, 0, stream, rate)


def sound(samples: Any, stream: int = 1) -> bytes:
    head = struct.pack("<BBHI", protocol.SOUND, 0, 0, stream)
    return head + np.asarray(samples, "<f4").tobytes()


def stop(stream: int = 1) -> bytes:
    return struct.pack("<BBHI", protocol.STOP, 0, 0, stream)


def echo(sent_ms: float = 5.0) -> bytes:
    return struct.pack("<BBHId", protocol.ECHO, 0, 0, 0, sent_ms)


def motion(
    mood: int = 0,
    flags: int = 0,
    intensity: float = 0.5,
    gain: float = 1.0,
    effort: float = 1.0,
    zeros: tuple[int, int] = (0, 0),
) -> bytes:
    numbers = (intensity, gain, effort)
    return struct.pack("<BBBBIfff", protocol.MOTION, mood, flags, zeros[0], zeros[1], *numbers)


def read_frame(message: bytes) -> tuple[int, float, np.ndarray]:
    kind, _, width, stream, time_s, _delay, server_ms, *_ = struct.unpack_from(
        "<BBHIdfffff", message
    )
    assert kind == protocol.FRAME
    assert server_ms >= 0
    assert len(message) == 36 + 4 * width
    return stream, time_s, np.frombuffer(message, "<f4", offset=36)


@pytest.fixture
def student(tiny_student: Path) -> Student:
    return load_student(tiny_student)


class TestProtocol:
    def test_messages_are_decoded(self):
        assert protocol.decode(start(7, 48_000, 2, 1)) == Start(2, True, 7, 48_000)
        assert protocol.decode(stop(9)) == Stop(9)
        assert protocol.decode(echo(1.5)) == protocol.Echo(1.5)
        message = protocol.decode(sound([0.5, -1], 3))
        assert isinstance(message, Sound)
        assert message.stream == 3
        assert message.samples.tolist() == [0.5, -1]

    def test_motion_is_decoded(self):
        happy = protocol.MOOD_NAMES.index("happy")
        assert protocol.decode(motion(happy, 1, gain=1.5, effort=0.5)) == Motion(
            gain=1.5, effort=0.5, mood="happy", intensity=0.5, gaze=True
        )
        assert protocol.decode(motion(flags=6)) == Motion(
            effort=AUTO, intensity=0.5, idle_motion=True
        )

    @pytest.mark.parametrize(
        "message",
        [
            b"", b"\0", b"\x80", start()[:-1], start() + b"\0", start(rate=7_999),
            start(rate=192_001), start(smooth=2), stop() + b"\0", sound([]), sound([1])[:-1],
            b"\x02\x01" + sound([1])[2:], sound(np.zeros(protocol.MAX_SAMPLES + 1)), echo()[:-8],
            b"\x03\0\1" + stop()[3:], motion()[:-1], motion(mood=99), motion(flags=8),
            motion(intensity=1.1), motion(gain=3.1), motion(effort=0.4), motion(zeros=(1, 0)),
            motion(zeros=(0, 1)), motion(gain=float("nan")),
        ],
    )  # fmt: skip
    def test_malformed_messages_are_errors(self, message: bytes):
        with pytest.raises(ProtocolError):
            protocol.decode(message)


class TestSession:
    def test_frames_are_those_of_the_whole_recording(self, student: Student):
        voice = make_voice(1, RATE)
        session, inbox = Session(lambda index: student, FPS), Inbox()
        inbox.add(Start(0, False, 4, RATE))
        messages: list[bytes] = []
        for first in range(0, len(voice), 1000):
            inbox.add(Sound(4, voice[first : first + 1000]))
            if first % 3000 == 0:
                work = inbox.take()
                assert work is not None
                messages += session.advance(work)
        inbox.add(Stop(4))
        work = inbox.take()
        assert work is not None
        messages += session.advance(work)
        assert messages.pop() == protocol.ended(4)
        frames = [read_frame(message) for message in messages]
        expected = animate(Recording.from_samples(voice, RATE), student, FPS)
        assert [stream for stream, *_ in frames] == [4] * expected.n_frames
        np.testing.assert_allclose([t for _, t, _ in frames], np.arange(60) / FPS, atol=1e-12)
        np.testing.assert_allclose(np.stack([c for *_, c in frames]), expected.controls, atol=1e-5)
        assert inbox.take() is None

    def test_motion_may_change_during_a_stream(self, student: Student):
        session, inbox = Session(lambda index: student, FPS), Inbox()
        inbox.add(Start(0, False, 1, RATE))
        smile = ARKIT_52.index["mouthSmileLeft"]
        smiles: list[float] = []
        for second in range(4):
            if second == 1:
                inbox.add(Motion(mood="happy", intensity=1.0))
            if second == 2:
                inbox.add(NO_MOTION)
            inbox.add(Sound(1, np.zeros(RATE, np.float32)))
            work = inbox.take()
            assert work is not None
            frames = [m for m in session.advance(work) if m[0] == protocol.FRAME]
            smiles += [float(read_frame(m)[2][smile]) for m in frames]
        assert not any(smiles[:50])
        assert max(smiles) > 0.6
        assert smiles[-1] < 0.02
        assert np.abs(np.diff(smiles)).max() < 0.07

    def test_motion_holds_for_the_next_streams(self, student: Student):
        session, inbox = Session(lambda index: student, FPS), Inbox()
        inbox.add(Motion(gaze=True))
        work = inbox.take()
        assert work is not None
        assert session.advance(work) == []
        for stream in (1, 2):
            inbox.add(Start(0, False, stream, RATE))
            inbox.add(Sound(stream, np.zeros(RATE, np.float32)))
            work = inbox.take()
            assert work is not None
            controls = read_frame(session.advance(work)[0])[2]
            assert controls[ARKIT_52.index["eyeLookInLeft"]] > 0.01

    def test_invalid_samples_become_silence_with_one_notice(self, student: Student):
        session, inbox = Session(lambda index: student, FPS), Inbox()
        inbox.add(Start(0, False, 1, RATE))
        bad = np.full(1000, np.nan, np.float32)
        bad[1::3], bad[2::3] = np.inf, -1e30
        notices = []
        for _ in range(2):
            inbox.add(Sound(1, bad))
            work = inbox.take()
            assert work is not None
            messages = session.advance(work)
            notices += [m for m in messages if m[0] == protocol.NOTICE]
            for message in messages:
                if message[0] == protocol.FRAME:
                    assert np.isfinite(read_frame(message)[2]).all()
        assert [m[1:].decode() for m in notices] == [
            "Some samples are NaN or infinite: they are replaced by silence."
        ]

    def test_backlog_is_bounded_and_times_stay_right(self, student: Student):
        session, inbox = Session(lambda index: student, FPS), Inbox()
        inbox.add(Start(0, False, 1, RATE))
        block = np.zeros(RATE // 10, np.float32)
        n_blocks = 50
        for _ in range(n_blocks):
            inbox.add(Sound(1, block))
        work = inbox.take()
        assert work is not None
        assert len(work.samples) <= (MAX_BACKLOG_S + 0.1) * RATE
        frames = [read_frame(m) for m in session.advance(work) if m[0] == protocol.FRAME]
        inbox.add(Stop(1))
        work = inbox.take()
        assert work is not None
        frames += [read_frame(m) for m in session.advance(work) if m[0] == protocol.FRAME]
        assert frames[-1][1] == pytest.approx(n_blocks / 10 - 1 / FPS, abs=0.02)

    def test_a_turn_takes_a_short_sound_and_the_end_comes_with_the_last(self):
        inbox, block = Inbox(), np.arange(1000, dtype=np.float32)
        inbox.add(Start(0, False, 1, RATE))
        for k in range(5):
            inbox.add(Sound(1, block + 1000 * k))
        inbox.add(Stop(1))
        works = []
        while inbox.waits:
            works.append(inbox.take(2000 / RATE))
        assert [len(work.samples) for work in works] == [2000, 2000, 1000]
        np.testing.assert_array_equal(np.concatenate([w.samples for w in works]), np.arange(5000))
        assert [work.start is not None for work in works] == [True, False, False]
        assert [work.stop for work in works] == [False, False, True]
        assert inbox.take() is None

    def test_late_sound_is_taken_at_once(self, monkeypatch: pytest.MonkeyPatch):
        inbox, block = Inbox(), np.zeros(1000, np.float32)
        inbox.add(Start(0, False, 1, RATE))
        for _ in range(5):
            inbox.add(Sound(1, block))
        monkeypatch.setattr(session_module, "LATE_S", -1.0)
        assert len(inbox.take(1000 / RATE).samples) == 5000

    def test_late_sound_makes_only_the_newest_frames(self, student: Student):
        session, inbox = Session(lambda index: student, FPS), Inbox()
        inbox.add(Start(0, False, 1, RATE))
        notices = []
        for waited_s, n_frames in ((0.0, 30), (1.0, 3), (1.0, 3), (0.0, 30)):
            inbox.add(Sound(1, np.zeros(RATE // 2, np.float32)))
            work = inbox.take()
            assert work is not None
            messages = session.advance(replace(work, waited_s=waited_s))
            notices += [m[1:].decode() for m in messages if m[0] == protocol.NOTICE]
            frames = [m for m in messages if m[0] == protocol.FRAME]
            assert len(frames) == pytest.approx(n_frames, abs=1)
        assert notices == ["This computer is too busy to keep up: frames are dropped."]

    def test_sound_of_another_stream_or_after_its_end_is_ignored(self):
        inbox = Inbox()
        inbox.add(Sound(1, np.zeros(5, np.float32)))
        assert inbox.take() is None
        inbox.add(Start(0, False, 2, RATE))
        inbox.add(Sound(1, np.zeros(5, np.float32)))
        inbox.add(Stop(1))
        inbox.add(Stop(2))
        inbox.add(Sound(2, np.zeros(5, np.float32)))
        work = inbox.take()
        assert work is not None
        assert (len(work.samples), work.stop) == (0, True)


def scope(host: str = "127.0.0.1:5252", origin: str | None = None, query: str = "") -> Any:
    headers = [(b"host", host.encode())]
    headers += [(b"origin", origin.encode())] if origin is not None else []
    return {"headers": headers, "query_string": query.encode(), "scheme": "http"}


class TestGuard:
    @pytest.mark.parametrize("host", ["127.0.0.1:5252", "localhost:5252", "[::1]:80", "127.0.0.1"])
    def test_loopback_needs_no_token(self, host: str):
        access = Access.for_host("127.0.0.1")
        assert access.token == ""
        assert not access.refusal(scope(host))
        assert not access.refusal(scope(host, f"http://{host}"))

    @pytest.mark.parametrize(
        ("host", "origin"),
        [
            ("evil.example:5252", None),  # DNS rebinding: a name that resolves to this machine
            ("127.0.0.1.evil.example", None),
            ("192.168.1.5:5252", None),
            ("", None),
            ("[", None),
            ("127.0.0.1:80; script-src *", None),
            ("127.0.0.1:80:80", None),
            ("127.0.0.1:5252", "http://evil.example"),
            ("127.0.0.1:5252", "http://127.0.0.1:3000"),
            ("127.0.0.1:5252", "https://127.0.0.1:5252"),
            ("127.0.0.1:5252", "null"),
            ("127.0.0.1:5252", ""),
        ],
    )
    def test_other_hosts_and_origins_are_refused(self, host: str, origin: str | None):
        assert Access.for_host("127.0.0.1").refusal(scope(host, origin))

    def test_two_hosts_or_none_are_refused(self):
        twice = scope()
        twice["headers"] *= 2
        assert Access.for_host("127.0.0.1").refusal(twice)
        assert Access.for_host("127.0.0.1").refusal({**scope(), "headers": []})

    def test_other_addresses_need_a_token(self):
        access = Access.for_host("0.0.0.0")
        assert len(access.token) >= 20
        assert Access.for_host("0.0.0.0").token != access.token
        host = "192.168.1.5:5252"
        assert not access.refusal(scope(host, query=f"token={access.token}"))
        for query in ("", "token=", "token=x", f"token={access.token}x", "token=%ff%00", "token"):
            assert "token" in access.refusal(scope(host, query=query))
        assert access.refusal(scope("evil.example", query=f"token={access.token}"))


@pytest.fixture
def running(student: Student) -> Iterator[tuple[Viewer, str]]:
    """A running viewer, and its host and port."""
    viewer = Viewer(Access.for_host("127.0.0.1"), ARKIT_52, FPS, [student])
    listening = listen(port=0)
    at = address(viewer, listening).removeprefix("http://")
    background = BackgroundServer(viewer, listening)
    yield viewer, at
    background.close()


def socket_to(at: str, **options: Any) -> Any:
    return websocket(f"ws://{at}/socket", proxy=None, compression=None, **options)


class TestServer:
    def test_page_sends_sound_and_gets_frames(self, running: tuple[Viewer, str]):
        _, at = running
        with socket_to(at, origin=f"http://{at}") as socket:
            hello = socket.recv(5)
            assert hello[0] == protocol.HELLO
            facts = json.loads(hello[1:])
            assert facts["students"] == ["tiny"]
            assert facts["moods"][0] == "neutral"
            assert facts["controls"] == list(ARKIT_52.names)
            for message in (echo(1.25), start(8), sound(make_voice(0.5, RATE), 8), stop(8)):
                socket.send(message)
            answers = [socket.recv(5)]
            while answers[-1] != protocol.ended(8):
                answers.append(socket.recv(5))
            assert protocol.echoed(1.25) in answers
            frames = [read_frame(m) for m in answers if m[0] == protocol.FRAME]
            assert len(frames) == 30
            assert max(c[ARKIT_52.index["jawOpen"]] for *_, c in frames) > 0.1

    def test_pages_have_separate_streams(self, running: tuple[Viewer, str]):
        _, at = running
        with socket_to(at) as loud, socket_to(at) as quiet:
            for socket, gain in ((loud, 1), (quiet, 0)):
                socket.send(start())
                socket.send(sound(gain * make_voice(0.5, RATE)))
                socket.send(stop())
            most = []
            for socket in (loud, quiet):
                socket.recv(5)
                answers = [socket.recv(5)]
                while answers[-1] != protocol.ended(1):
                    answers.append(socket.recv(5))
                most.append(max(read_frame(m)[2][ARKIT_52.index["jawOpen"]] for m in answers[:-1]))
        assert most[0] > 0.1
        assert most[1] == 0

    @pytest.mark.parametrize(
        ("message", "code"),
        [(b"\x99", 1007), ("text", 1003), (start(student=9), 1011), (bytes(70_000), 1009)],
    )
    def test_malformed_message_closes_only_its_socket(
        self, running: tuple[Viewer, str], message: Any, code: int
    ):
        from websockets.exceptions import ConnectionClosed

        _, at = running
        with socket_to(at) as other, socket_to(at) as bad:
            bad.recv(5)
            bad.send(message)
            with pytest.raises(ConnectionClosed) as closed:
                read_to_end(bad)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == code
            other.recv(5)
            other.send(echo(2))
            assert other.recv(5) == protocol.echoed(2)

    def test_other_sites_get_neither_socket_nor_page(self, running: tuple[Viewer, str]):
        from urllib.error import HTTPError
        from urllib.request import Request, urlopen

        from websockets.exceptions import InvalidStatus

        _, at = running
        with pytest.raises(InvalidStatus):
            socket_to(at, origin="http://evil.example")
        with pytest.raises(HTTPError, match="403") as refused:
            urlopen(Request(f"http://{at}/", headers={"Host": "evil.example"}), timeout=5)
        refused.value.close()

    def test_page_has_security_headers_and_policy(self, running: tuple[Viewer, str]):
        from urllib.request import urlopen

        _, at = running
        with urlopen(f"http://{at}/", timeout=20) as answer:
            page = answer.read().decode()
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["cache-control"] == "no-store"
        assert f"connect-src 'self' ws://{at} blob:;" in page
        assert "default-src 'none'; script-src 'sha256-" in page

    def test_number_of_pages_is_limited(
        self, running: tuple[Viewer, str], monkeypatch: pytest.MonkeyPatch
    ):
        from websockets.exceptions import ConnectionClosed

        monkeypatch.setattr(server, "MAX_PAGES", 1)
        _, at = running
        with socket_to(at) as first:
            first.recv(5)
            with socket_to(at) as second, pytest.raises(ConnectionClosed) as closed:
                second.recv(5)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1013
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:  # a closed page makes room
            with socket_to(at) as third:
                try:
                    third.recv(5)
                    return
                except ConnectionClosed:
                    time.sleep(0.02)
        raise AssertionError("no room")

    def test_page_that_never_reads_delays_no_other(self, student: Student):
        viewer = Viewer(Access.for_host("127.0.0.1"), ARKIT_52, FPS, source="elsewhere")
        listening = listen(port=0)
        at = address(viewer, listening).removeprefix("http://")
        background = BackgroundServer(viewer, listening)
        with socket_to(at, max_queue=1, close_timeout=0) as stuck, socket_to(at) as reader:
            stuck.recv(5)
            reader.recv(5)
            for n in range(500):  # 30 MB, more than any system buffers
                background.broadcast(n.to_bytes(2, "big") + bytes(60_000))
                if n % 10 == 9:
                    while int.from_bytes(reader.recv(5)[:2], "big") < n:
                        pass
            queued = sorted(len(outbox) for outbox in viewer.watchers)
            assert queued == [0, server.MAX_QUEUED_MESSAGES]
        background.close()


def read_to_end(socket: Any) -> None:
    """Read until the socket is closed."""
    while True:
        socket.recv(5)


def run_app(viewer: Viewer, messages: list[Any]) -> list[Any]:
    """Send each message to the application in its own connection; return all it sent."""
    application = build_app(viewer)
    sent: list[Any] = []

    async def run() -> None:
        for content in messages:
            received = iter(
                [
                    {"type": "websocket.connect"},
                    {"type": "websocket.receive", "bytes": content},
                    {"type": "websocket.disconnect", "code": 1000},
                ]
            )

            async def receive(received: Iterator[Any] = received) -> Any:
                return next(received)

            async def send(message: Any) -> None:
                sent.append(message)

            connection = {**scope(), "type": "websocket", "path": "/socket", "scheme": "ws"}
            await application(connection, receive, send)

    asyncio.run(run())
    return sent


def test_fuzzed_messages_raise_nothing(student: Student):
    random_ = random.Random(5)
    seeds = [start(), start(2, 44_100), sound(np.zeros(30)), stop(), echo(), b""]
    messages = []
    for _ in range(10_000):
        message = bytearray(random_.choice(seeds))
        for _ in range(random_.randrange(4)):
            if message:
                message[random_.randrange(len(message))] = random_.randrange(256)
        if random_.random() < 0.3:
            message = message[: random_.randrange(len(message) + 1)]
        if random_.random() < 0.2:
            message += random_.randbytes(random_.randrange(40))
        messages.append(bytes(message))
    viewer = Viewer(Access.for_host("127.0.0.1"), ARKIT_52, FPS, [student])
    sent = run_app(viewer, messages)
    codes = [message["code"] for message in sent if message["type"] == "websocket.close"]
    assert set(codes) <= {1007, 1011}
    assert len(codes) > 3000
    assert viewer.n_pages == 0
    assert not viewer.watchers


def test_watching_page_cannot_send_sound():
    viewer = Viewer(Access.for_host("127.0.0.1"), ARKIT_52, FPS, source="elsewhere")
    sent = run_app(viewer, [sound([1.0])])
    assert sent[-1]["code"] == 1007


def test_full_outbox_drops_the_oldest():
    async def run() -> list[bytes]:
        outbox = Outbox()
        for n in range(1000):
            outbox.put(n.to_bytes(2, "big"))
        return [await outbox.get() for _ in range(128)]

    assert [int.from_bytes(m, "big") for m in asyncio.run(run())] == list(range(872, 1000))


class TestTakes:
    def test_take_is_written_as_by_animate(self, tmp_path: Path):
        from marotte.export import livelink_csv
        from marotte.face.animation import Animation

        rows = np.random.default_rng(3).random((90, 55), np.float32)
        animation = Animation(rows[:, :52], FPS, ARKIT_52, head=rows[:, 52:])
        livelink_csv.write(animation, tmp_path / "take.csv")
        csv, glb = (takes.write(rows.tobytes(), kind, ARKIT_52, FPS) for kind in ("csv", "glb"))
        assert csv == (tmp_path / "take.csv").read_bytes()
        assert glb[:4] == b"glTF"

    @pytest.mark.parametrize("content", [b"", bytes(219), np.full(55, np.nan, "<f4").tobytes()])
    def test_invalid_content_is_an_error(self, content: bytes):
        with pytest.raises(MarotteError):
            takes.write(content, "csv", ARKIT_52, FPS)

    def test_upload_has_a_limit_and_two_formats(
        self, running: tuple[Viewer, str], monkeypatch: pytest.MonkeyPatch
    ):
        from urllib.error import HTTPError
        from urllib.request import Request, urlopen

        _, at = running
        monkeypatch.setattr(takes, "MAX_TAKE_S", 1)

        def post(ending: str, n: int) -> bytes:
            request = Request(f"http://{at}/take.{ending}", bytes(220 * n), method="POST")
            with urlopen(request, timeout=10) as answer:
                return answer.read()

        assert len(post("csv", 60).splitlines()) == 61
        for ending, n, status in (("csv", 61, "400"), ("html", 1, "404"), ("..%2fcsv", 1, "404")):
            with pytest.raises(HTTPError, match=status) as refused:
                post(ending, n)
            refused.value.close()


def free_port() -> int:
    with listen(port=0) as listening:
        return listening.getsockname()[1]


class TestOutput:
    def test_frames_and_sound_reach_watching_pages(self, student: Student, capsys: Any):
        output = connect(str(free_port()), Take(ARKIT_52, FPS, RATE, "tiny"))
        assert isinstance(output, WebSocket)
        at = capsys.readouterr().err.split("http://")[1].strip()
        try:
            with socket_to(at) as socket:
                facts = json.loads(socket.recv(5)[1:])
                assert facts["source"] == "tiny, live"
                controls = np.linspace(0, 1, 52, dtype=np.float32)
                output.send(Frame(1.5, 116.0, controls, (0.1, 0.2, 0.3)))
                output.send_samples(np.array([0.5, -0.5], np.float32), 24_000)
                message = socket.recv(5)
                assert read_frame(message)[1] == 1.5
                assert read_frame(message)[2].tolist() == controls.tolist()
                assert struct.unpack_from("<fff", message, 24) == pytest.approx((0.1, 0.2, 0.3))
                message = socket.recv(5)
                assert struct.unpack_from("<BBHId", message) == (
                    protocol.SERVER_SOUND,
                    0,
                    0,
                    0,
                    24_000,
                )
                assert np.frombuffer(message, "<f4", offset=16).tolist() == [0.5, -0.5]
        finally:
            output.close()
        output.send(Frame(2.0, 0.0, controls))  # the server is closed


def test_port_in_use_is_one_sentence(tiny_student: Path):
    with listen(port=0) as taken:
        port = taken.getsockname()[1]
        options = ["view", "--no-open", "--port", str(port), "--student", str(tiny_student)]
        result = CliRunner().invoke(app, options)
    assert result.exit_code == 2
    assert f"port {port}" in result.stderr
    assert result.stderr.count("\n") == 1


def test_invalid_certificate_is_an_error(tmp_path: Path):
    (tmp_path / "face.pem").write_text("not a certificate")
    for name in ("face.pem", "missing.pem"):
        with pytest.raises(MarotteError, match="can't be used for https"):
            Certificate(tmp_path / name).check()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_https(student: Student, tmp_path: Path):
    certificate = Certificate(tmp_path / "face.pem", tmp_path / "key.pem")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    files = ["-out", str(certificate.path), "-keyout", str(certificate.key)]
    subprocess.run([*make.split(), *names.split(), *files], check=True, capture_output=True)
    certificate.check()
    viewer = Viewer(Access.for_host("127.0.0.1"), ARKIT_52, FPS, [student])
    listening = listen(port=0)
    at = address(viewer, listening, secure=True)
    background = BackgroundServer(viewer, listening, certificate)
    try:
        trusted = ssl.create_default_context(cafile=str(certificate.path))
        url = at.replace("https", "wss") + "/socket"
        with websocket(url, ssl=trusted, origin=at, proxy=None) as socket:
            assert socket.recv(5)[0] == protocol.HELLO
    finally:
        background.close()


def test_missing_package_error_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    from marotte.web import serving

    monkeypatch.setattr(serving, "find_spec", lambda package: None)
    with pytest.raises(MarotteError, match=r"pip install '\.\[live\]'"):
        serving.listen()

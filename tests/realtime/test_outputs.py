"""Live outputs, received over real sockets and decoded by independent readers."""

from __future__ import annotations

import csv
import json
import re
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pylivelinkface as reader
import pytest
import soundfile
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_server import BlockingOSCUDPServer

from marotte import plugins
from marotte.errors import MarotteError
from marotte.export import livelink_csv
from marotte.face.animation import Animation, Frame
from marotte.face.rig import ARKIT_52, ARKIT_NAMES, Rig
from marotte.realtime.outputs import Output, Take, open_output
from marotte.realtime.outputs.livelink import LiveLinkFace
from marotte.realtime.outputs.udp import parse_address

TAKE = Take(ARKIT_52, 60.0, 16_000, "tiny")
VALUES = np.linspace(0.01, 0.52, 52, dtype=np.float32)
FRAME = Frame(1.5, 116.0, VALUES, (0.1, -0.2, 0.3))


@pytest.fixture
def port() -> Iterator[tuple[int, Callable[[], bytes]]]:
    """A UDP port, and a function that returns the next datagram there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        yield server.getsockname()[1], lambda: server.recv(65535)


Port = tuple[int, Callable[[], bytes]]


def send_to(spec: str, *frames: Frame) -> None:
    with closing(open_output(spec, TAKE)) as output:
        for frame in frames:
            output.send(frame)


def test_livelink_datagram(port: Port) -> None:
    number, receive = port
    output = LiveLinkFace(f"127.0.0.1:{number}", TAKE, start_s=3600.0)
    output.send(FRAME)
    datagram = receive()
    output.close()
    assert len(datagram) == 1 + 4 + 36 + 4 + 7 + 4 + 4 + 4 + 4 + 1 + 61 * 4
    assert datagram[:5] == b"\x06\x00\x00\x00\x24"
    assert re.fullmatch(rb"[0-9A-F-]{36}", datagram[5:41])
    assert datagram[41:52] == b"\x00\x00\x00\x07marotte"
    assert struct.unpack(">ifii", datagram[52:68]) == (3601 * 60 + 30, 0.0, 60, 1)
    assert datagram[68] == 61
    values = struct.unpack(">61f", datagram[69:])
    names = [*ARKIT_NAMES, "yaw", "pitch", "roll", *("eye",) * 6]
    # The app's order: left before right, unlike in its CSV.
    assert names.index("jawLeft") == 15
    assert names.index("jawRight") == 16
    np.testing.assert_allclose(values, [*VALUES, 0.1, -0.2, 0.3, *[0] * 6], atol=1e-7)


def test_livelink_is_decoded_by_an_independent_reader(port: Port) -> None:
    number, receive = port
    send_to(f"livelink:{number}", FRAME)
    valid, face = reader.PyLiveLinkFace.decode(receive())
    assert valid
    assert face.name == "marotte"
    assert (face._version, face.fps, face._denominator) == (6, 60, 1)
    for shape in reader.FaceBlendShape:
        name = shape.name[0].lower() + shape.name[1:]
        if name in ARKIT_52.index:
            expected = VALUES[ARKIT_52.index[name]]
        else:
            expected = {"headYaw": 0.1, "headPitch": -0.2, "headRoll": 0.3}.get(name, 0)
        assert face.get_blendshape(shape) == pytest.approx(expected, abs=1e-7), name


def test_livelink_frame_number_is_in_sixtieths_at_any_rate(port: Port) -> None:
    number, receive = port
    with closing(LiveLinkFace(str(number), Take(ARKIT_52, 24.0, 16_000), 86_399.0)) as output:
        output.send(Frame(31 / 24, 116.0, VALUES))
    whole, part, fps, one = struct.unpack(">ifii", receive()[52:68])
    assert (whole, fps, one) == (17, 60, 1)  # after midnight
    assert part == pytest.approx(0.5, abs=1e-4)


def test_vmc_bundle(port: Port) -> None:
    number, receive = port
    send_to(f"vmc:127.0.0.1:{number}", FRAME)
    bundle = OscBundle(receive())
    messages = [(m.address, m.params) for m in bundle]
    assert messages[0] == ("/VMC/Ext/OK", [1])
    assert messages[1] == ("/VMC/Ext/T", [1.5])
    assert messages[-1] == ("/VMC/Ext/Blend/Apply", [])
    assert [address for address, _ in messages[2:-1]] == ["/VMC/Ext/Blend/Val"] * 52
    assert tuple(params[0] for _, params in messages[2:-1]) == ARKIT_NAMES
    np.testing.assert_allclose([params[1] for _, params in messages[2:-1]], VALUES, atol=1e-7)


def received_by_server(
    output: Callable[[int], Output], frames: list[Frame]
) -> list[tuple[Any, ...]]:
    """Send frames to a server of python-osc; return the messages that it dispatches."""
    messages: list[tuple[Any, ...]] = []
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda address, *values: messages.append((address, *values)))
    with (
        BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server,
        closing(output(server.server_address[1])) as sender,
    ):
        for frame in frames:
            sender.send(frame)
            server.handle_request()
    return messages


def test_vmc_vrm0_sends_vowels() -> None:
    open_mouth, rounded = ARKIT_52.neutral(2)
    open_mouth[ARKIT_52.index["jawOpen"]] = 0.5
    open_mouth[ARKIT_52.index["eyeBlinkLeft"]] = 0.75
    rounded[[ARKIT_52.index[name] for name in ("jawOpen", "mouthPucker", "mouthFunnel")]] = (
        0.08,
        0.6,
        0.18,
    )
    messages = received_by_server(
        lambda number: open_output(f"vmc-vrm0:{number}", TAKE),
        [Frame(0.0, 116.0, open_mouth), Frame(0.1, 116.0, rounded)],
    )
    shapes = [values for address, *values in messages if address == "/VMC/Ext/Blend/Val"]
    names = [name for name, _ in shapes[:7]]
    assert names == ["A", "I", "U", "E", "O", "Blink_L", "Blink_R"]
    first, second = dict(shapes[:7]), dict(shapes[7:])
    assert first["A"] > 0.9
    assert first["Blink_L"] == 0.75
    assert first["Blink_R"] == 0
    assert second["U"] > 0.9
    assert second["A"] < 0.05


def test_vrchat_parameters() -> None:
    messages = received_by_server(lambda number: open_output(f"vrchat:{number}", TAKE), [FRAME])
    assert [address for address, _ in messages] == [f"/avatar/parameters/{n}" for n in ARKIT_NAMES]
    np.testing.assert_allclose([value for _, value in messages], VALUES, atol=1e-7)


def test_vrchat_visemes() -> None:
    controls = ARKIT_52.neutral(1)[0]
    messages = received_by_server(
        lambda number: open_output(f"vrchat-visemes:{number}", TAKE), [Frame(0.0, 116.0, controls)]
    )
    weights = dict(messages)
    assert len(weights) == 15
    assert list(weights)[:2] == ["/avatar/parameters/v_sil", "/avatar/parameters/v_pp"]
    assert weights["/avatar/parameters/v_sil"] > 0.6
    assert sum(weights.values()) == pytest.approx(1, abs=1e-5)


def test_ifacialmocap_datagram(port: Port) -> None:
    number, receive = port
    send_to(f"ifacialmocap:{number}", FRAME)
    text = receive().decode("ascii")
    assert text.endswith("|")
    shapes, _, poses = text.partition("|=head#")
    values = dict(part.rsplit("-", 1) for part in shapes.split("|"))
    assert len(values) == 52
    # Names from the app's documentation.
    shown = ("mouthSmile_R", "jawOpen", "mouthRight", "jawLeft", "browInnerUp", "eyeBlink_L")
    assert set(shown) < set(values)
    assert values["mouthSmile_R"] == str(round(100 * VALUES[ARKIT_52.index["mouthSmileRight"]]))
    assert all(re.fullmatch(r"\d{1,3}", value) for value in values.values())
    head, right, left, end = poses.split("|")
    angles = [float(angle) for angle in head.split(",")]
    np.testing.assert_allclose(angles[:3], np.degrees([-0.2, 0.1, 0.3]), atol=1e-5)
    assert len(angles) == 6
    assert (right, left, end) == ("rightEye#0,0,0", "leftEye#0,0,0", "")


def test_json_lines_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    output = open_output("json", TAKE)
    output.send(FRAME)
    output.close()
    described = json.loads(capfd.readouterr().out)
    assert (described["time_s"], described["delay_ms"]) == (1.5, 116)
    assert list(described["controls"]) == list(ARKIT_NAMES)
    np.testing.assert_allclose(list(described["controls"].values()), VALUES, atol=1e-4)
    assert described["head"] == [0.1, -0.2, 0.3]


def frames(n: int, fps: float = 60.0) -> list[Frame]:
    controls = np.random.default_rng(0).uniform(0, 1, (n, 52)).astype(np.float32)
    return [Frame(k / fps, 116.0, controls[k], (0.0, k / 1000, 0.0)) for k in range(n)]


@pytest.mark.parametrize("fps", [60.0, 29.97, 25.0])
def test_recorded_csv_is_that_of_animate(tmp_path: Path, fps: float) -> None:
    sent = frames(70, fps)
    output = open_output(f"csv:{tmp_path / 'take.csv'}", Take(ARKIT_52, fps, 16_000))
    for frame in sent:
        output.send(frame)
    assert not (tmp_path / "take.csv").exists()  # no partial file
    output.close()
    animation = Animation(
        np.array([f.controls for f in sent]),
        fps,
        ARKIT_52,
        head=np.array([f.head for f in sent], np.float32),
    )
    livelink_csv.write(animation, tmp_path / "whole.csv")
    texts = [(tmp_path / name).read_text() for name in ("take.csv", "whole.csv")]
    rows = [list(csv.reader(text.splitlines())) for text in texts]
    assert [row[:2] for row in rows[0]] == [row[:2] for row in rows[1]]
    numbers = [np.array([row[2:] for row in each[1:]], float) for each in rows]
    np.testing.assert_allclose(*numbers, atol=1e-7)
    assert rows[0][0][54:57] == ["HeadYaw", "HeadPitch", "HeadRoll"]
    assert {path.name for path in tmp_path.iterdir()} == {"take.csv", "whole.csv"}


def test_dropped_frame_is_a_missing_row(tmp_path: Path) -> None:
    output = open_output(f"csv:{tmp_path / 'take.csv'}", TAKE)
    first, _, third = frames(3)
    output.send(first)
    output.send(third)
    output.close()
    lines = (tmp_path / "take.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["00:00:00:00.000", "00:00:00:02.000"]


def test_recorded_wav_is_in_step_to_the_sample(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 1000).astype(np.float32)
    output = open_output(f"wav:{tmp_path / 'take.wav'}", TAKE)
    output.send_samples(sound[:300], 0)
    output.send_samples(sound[500:], 500)  # 200 samples were lost
    output.send(FRAME)
    output.close()
    written, rate = soundfile.read(tmp_path / "take.wav", dtype="float32")
    assert rate == 16_000
    expected = np.concatenate([sound[:300], np.zeros(200), sound[500:]])
    np.testing.assert_allclose(written, expected, atol=1e-4)


@pytest.mark.parametrize("kind", ["csv", "wav", "json"])
def test_take_without_a_frame_leaves_no_file(tmp_path: Path, kind: str) -> None:
    open_output(f"{kind}:{tmp_path / 'take'}", TAKE).close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("", ("127.0.0.1", 9)),
        ("77", ("127.0.0.1", 77)),
        ("studio", ("studio", 9)),
        ("studio:77", ("studio", 77)),
        (":77", ("127.0.0.1", 77)),
        ("[::1]:77", ("::1", 77)),
        ("[::1]", ("::1", 9)),
        ("fe80::1", ("fe80::1", 9)),
    ],
)
def test_parse_address(target: str, address: tuple[str, int]) -> None:
    assert parse_address(target, 9) == address


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("vms", r"no output 'vms': use livelink, vmc, .*json, csv, wav"),
        ("vmc:here:port", "'port' in 'here:port' is not a port"),
        ("vmc:here:70000", "is not a port"),
        ("vmc:here:" + "9" * 5000, "is not a port"),
        ("vmc:no.such.host.invalid", "can't find the host"),
        ("livelink:" + "a" * 300, "can't find the host 'aaa"),
        ("csv", "'csv' needs a file: -o csv:take.csv"),
        ("csv:no/such/folder/take.csv", "does not exist"),
    ],
)
def test_errors_say_why_an_output_cannot_be_opened(spec: str, message: str) -> None:
    with pytest.raises(MarotteError, match=message):
        open_output(spec, TAKE)


def test_a_format_with_arkit_names_refuses_other_rigs() -> None:
    rig = Rig("snout", ("snout",), (0.0,), (1.0,), ())
    with pytest.raises(MarotteError, match="none of ARKit's controls"):
        open_output("livelink", Take(rig, 60.0, 16_000))


class ForeignOutput(Output):
    """An output of another package."""

    def __init__(self, target: str, take: Take) -> None:
        self.target = target

    def send(self, frame: Frame) -> None:
        """Ignore the frame."""


def test_output_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("puppet", f"{__name__}:ForeignOutput", plugins.OUTPUTS)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point])
    output = open_output("puppet:left:hand", TAKE)
    assert isinstance(output, ForeignOutput)
    assert output.target == "left:hand"
    with pytest.raises(MarotteError, match="speaker, puppet"):
        open_output("poppet", TAKE)


def test_datagrams_without_a_receiver_are_ignored() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        number = server.getsockname()[1]
    send_to(f"livelink:{number}", *frames(5))


def test_frames_for_a_closed_standard_output_are_an_error(monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(MarotteError, match=r"standard output is closed: .* json:FILE"):
        open_output("json", TAKE)

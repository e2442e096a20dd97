"""The Godot add-on runs in Godot's own runtime for the web, with what Marotte writes and sends."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import NEEDS_BROWSER, chromium
from godot_web import HAS_GODOT, results, running, wait_for
from receiver_cases import NAMES, NO_FRAMES

from marotte.export import a2f_json, glb, godot_tres
from marotte.face.animation import Animation, Frame
from marotte.face.rig import ARKIT_52, Rig
from marotte.realtime.outputs import Take, open_output
from marotte.web import protocol
from marotte.web.guard import Access
from marotte.web.server import Viewer

ROOT = Path(__file__).parents[2]
GODOT = ROOT / "integrations" / "godot"
ADDON = GODOT / "addons" / "marotte"
FPS = 30.0
TAKE = Take(ARKIT_52, 60.0, 16_000)
BAD_TAKES = (
    "",
    "{",
    "[]",
    '{"facsNames": ["a"], "weightMat": [[1, 2]], "exportFps": 30.0}',
    '{"facsNames": ["a"], "weightMat": [["b"]], "exportFps": 30.0}',
    '{"facsNames": ["a"], "weightMat": [[1]], "exportFps": 0}',
)


class TestAddOn:
    def test_names_are_arkits(self) -> None:
        source = (ADDON / "decoder.gd").read_text()
        listed = source[source.index("ARKIT_NAMES") : source.index("const LIVE_LINK ")]
        assert tuple(re.findall(r'"(\w+)"', listed)) == ARKIT_52.names

    def test_version(self) -> None:
        found = re.search(r'^version="(.+)"$', (ADDON / "plugin.cfg").read_text(), re.MULTILINE)
        assert found is not None
        assert f"Version {found[1]}, MIT" in (GODOT / "README.md").read_text("utf-8")

    @pytest.mark.skipif(importlib.util.find_spec("gdtoolkit") is None, reason="needs gdtoolkit")
    def test_an_independent_parser_reads_all_scripts(self) -> None:
        from gdtoolkit.parser import parser  # pyright: ignore[reportMissingImports]

        for path in [*GODOT.rglob("*.gd"), *Path(__file__).parent.rglob("*.gd")]:
            parser.parse(path.read_text())


def make_animation(rig: Rig = ARKIT_52) -> Animation:
    controls = np.random.default_rng(7).random((12, len(rig.names))).astype(np.float32)
    controls[3:9, ::2] = controls[3:4, ::2]
    return Animation(controls, FPS, rig)


def live_frame() -> Frame:
    controls = np.linspace(0, 0.51, 52, dtype=np.float32)
    return Frame(1.5, 80.0, controls, (math.pi / 4, 0.0, 0.0))


def datagram(output: str) -> bytes:
    """Return what an output sends for `live_frame()`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        with closing(open_output(f"{output}:{server.getsockname()[1]}", TAKE)) as sender:
            sender.send(live_frame())
        return server.recv(65535)


def socket_messages() -> tuple[bytes, bytes]:
    """Return the names and the frame that the output `websocket` sends."""
    frame = live_frame()
    hello = Viewer(Access.for_host("127.0.0.1"), ARKIT_52, 60.0, source="test").hello()
    return hello, protocol.frame(0, frame.time_s, frame.delay_ms, frame.controls, frame.head)


@contextmanager
def socket_server() -> Iterator[str]:
    """Serve what the output `websocket` sends, to pages of any origin."""
    from websockets.sync.server import serve

    def handle(connection: Any) -> None:
        hello, frame = socket_messages()
        connection.send(hello)
        for _ in range(200):
            connection.send(protocol.server_sound(np.zeros(9, np.float32), 0))
            connection.send(frame)
            time.sleep(0.05)

    with serve(handle, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/socket"
        server.shutdown()


def cut(messages: list[bytes]) -> list[bytes]:
    """Return messages that must give no frame."""
    nan = bytearray(messages[2])
    nan[40:44] = b"\xff\xff\xff\x7f"
    ends = [message[:-3] for message in messages]
    return [*NO_FRAMES, bytes(nan), *ends]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run everything once, because the runtime needs seconds to start; return what it printed."""
    folder = tmp_path_factory.mktemp("godot")
    animation = make_animation()
    glb.write(Animation(ARKIT_52.neutral(2), FPS, ARKIT_52), folder / "head.glb")
    a2f_json.write(animation, folder / "take.json")
    a2f_json.write(make_animation(Rig("x", ("x",), (0.0,), (1.0,), ())), folder / "other.json")
    godot_tres.write(animation, folder / "take.tres")
    hello, frame = socket_messages()
    messages = [datagram("livelink"), datagram("udp"), frame]
    sent = [frame, *messages[:2], hello, frame, *cut(messages)]  # names come with `hello`
    with chromium() as browser, socket_server() as address:
        given = {
            "cases": NAMES,
            "messages": [message.hex() for message in sent],
            "times": [k / FPS for k in range(animation.n_frames)],
            "bad": BAD_TAKES,
            "address": address,
        }
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        files["given.json"] = json.dumps(given).encode()
        files["main.gd"] = (Path(__file__).parent / "godot" / "main.gd").read_bytes()
        for path in ADDON.glob("*.gd"):
            files[f"addons/marotte/{path.name}"] = path.read_bytes()
        with running(browser, files, "--headless") as (page, lines):
            wait_for(page, lines, "DONE")
            assert not [line for line in lines if "SCRIPT ERROR" in line], lines
            return results(lines)


@NEEDS_BROWSER
@pytest.mark.skipif(not HAS_GODOT, reason="no Godot runtime here (MAROTTE_GODOT)")
class TestRuntime:
    def test_version(self, told: dict[str, Any]) -> None:
        assert told["version"].startswith("4.")

    def test_names(self, told: dict[str, Any]) -> None:
        assert told["names"] == [list(moved) for _, _, moved in NAMES]

    def test_messages_give_frames(self, told: dict[str, Any]) -> None:
        nameless, live_link, as_json, hello, binary, *damaged = told["frames"]
        frame = live_frame()
        assert (nameless, hello) == (None, None)
        for names, values, head, _ in (live_link, as_json, binary):
            assert names == list(ARKIT_52.names)
            assert values == pytest.approx(frame.controls.tolist(), abs=1e-4)
            assert head == pytest.approx([0, math.pi / 4, 0], abs=1e-4)
        assert [as_json[3], binary[3]] == [1.5, 1.5]
        assert damaged == [None] * len(damaged)

    @pytest.mark.parametrize("kind", ["tres", "json"])
    def test_takes_move_the_face(self, told: dict[str, Any], kind: str) -> None:
        animation = make_animation()
        for controls, shown in zip(animation.controls, told[kind], strict=True):
            values = [shown[name] for name in animation.names]
            assert values == pytest.approx(controls.tolist(), abs=2e-6)

    def test_what_is_not_a_take_is_refused(self, told: dict[str, Any]) -> None:
        assert told["bad"] == [True] * len(BAD_TAKES)
        assert told["unmatched"] is True

    def test_browsers_have_no_udp_and_are_told(self, told: dict[str, Any]) -> None:
        assert "set source to WebSocket" in told["udp"]

    def test_the_websocket_moves_face_and_head(self, told: dict[str, Any]) -> None:
        frame, received = live_frame(), told["received"]
        at = ARKIT_52.index
        assert received["jawOpen"] == pytest.approx(frame.controls[at["jawOpen"]], abs=1e-6)
        assert received["cheekPuff"] == pytest.approx(frame.controls[at["mouthPucker"]], abs=1e-6)
        assert told["without"] == ["mouthFunnel", "cheekPuff"]  # switched off in the table
        half = math.sqrt(0.5)
        assert told["looks"] == pytest.approx([half, 0, half], abs=1e-6)  # to the face's left
        assert told["bone"] == pytest.approx([half, 0, half], abs=1e-5)

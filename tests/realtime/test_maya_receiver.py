"""The receiver script for Maya, with a stand-in for Maya that records the calls."""

from __future__ import annotations

import importlib
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52
from marotte.realtime.outputs import Take, open_output

EXAMPLES = Path(__file__).parents[2] / "examples"


class FakeMaya(ModuleType):
    """Stands in for `maya`, `maya.cmds` and `maya.utils`."""

    def __init__(self) -> None:
        super().__init__("maya")
        self.cmds = self.utils = self
        self.attributes: dict[str, float] = {}
        self.keys: list[tuple[str, str]] = []

    def listAttr(self, node: str, multi: bool) -> list[str]:
        return ["head_jawOpen", "MouthClose", "eyeBlink_Left"] if node == "head.w" else ["jawOpen"]

    def ls(self, selection: bool) -> list[str]:
        return []

    def setAttr(self, attribute: str, value: float) -> None:
        self.attributes[attribute] = value

    def setKeyframe(self, attribute: str, time: str) -> None:
        self.keys.append((attribute, time))

    def executeDeferred(self, call: Any) -> None:
        call()


@pytest.fixture
def maya(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeMaya, Any]]:
    fake = FakeMaya()
    for name in ("maya", "maya.cmds", "maya.utils"):
        monkeypatch.setitem(sys.modules, name, fake)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delitem(sys.modules, "maya_receiver", raising=False)
    receiver = importlib.import_module("maya_receiver")
    yield fake, receiver
    receiver.stop()
    del sys.modules["maya_receiver"]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_attributes_follow_the_frames(maya: tuple[FakeMaya, Any]) -> None:
    fake, receiver = maya
    port = free_port()
    receiver.start("head", "teeth", port=port, head="neck", record=True)
    controls = ARKIT_52.neutral(1)[0]
    controls[[ARKIT_52.index["jawOpen"], ARKIT_52.index["eyeBlinkLeft"]]] = 0.25, 0.5
    with closing(open_output(f"maya:{port}", Take(ARKIT_52, 60.0, 16_000))) as output:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"not a frame", ("127.0.0.1", port))
        output.send(Frame(0.5, 116.0, controls, (0.0, 0.1, 0.0)))
        end = time.monotonic() + 5
        while "neck.rotateZ" not in fake.attributes:
            assert time.monotonic() < end
            time.sleep(0.01)
    receiver.stop()
    assert fake.attributes["head.head_jawOpen"] == fake.attributes["teeth.jawOpen"] == 0.25
    assert fake.attributes["head.eyeBlink_Left"] == 0.5
    assert fake.attributes["head.MouthClose"] == 0
    assert fake.attributes["neck.rotateX"] == pytest.approx(5.7296, abs=1e-3)
    assert ("teeth.jawOpen", "0.500000sec") in fake.keys


def test_node_name_is_required(maya: tuple[FakeMaya, Any]) -> None:
    with pytest.raises(ValueError, match="name a blendShape node"):
        maya[1].start(port=free_port())

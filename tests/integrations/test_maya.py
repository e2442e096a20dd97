"""The scripts for Maya, with a stand-in for Maya that records the calls."""

from __future__ import annotations

import importlib
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from receiver_cases import NAMES, NO_FRAMES

from marotte.export import a2f_json, livelink_csv
from marotte.face.animation import Animation, Frame
from marotte.face.rig import ARKIT_52, Rig
from marotte.realtime.outputs import Take, open_output

FOLDER = Path(__file__).parents[2] / "integrations" / "maya"
MODULES = ("maya", "maya.api", "maya.api.OpenMaya", "maya.cmds", "maya.mel", "maya.utils")
TARGETS = {
    "head.w": ["head_jawOpen", "MouthClose", "eyeBlink_Left"],
    "teeth.w": ["jawOpen"],
    "other.w": ["smirk"],
}
FPS = 24.0


class FakeMaya(ModuleType):
    """Stands in for `maya`, `maya.cmds` and the other modules."""

    MTime: Any

    def __init__(self) -> None:
        super().__init__("maya")
        self.cmds = self.utils = self.mel = self.api = self.OpenMaya = self
        self.MTime = FakeTime
        self.attributes: dict[str, float] = {}
        self.keys: dict[tuple[str, float | str], float | None] = {}
        self.sounds: list[tuple[str, float]] = []
        self.max_time = 10.0
        self.chunks: list[str] = []

    def listAttr(self, node: str, multi: bool) -> list[str]:
        if node not in TARGETS:
            raise ValueError("No object matches name")
        return TARGETS[node]

    def ls(self, selection: bool) -> list[str]:
        return []

    def setAttr(self, attribute: str, value: float) -> None:
        self.attributes[attribute] = value

    def setKeyframe(
        self, attribute: str, time: float | str, value: float | None = None, **tangents: str
    ) -> None:
        assert value is None or set(tangents.values()) == {"linear"}
        self.keys[attribute, time] = value

    def keyframe(self, attribute: str, query: bool, keyframeCount: bool) -> int:
        return sum(name == attribute for name, _ in self.keys)

    def cutKey(self, attribute: str, clear: bool) -> None:
        self.keys = {key: value for key, value in self.keys.items() if key[0] != attribute}

    def playbackOptions(
        self, query: bool = False, minTime: bool = False, maxTime: float | bool = False
    ) -> float:
        if not query:
            self.max_time = maxTime
        return 1.0 if minTime else self.max_time

    def undoInfo(
        self, openChunk: bool = False, closeChunk: bool = False, chunkName: str = ""
    ) -> None:
        self.chunks.append("open" if openChunk else "close")

    def sound(self, file: str, offset: float) -> str:
        self.sounds.append((file, offset))
        return "audio1"

    def about(self, batch: bool) -> bool:
        return False

    def eval(self, script: str) -> str:
        assert script.endswith("$gPlayBackSlider")
        return "slider"

    def timeControl(self, slider: str, edit: bool, sound: str, displaySound: bool) -> None:
        assert (slider, sound) == ("slider", "audio1")

    def executeDeferred(self, call: Any) -> None:
        call()


class FakeTime(SimpleNamespace):
    kSeconds = "seconds"

    def __init__(self, value: float, unit: str) -> None:
        assert (value, unit) == (1.0, "seconds")
        super().__init__()

    @staticmethod
    def uiUnit() -> str:
        return "film"

    def asUnits(self, unit: str) -> float:
        assert unit == "film"
        return FPS


@pytest.fixture
def maya(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeMaya, Any]]:
    fake = FakeMaya()
    for name in MODULES:
        monkeypatch.setitem(sys.modules, name, fake)
    monkeypatch.syspath_prepend(str(FOLDER))
    scripts = importlib.import_module("marotte_maya")
    yield fake, scripts
    scripts.stop()
    for name in [name for name in sys.modules if name.split(".")[0] == "marotte_maya"]:
        del sys.modules[name]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_animation() -> Animation:
    controls = ARKIT_52.neutral(61)
    controls[:, ARKIT_52.index["jawOpen"]] = np.linspace(0, 1, 61) ** 2
    controls[20:40, ARKIT_52.index["eyeBlinkLeft"]] = 1
    head = np.zeros((61, 3), np.float32)
    head[:, 1] = 0.1
    return Animation(controls, 60.0, ARKIT_52, head=head)


def keys_of(fake: FakeMaya, attribute: str) -> dict[Any, Any]:
    return {time: value for (name, time), value in fake.keys.items() if name == attribute}


def test_names(maya: tuple[FakeMaya, Any]) -> None:
    names = importlib.import_module("marotte_maya.names")
    for control, shapes, moved in NAMES:
        assert [shapes[i] for i in names.find(control, list(shapes))] == list(moved), control


class TestLive:
    def test_attributes_follow_the_frames(
        self, maya: tuple[FakeMaya, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        fake, scripts = maya
        port = free_port()
        scripts.start("head", "teeth", port=port, head="neck", record=True)
        controls = ARKIT_52.neutral(1)[0]
        controls[[ARKIT_52.index["jawOpen"], ARKIT_52.index["eyeBlinkLeft"]]] = 0.25, 0.5
        with closing(open_output(f"maya:{port}", Take(ARKIT_52, 60.0, 16_000))) as output:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                for content in NO_FRAMES:
                    other.sendto(content, ("127.0.0.1", port))
            output.send(Frame(0.5, 116.0, controls, (0.0, 0.1, 0.0)))
            end = time.monotonic() + 5
            while "neck.rotateZ" not in fake.attributes:
                assert time.monotonic() < end
                time.sleep(0.01)
        scripts.stop()
        assert fake.attributes["head.head_jawOpen"] == fake.attributes["teeth.jawOpen"] == 0.25
        assert fake.attributes["head.eyeBlink_Left"] == 0.5
        assert fake.attributes["head.MouthClose"] == 0
        assert fake.attributes["neck.rotateX"] == pytest.approx(5.7296, abs=1e-3)
        assert ("teeth.jawOpen", "0.500000sec") in fake.keys
        assert "no target for eyeLookDownLeft" in capsys.readouterr().out

    def test_only_frames_are_read(self, maya: tuple[FakeMaya, Any]) -> None:
        receiver = importlib.import_module("marotte_maya.receiver")
        assert [receiver.read_frame(content) for content in NO_FRAMES] == [None] * len(NO_FRAMES)

    def test_a_port_in_use_is_named(self, maya: tuple[FakeMaya, Any]) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            port = other.getsockname()[1]
            with pytest.raises(ValueError, match=f"UDP port {port} can't be opened"):
                maya[1].start("teeth", port=port)

    def test_node_name_is_required(self, maya: tuple[FakeMaya, Any]) -> None:
        with pytest.raises(ValueError, match="name a blendShape node"):
            maya[1].start(port=free_port())


class TestKeys:
    @pytest.mark.parametrize("kind", ["json", "csv"])
    def test_keys_are_the_take(self, maya: tuple[FakeMaya, Any], tmp_path: Path, kind: str) -> None:
        fake, scripts = maya
        animation = make_animation()
        path = tmp_path / f"take.{kind}"
        (a2f_json if kind == "json" else livelink_csv).write(animation, path)
        sound = tmp_path / "voice.wav"
        sound.touch()
        head = "neck" if kind == "csv" else None
        missing = scripts.load(str(path), "head", "teeth", start=100, head=head, sound=str(sound))
        assert len(missing) == 49
        frames = 100 + animation.times * FPS
        for attribute, control in (
            ("head.head_jawOpen", "jawOpen"),
            ("teeth.jawOpen", "jawOpen"),
            ("head.eyeBlink_Left", "eyeBlinkLeft"),
        ):
            keys = keys_of(fake, attribute)
            got = np.interp(frames, list(keys), list(keys.values()))
            assert got == pytest.approx(animation[control], abs=1e-5)
        assert len(keys_of(fake, "head.eyeBlink_Left")) == 6
        if head:
            assert list(keys_of(fake, "neck.rotateX").values()) == pytest.approx([5.7296] * 2, 1e-4)
        assert (fake.chunks, fake.max_time) == (["open", "close"], 124)
        assert fake.sounds == [(str(sound), 100)]

    def test_keys_are_replaced_only_if_asked(
        self, maya: tuple[FakeMaya, Any], tmp_path: Path
    ) -> None:
        fake, scripts = maya
        fake.keys["teeth.jawOpen", 7.1] = 0.5
        a2f_json.write(make_animation(), tmp_path / "take.json")
        with pytest.raises(
            ValueError, match=r"1 attributes have keys already, e\.g\. teeth\.jawOpen"
        ):
            scripts.load(tmp_path / "take.json", "teeth")
        assert (fake.keys, fake.chunks) == ({("teeth.jawOpen", 7.1): 0.5}, [])
        scripts.load(tmp_path / "take.json", "teeth", replace=True)
        assert 7.1 not in [time for _, time in fake.keys]
        assert min(keys_of(fake, "teeth.jawOpen")) == 1.0  # where the playback range starts

    def test_errors_say_what_to_do(self, maya: tuple[FakeMaya, Any], tmp_path: Path) -> None:
        fake, scripts = maya
        take = tmp_path / "take.json"
        a2f_json.write(make_animation(), take)
        for nodes, options, sentence in (
            ((), {}, "name a blendShape node"),
            (("nothing",), {}, "nothing is not a blendShape node"),
            (("other",), {}, "none of the targets of other"),
            (("teeth",), {"head": "neck"}, "the take has no head"),
            (("teeth",), {"sound": "no.wav"}, "there is no sound no.wav"),
        ):
            with pytest.raises(ValueError, match=sentence):
                scripts.load(take, *nodes, **options)
        assert not fake.keys

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.txt", "x"),
            ("a.json", "{"),
            ("a.json", '{"exportFps": 30, "facsNames": ["a"], "weightMat": [[1, 2]]}'),
            ("a.json", "[]"),
            ("a.csv", ""),
            ("a.csv", "apples,pears\n1,2\n"),
            ("a.csv", "Timecode,BlendShapeCount,JawOpen\n0:0,61,1\n"),
        ],
    )
    def test_what_is_not_a_take_is_refused(
        self, maya: tuple[FakeMaya, Any], tmp_path: Path, name: str, content: str
    ) -> None:
        (tmp_path / name).write_text(content)
        with pytest.raises(ValueError, match="is not a take"):
            maya[1].load(tmp_path / name, "teeth")

    def test_visemes_of_other_rigs(self, maya: tuple[FakeMaya, Any], tmp_path: Path) -> None:
        rig = Rig("x", ("smirk",), (0.0,), (1.0,), ())
        animation = replace(make_animation(), rig=rig, controls=np.ones((61, 1), np.float32))
        a2f_json.write(animation, tmp_path / "take.json")
        assert maya[1].load(tmp_path / "take.json", "other") == []
        assert len(keys_of(maya[0], "other.smirk")) == 2

"""The Unity package compiles and runs against stand-ins for Unity, with what Marotte sends."""

from __future__ import annotations

import json
import math
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from receiver_cases import NAMES, NO_FRAMES

from marotte.export import unity_anim
from marotte.face.animation import Animation, Frame, Scene
from marotte.face.rig import ARKIT_52, Rig
from marotte.realtime.outputs import Take, open_output

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "integrations" / "unity"
STAND_INS = Path(__file__).parent / "unity"
TAKE = Take(ARKIT_52, 60.0, 16_000)
needs_mono = pytest.mark.skipif(
    not (shutil.which("mcs") and shutil.which("mono")), reason="no mono-mcs here"
)


def spoken_frame() -> Frame:
    controls = ARKIT_52.neutral(1)[0]
    for name, value in (("jawOpen", 0.25), ("eyeBlinkLeft", 0.5), ("mouthPucker", 1.0)):
        controls[ARKIT_52.index[name]] = value
    return Frame(0.5, 80.0, controls, (math.pi / 2, 0.0, 0.0))


class TestPackage:
    def test_every_file_and_folder_has_a_meta_file(self) -> None:
        guids = []
        for path in PACKAGE.rglob("*"):
            if path.suffix == ".meta":
                assert path.with_suffix("").exists(), path
                continue
            meta = path.with_name(path.name + ".meta").read_text(encoding="ascii")
            found = re.match(r"fileFormatVersion: 2\nguid: ([0-9a-f]{32})\n", meta)
            assert found is not None, path
            assert ("folderAsset: yes" in meta) == path.is_dir()
            guids.append(found[1])
        assert len(guids) == len(set(guids))
        assert len(guids) > 10

    def test_manifest(self) -> None:
        manifest = json.loads((PACKAGE / "package.json").read_text())
        assert f"Version {manifest['version']}, MIT" in (PACKAGE / "README.md").read_text("utf-8")
        assert f"## [{manifest['version']}]" in (PACKAGE / "CHANGELOG.md").read_text()
        for path in PACKAGE.rglob("*.asmdef"):
            assert json.loads(path.read_text())["name"] == path.stem

    def test_names_are_arkits(self) -> None:
        source = (PACKAGE / "Runtime" / "FrameDecoder.cs").read_text()
        listed = source[source.index("ArkitNames = {") : source.index("string[] names = ")]
        assert tuple(re.findall(r'"(\w+)"', listed)) == ARKIT_52.names


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Compile the package with stand-ins for Unity; return the command that runs it."""
    path = tmp_path_factory.mktemp("unity") / "Program.exe"
    sources = [*STAND_INS.glob("*.cs"), *PACKAGE.rglob("*.cs")]
    flags = ["-langversion:7", "-warnaserror", f"-out:{path}"]
    subprocess.run(["mcs", *flags, *map(str, sources)], check=True)
    return ["mono", str(path)]


def free_port(kind: int = socket.SOCK_DGRAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def receiving(program: list[str], *arguments: str) -> Iterator[Callable[[], str]]:
    """Run the receiver; give a function that waits for its end and returns what it printed."""
    with subprocess.Popen(
        [*program, *arguments], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield lambda: process.communicate(timeout=60)[0]
        process.kill()


def weights(printed: str) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in printed.splitlines() if " " in line)


def check_spoken(printed: str) -> None:
    """Check that the character shows `spoken_frame()`."""
    shown = weights(printed)
    assert float(shown["Eve.M_JawOpen"]) == pytest.approx(25)
    assert float(shown["eyeBlink_L"]) == pytest.approx(50)
    assert float(shown["pout"]) == pytest.approx(50)  # a gain of 0.5 in the table
    assert shown["other"] == "-"
    # A quarter turn to the face's left, about the y axis of Unity's left-handed space.
    half = math.sqrt(0.5)
    assert [float(x) for x in shown["head"].split()] == pytest.approx([0, -half, 0, half], abs=1e-4)
    assert "Info: 3 of ARKit's 52 controls move this face." in printed


@needs_mono
class TestRunning:
    def test_names(self, program: list[str], tmp_path: Path) -> None:
        lines = [f"{control}|{','.join(shapes)}" for control, shapes, _ in NAMES]
        (tmp_path / "names").write_text("\n".join(lines))
        run = [*program, "names", str(tmp_path / "names")]
        got = subprocess.run(run, check=True, capture_output=True, text=True).stdout.split("\n")
        assert got[:-1] == [",".join(moved) for _, _, moved in NAMES]

    @pytest.mark.parametrize("output", ["livelink", "udp"])
    def test_datagrams_move_the_face(self, program: list[str], output: str) -> None:
        port = free_port()
        with receiving(program, "udp", str(port)) as printed:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                for content in NO_FRAMES:
                    other.sendto(content, ("127.0.0.1", port))
            with closing(open_output(f"{output}:{port}", TAKE)) as sender:
                sender.send(spoken_frame())
            text = printed()
        check_spoken(text)
        assert weights(text)["frames"] == "1"
        assert weights(text)["unmatched"] == "49"

    def test_websocket_moves_the_face(self, program: list[str]) -> None:
        port = free_port(socket.SOCK_STREAM)
        # The receiver starts before the server is there, and must try again.
        with (
            receiving(program, "websocket", f"ws://127.0.0.1:{port}/socket") as printed,
            closing(open_output(f"websocket:{port}", TAKE)) as sender,
        ):
            frame = spoken_frame()
            for k in range(180):
                sender.send(replace(frame, time_s=k / 30))
                sender.send_samples(np.zeros(160, np.float32), 160 * k)
                time.sleep(1 / 30)
            text = printed()
        check_spoken(text)
        assert "No connection" not in text

    def test_the_command_moves_the_face(
        self, program: list[str], write_sound: Callable[..., Path]
    ) -> None:
        port = free_port()
        sound = str(write_sound("voice.wav"))
        live = [sys.executable, "-m", "marotte", "live", "--input", sound]
        with receiving(program, "udp", str(port)) as printed:
            subprocess.run([*live, "-o", f"livelink:{port}"], check=True, stderr=subprocess.PIPE)
            text = printed()
        assert int(weights(text)["frames"]) > 5
        assert weights(text)["Eve.M_JawOpen"] != "-"

    def test_a_clip_is_fitted_to_the_face(self, program: list[str]) -> None:
        run = [*program, "clip"]
        text = subprocess.run(run, check=True, capture_output=True, text=True).stdout
        # This mesh's blend shapes are full at 1, not at 100.
        assert "Body|blendShape.Eve.M_JawOpen 0.5 0.5 0.2" in text
        assert "Body|blendShape.pout 0.5 0.25 0.1" in text
        assert "warning: Marotte: no blend shape for tongueOut" in text


def test_an_independent_parser_reads_clips(tmp_path: Path) -> None:
    unityparser = pytest.importorskip("unityparser", reason="needs unityparser")
    rig = Rig("lips", ("jawOpen", "öffnen: a"), (0.0, 0.0), (1.0, 1.0), ())
    controls = np.random.default_rng(3).random((6, 2)).astype(np.float32)
    animation = Animation(controls, 30.0, rig, scene=Scene("Body/Face mesh"))
    unity_anim.write(animation, tmp_path / "a.anim")
    clip = unityparser.UnityDocument.load_yaml(tmp_path / "a.anim").entry
    assert (clip.__class__.__name__, clip.anchor) == ("AnimationClip", "7400000")
    assert float(clip.m_AnimationClipSettings["m_StopTime"]) == pytest.approx(5 / 30)
    for curves in (clip.m_FloatCurves, clip.m_EditorCurves):
        for name, values, curve in zip(rig.names, controls.T, curves, strict=True):
            assert curve["attribute"] == f"blendShape.{name}"
            assert (curve["path"], int(curve["classID"])) == ("Body/Face mesh", 137)
            keys = curve["curve"]["m_Curve"]
            assert [float(key["value"]) for key in keys] == pytest.approx(100 * values, abs=1e-3)
    bindings = clip.m_ClipBindingConstant["genericBindings"]
    assert [int(each["typeID"]) for each in bindings] == [137, 137]

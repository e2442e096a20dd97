"""What Marotte writes and sends is what the modules of the Blender extension read.

The extension's own tests are in integrations/blender/tests; those need Blender.
"""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from receiver_cases import NAMES, NO_FRAMES

from marotte.export import naming
from marotte.face.animation import Animation, Frame
from marotte.face.rig import ARKIT_52, ARKIT_NAMES
from marotte.face.visemes import VISEMES
from marotte.realtime.outputs import Take, open_output

FOLDER = Path(__file__).parents[2] / "integrations" / "blender"

# The extension's package imports Blender; this one has the same modules without it.
_package = ModuleType("marotte_blender_modules")
_package.__path__ = [str(FOLDER / "marotte")]
sys.modules[_package.__name__] = _package

from marotte_blender_modules import curve_files, live_sources, names  # noqa: E402

FPS = 60.0
TAKE = Take(ARKIT_52, FPS, 16_000)


def controls() -> np.ndarray:
    return np.random.default_rng(0).random((7, 52), np.float32)


def test_the_manifest_has_the_readmes_version() -> None:
    manifest = (FOLDER / "marotte" / "blender_manifest.toml").read_text(encoding="utf-8")
    (version,) = re.findall(r'^version = "(.+)"$', manifest, re.MULTILINE)
    assert f"\nVersion {version}, " in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_names_are_marottes() -> None:
    assert names.ARKIT == ARKIT_NAMES
    assert names.VISEMES == VISEMES
    assert names.VRM == naming.VRM


@pytest.mark.parametrize("case", [case for case in NAMES if case[0] != "aa"])
def test_names_match_as_in_the_other_hosts(case: Any) -> None:
    curve, keys, moved = case
    assert tuple(names.match([curve], keys).drives) == moved


@pytest.mark.parametrize("kind", naming.NAMINGS)
def test_each_naming_matches_a_mesh_that_has_it(kind: str) -> None:
    silent = Animation(ARKIT_52.neutral(1), FPS, ARKIT_52)
    curves = naming.in_naming(silent, kind).names
    assert names.naming(curves) == ("oculus" if kind == "rpm" else kind)
    # `--names oculus` is asked for where a mesh has Ready Player Me's names.
    asked = naming.in_naming(silent, names.naming(curves)).names
    assert set(names.match(asked, curves).drives) == set(curves)


@pytest.mark.parametrize("ending", curve_files.ENDINGS)
def test_files_are_read(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"face{ending}"
    Animation(controls(), FPS, ARKIT_52).save(path)
    curves = curve_files.read(path)
    columns = [names.match(curves.names, [name]).drives[name] for name in ARKIT_NAMES]
    order = [curves.names.index(next(iter(column))) for column in columns]
    np.testing.assert_allclose(curves.values[:, order], controls(), atol=1e-6)
    np.testing.assert_allclose(curves.time_s, np.arange(7) / FPS, atol=1e-5)


def test_recorded_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "take.json"
    output = open_output(f"json:{path}", TAKE)
    for number, values in enumerate(controls()):
        output.send(Frame(number / FPS, 80.0, values))
    output.close()
    curves = curve_files.read(path)
    assert tuple(curves.names) == ARKIT_NAMES
    np.testing.assert_allclose(curves.values, controls(), atol=1e-4)


@pytest.mark.parametrize("message", NO_FRAMES)
def test_other_datagrams_are_no_frames(message: bytes) -> None:
    source = live_sources.UdpSource(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(message, ("127.0.0.1", source.port))
        time.sleep(0.01)
        assert source.read() == []
    source.close()


@contextmanager
def udp(kind: str) -> Iterator[Any]:
    source = live_sources.UdpSource(0)
    output = open_output(f"{kind}:{source.port}", TAKE)
    yield source, output
    output.close()
    source.close()


@contextmanager
def websocket(_kind: str) -> Iterator[Any]:
    pytest.importorskip("uvicorn")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    output = open_output(f"websocket:{port}", TAKE)
    source = live_sources.WebSocketSource(f"http://127.0.0.1:{port}/")
    yield source, output
    source.close()
    output.close()


@pytest.mark.parametrize(
    ("kind", "connect"), [("udp", udp), ("livelink", udp), ("websocket", websocket)]
)
def test_live_frames_arrive(kind: str, connect: Any) -> None:
    frames, end = [], time.monotonic() + 20
    with connect(kind) as (source, output):
        while not frames and time.monotonic() < end:
            output.send(Frame(0.5, 80.0, controls()[0]))  # a page gets what is sent after it joins
            time.sleep(0.01)
            frames += source.read()
    assert tuple(frames[0].controls) == ARKIT_NAMES
    np.testing.assert_allclose(list(frames[0].controls.values()), controls()[0], atol=1e-4)
    if kind != "livelink":  # its time is that of the day
        assert frames[0].time_s == 0.5

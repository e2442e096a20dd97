"""The extension for tests: its modules alone, or installed in Blender (package `bpy`)."""

import importlib
import os
import re
import stat
import struct
import subprocess
import sys
import types
import wave
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1]
FAKE_PROGRAM = """#!{python}
import json, sys
from pathlib import Path
import numpy as np
arguments = sys.argv[1:]
Path({log!r}).write_text(json.dumps(arguments))
if "--version" in arguments:
    sys.exit(print("marotte 0.2.0"))
if Path(arguments[1]).stat().st_size == 0:
    sys.exit("marotte: " + arguments[1] + " is empty")
def option(name, default):
    return arguments[arguments.index(name) + 1] if name in arguments else default
fps, names = float(option("--fps", 60)), option("--names", "arkit")
names = {{"oculus": ["sil", "PP", "aa"], "vrm": ["aa", "ih", "blinkLeft"]}}.get(
    names, ["jawOpen", "mouthSmileLeft", "browDownLeft", "cheekPuff"])
values = np.zeros((round(fps), len(names)), np.float32)
values[:, 0] = np.arange(len(values)) / len(values)
np.savez(option("-o", ""), controls=values, names=np.array(names), fps=fps)
"""


def pytest_configure():
    """Make the modules that need no Blender importable, as a package without its __init__."""
    package = types.ModuleType("marotte_blender")
    package.__path__ = [str(FOLDER / "marotte")]
    sys.modules["marotte_blender"] = package


@pytest.fixture(scope="session")
def fake_program(tmp_path_factory):
    """Return a program that stands for marotte, and the file of its last arguments."""
    folder = tmp_path_factory.mktemp("program")
    path, log = folder / "marotte", folder / "arguments.json"
    path.write_text(FAKE_PROGRAM.format(python=sys.executable, log=str(log)))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path, log


@pytest.fixture(scope="session")
def bpy(tmp_path_factory):
    """Return Blender with empty preferences; skip where there is none."""
    os.environ["BLENDER_USER_RESOURCES"] = str(tmp_path_factory.mktemp("user"))
    return pytest.importorskip(
        "bpy", reason="Blender is missing: pip install bpy (Python 3.11, 370 MB)"
    )


@pytest.fixture(scope="session")
def blender_ext(bpy):
    """Return how to call Blender's own tool for extensions."""
    scripts = Path(bpy.utils.system_resource("SCRIPTS"))
    return [sys.executable, str(scripts / "addons_core/bl_pkg/cli/blender_ext.py")]


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory):
    """Return the extension as the README says to make it."""
    path = tmp_path_factory.mktemp("zip") / "marotte.zip"
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"python3? -m zipfile -c (.*) (\S+/marotte)/?`", readme)
    command = [sys.executable, "-m", "zipfile", "-c", str(path), line[1]]
    subprocess.run(command, check=True, cwd=FOLDER.parents[1])
    return path


@pytest.fixture(scope="session")
def extension(bpy, extension_zip):
    """Install the extension, enable it, and return a function that imports its modules."""
    result = bpy.ops.extensions.package_install_files(
        filepath=str(extension_zip), repo="user_default", enable_on_install=True
    )
    assert result == {"FINISHED"}
    return lambda name: importlib.import_module(f"bl_ext.user_default.marotte.{name}")


@pytest.fixture
def scene(bpy, extension):
    """Return an empty scene of 24 frames per second that begins at frame 1."""
    extension("live").close()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end, scene.render.fps = 1, 10, 24
    return scene


@pytest.fixture
def make_face(bpy, scene):
    """Return a function that makes an active mesh with shape keys."""

    def make(*names, name="Face"):
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
        face = bpy.data.objects.new(name, mesh)
        scene.collection.objects.link(face)
        for key in ("Basis", *names):
            block = face.shape_key_add(name=key)
            block.data[0].co.z, block.value = key != "Basis", 0  # Blender 5 begins with 1
        face.select_set(True)
        bpy.context.view_layer.objects.active = face
        return face

    return make


@pytest.fixture
def curve_file(tmp_path):
    """Return a function that writes curves at 60 frames per second: a ramp from 0 to 1."""

    def write(names=("JawOpen", "MouthSmileLeft"), n_frames=121, fps=60.0):
        values = np.zeros((n_frames, len(names)))
        values[:, 0] = np.linspace(0, 1, n_frames)
        path = tmp_path / "hello.npz"
        np.savez(path, controls=values, names=np.array(names), fps=fps)
        return str(path)

    return write


@pytest.fixture
def voice(tmp_path):
    """Return a sound of one second."""
    path = tmp_path / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(struct.pack("<16000h", *range(16000)))
    return path


@pytest.fixture
def program(bpy, extension, fake_program):
    """Name the fake program in the preferences; return the file of its last arguments."""
    preferences = extension("preferences").of(bpy.context)
    preferences.program = str(fake_program[0])
    yield fake_program[1]
    preferences.program = ""

"""A .glb to FBX and Alembic: what Blender reads back moves as the source does."""

import importlib.util
import json
import re
import shlex
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1]
JAW = [0.0, 0.5, 1.0, 0.25]


def write_glb(path, fps):
    """Write a triangle with two blend shapes, of which the first moves."""
    rest = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "<f4")
    shapes = [np.array([[0, 0, z]] * 3, "<f4") for z in (1, 2)]
    times, weights = np.arange(len(JAW), dtype="<f4") / fps, np.zeros((len(JAW), 2), "<f4")
    weights[:, 0] = JAW
    arrays, views, accessors, start = [rest, *shapes, times, weights], [], [], 0
    for array in arrays:
        views.append({"buffer": 0, "byteOffset": start, "byteLength": array.nbytes})
        vector = array.shape[1:] == (3,)
        accessors.append(
            {"bufferView": len(accessors), "componentType": 5126, "type": "VEC3" if vector else
             "SCALAR", "count": len(array) if vector else array.size,
             "min": array.reshape(-1, 3 if vector else 1).min(0).tolist(),
             "max": array.reshape(-1, 3 if vector else 1).max(0).tolist()}
        )  # fmt: skip
        start += array.nbytes
    primitive = {"attributes": {"POSITION": 0}, "targets": [{"POSITION": 1}, {"POSITION": 2}]}
    sampler = {"input": 3, "output": 4, "interpolation": "LINEAR"}
    channel = {"sampler": 0, "target": {"node": 0, "path": "weights"}}
    names = {"targetNames": ["jawOpen", "mouthClose"]}
    document = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "head"}], "buffers": [{"byteLength": start}],
        "meshes": [{"primitives": [primitive], "weights": [0, 0], "extras": names}],
        "bufferViews": views, "accessors": accessors,
        "animations": [{"name": "speech", "samplers": [sampler], "channels": [channel]}],
    }  # fmt: skip
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    data = b"".join(array.tobytes() for array in arrays)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(data), b"BIN\0") + data
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)


def readme_command():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^blender --background --python (.*convert\.py -- .*)$", readme, re.M)
    return shlex.split(line.replace(" -- ", " "))


def test_the_readmes_line_converts_to_fbx_and_alembic(bpy, tmp_path):
    write_glb(tmp_path / "hello.glb", 60)
    script, *files = readme_command()
    command = [sys.executable, str(FOLDER.parents[1] / script), *files]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = 60
    bpy.ops.import_scene.fbx(filepath=str(tmp_path / "hello.fbx"))
    (face,) = [each for each in bpy.data.objects if each.type == "MESH"]
    keys = face.data.shape_keys.key_blocks
    assert list(keys.keys())[1:] == ["jawOpen", "mouthClose"]
    action = face.data.shape_keys.animation_data.action
    first = action.frame_range[0]
    jaw = []
    for frame in range(len(JAW)):
        scene.frame_set(int(first) + frame)
        jaw.append(keys["jawOpen"].value)
    assert jaw == pytest.approx(JAW, abs=1e-4)

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = 60
    bpy.ops.wm.alembic_import(filepath=str(tmp_path / "hello.abc"))
    (face,) = [each for each in bpy.data.objects if each.type == "MESH"]
    depths = []
    for frame in range(len(JAW)):
        scene.frame_set(frame)
        moved = face.evaluated_get(bpy.context.evaluated_depsgraph_get())
        depths.append([-(moved.matrix_world @ vertex.co).y for vertex in moved.data.vertices])
    assert np.array(depths) == pytest.approx(np.tile(JAW, (3, 1)).T, abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none.glb", "a.fbx"], "there is no file none.glb"),
        (["none.glb", "a.obj"], "a.obj must end in .fbx or .abc"),
    ],
)
def test_wrong_arguments(bpy, capsys, arguments, sentence):
    spec = importlib.util.spec_from_file_location("convert", FOLDER / "convert.py")
    convert = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(convert)
    with pytest.raises(SystemExit) as error:
        convert.main(arguments)
    assert error.value.code == 2
    assert sentence in capsys.readouterr().err

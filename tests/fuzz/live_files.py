"""Files that the live path reads: how to write whole ones, and how they are read."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from synthetic import make_voice, write_tiny

# Sounds


def sound(name: str, **options: Any) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        import soundfile

        voice = make_voice(0.5, 24_000)
        soundfile.write(folder / name, np.stack([voice, voice / 2], 1), 24_000, **options)

    return write


def write_m4a(folder: Path) -> None:
    import av

    with av.open(str(folder / "voice.m4a"), "w") as container:
        stream: Any = container.add_stream("aac", rate=24_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(make_voice(0.5)[None], format="fltp", layout="mono")
        frame.sample_rate = 24_000
        for each in (frame, None):
            container.mux(stream.encode(each))


def read_sound(folder: Path) -> None:
    from marotte.audio.recording import open_recording

    [path] = folder.iterdir()
    for block in open_recording(path).blocks():
        assert np.isfinite(block).all()


# Faces


def write_glb(folder: Path) -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], "<f4")
    faces = np.array([0, 1, 2, 0, 2, 3], "<u2")
    arrays = [points, faces, points / 8, points / 4]
    views, data = [], b""
    for array in arrays:
        views.append({"buffer": 0, "byteOffset": len(data), "byteLength": array.nbytes})
        data += array.tobytes()
    accessors = [
        {"bufferView": view, "componentType": 5123 if array is faces else 5126,
         "count": len(array), "type": "SCALAR" if array is faces else "VEC3"}
        for view, array in enumerate(arrays)
    ]  # fmt: skip
    targets = [{"POSITION": 2}, {"POSITION": 3}]
    primitive = {"attributes": {"POSITION": 0}, "indices": 1, "targets": targets}
    tree = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "scale": [0.1, 0.1, 0.1]}],
        "meshes": [
            {"primitives": [primitive], "extras": {"targetNames": ["jawOpen", "mouthPucker"]}}
        ],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(data)}],
    }
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sIIII", b"glTF", 2, 28 + len(text) + len(data), len(text), 0x4E4F534A)
    (folder / "head.glb").write_bytes(head + text + struct.pack("<I4s", len(data), b"BIN\0") + data)


def read_head(folder: Path) -> None:
    from marotte.face.loading import load_head

    head = load_head(folder / "head.glb")
    assert np.isfinite(head.neutral).all()
    assert np.isfinite(head.deltas).all()
    assert head.faces.max(initial=0) < len(head.neutral)


def write_rig(folder: Path) -> None:
    controls = [{"name": "jaw", "min": 0, "max": 1.5, "speech": True}, {"name": "brow"}]
    (folder / "rig.json").write_text(json.dumps({"name": "two", "controls": controls}))


def read_rig(folder: Path) -> None:
    from marotte.face.loading import load_rig

    rig = load_rig(folder / "rig.json")
    assert np.isfinite(rig.clamp(rig.neutral(2))).all()


RETARGET = """gain = 1.5
smoothing_ms = 20
[controls.jawOpen]
name = "Jaw"
gain = 1.2
offset = 0.1
"""


def read_retarget(folder: Path) -> None:
    from marotte.face.rig import ARKIT_52
    from marotte.postprocess.retarget import load_retarget

    load_retarget(folder / "face.toml", ARKIT_52)


def write_mesh(folder: Path) -> None:
    from marotte.face.mesh import Mesh

    components = np.zeros((2, 12), np.float32)
    components[0, 0] = components[1, 4] = 1
    Mesh(
        "two", np.arange(12, dtype=np.float32), components, 30.0, 0.9, 1.0, (0, 1), (0, 1, 2)
    ).save(folder / "mesh.npz")


def read_mesh(folder: Path) -> None:
    from marotte.face.mesh import load_mesh

    mesh = load_mesh(folder / "mesh.npz")
    assert np.isfinite(mesh.rest).all()
    assert np.isfinite(mesh.components).all()


# Networks


def read_student(folder: Path) -> None:
    from marotte.model.session import load_student

    student = load_student(folder / "student.onnx", rig=None)
    windows = np.zeros((1, student.window.n_samples), np.float32)
    assert np.isfinite(student.predict(windows)).all()


def write_student(folder: Path) -> None:
    write_tiny(folder / "student.onnx")

"""GLB files of other heads are read; damaged ones are errors."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from synthetic import pose

from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_NAMES


@pytest.fixture(scope="module")
def head():
    return load_head()


def glb_of(head, names, scale=0.001, sparse=False):
    """Return a head as a GLB file in metres. The code shares nothing with the product's writer."""
    binary, views, accessors = bytearray(), [], []

    def view(array):
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": array.nbytes})
        binary.extend(array.tobytes() + bytes(-array.nbytes % 4))
        return len(views) - 1

    def accessor(array, component, kind):
        entry = {"componentType": component, "type": kind, "count": len(array)}
        moved = np.flatnonzero(array.any(1)) if sparse and kind == "VEC3" else None
        if moved is None or len(moved) > len(array) // 2:
            entry["bufferView"] = view(array)
        else:
            entry["sparse"] = {
                "count": len(moved),
                "indices": {"bufferView": view(moved.astype("<u4")), "componentType": 5125},
                "values": {"bufferView": view(array[moved])},
            }
        accessors.append(entry)
        return len(accessors) - 1

    primitive = {
        "attributes": {
            "POSITION": accessor(head.neutral, 5126, "VEC3"),
            "COLOR_0": accessor(head.colours**2.2, 5126, "VEC3"),
        },
        "indices": accessor(head.triangles.reshape(-1, 1).astype("<u4"), 5125, "SCALAR"),
        "targets": [{"POSITION": accessor(delta, 5126, "VEC3")} for delta in head.deltas],
        "material": 0,
    }
    description = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"children": [1], "scale": [scale] * 3}, {"mesh": 0}],
        "meshes": [{"primitives": [primitive], "extras": {"targetNames": names}}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [1, 0, 1, 1]}}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    text = json.dumps(description).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
    chunks += struct.pack("<II", len(binary), 0x004E4942) + binary
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


@pytest.mark.parametrize("sparse", [False, True])
def test_glb_gives_the_same_head(head, tmp_path, sparse):
    names = [name.replace("Left", "_L").replace("Right", "_R") for name in ARKIT_NAMES]
    path = tmp_path / "other.glb"
    path.write_bytes(glb_of(head, names, sparse=sparse))
    other = load_head(path)
    assert other.name == "other"
    assert other.names == head.names
    np.testing.assert_allclose(other.neutral, head.neutral, atol=1e-3)
    np.testing.assert_allclose(other.deltas, head.deltas, atol=1e-3)
    np.testing.assert_array_equal(other.triangles, head.triangles)
    np.testing.assert_allclose(other.colours, head.colours * [1, 0, 1], atol=1e-3)
    opened = other.lip_gap(pose(jawOpen=1), ARKIT_NAMES) - other.lip_gap(pose(), ARKIT_NAMES)
    assert opened == pytest.approx(34.5, abs=1.5), "the lips are found by their movement"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"RIFF----", "is not a GLB file"),
        (b"glTF", "damaged or cut short"),
        (b"glTF" + struct.pack("<II", 2, 4000), "damaged or cut short"),
    ],
)
def test_file_that_is_not_a_head_is_an_error(tmp_path, content, message):
    path = tmp_path / "bad.glb"
    path.write_bytes(content)
    with pytest.raises(MarotteError, match=message):
        load_head(path)


def test_truncated_glb_and_one_without_targets_are_errors(head, tmp_path):
    path = tmp_path / "cut.glb"
    small = replace(head, deltas=head.deltas[:1], names=head.names[:1])
    content = glb_of(small, list(small.names))
    for n_bytes in range(4, len(content), len(content) // 10):
        path.write_bytes(content[:n_bytes])
        with pytest.raises(MarotteError, match="damaged or cut short"):
            load_head(path)
    path.write_bytes(glb_of(replace(head, deltas=head.deltas[:0], names=()), []))
    with pytest.raises(MarotteError, match="no named morph targets"):
        load_head(path)
    with pytest.raises(MarotteError, match="can't read the head"):
        load_head(tmp_path / "missing.glb")


def test_head_without_jaw_open_has_no_lip_gap(head, tmp_path):
    path = tmp_path / "stiff.glb"
    path.write_bytes(glb_of(replace(head, deltas=head.deltas[:1], names=("smile",)), ["smile"]))
    with pytest.raises(MarotteError, match=r"lips of head .* are unknown"):
        load_head(path).lip_gap_weights(["smile"])


def small_glb(accessors, views, **more):
    """Return a head of one triangle strip whose arrays are described by hand; 160 bytes of data."""
    primitive = {"attributes": {"POSITION": 0}, "targets": [{"POSITION": 1}]}
    description = {
        "nodes": [{"mesh": 0}],
        "meshes": [{"extras": {"targetNames": ["jawOpen"]}, "primitives": [primitive]}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": 160}],
        **more,
    }
    text = json.dumps(description).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
    chunks += struct.pack("<II", 160, 0x004E4942) + bytes(160)
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def rows(count, **more):
    return {"componentType": 5126, "count": count, "type": "VEC3", **more}


def sparse(count, indices=5125, **more):
    return {
        "count": count,
        "indices": {"bufferView": 0, "componentType": indices, **more},
        "values": {"bufferView": 0},
    }


VIEW = {"buffer": 0, "byteLength": 160}


@pytest.mark.parametrize(
    ("accessors", "view"),
    [
        ([rows(6), rows(6, bufferView=0)], {"byteStride": -(2**62)}),
        ([rows(6), rows(6, bufferView=0)], {"byteStride": 2**62}),
        ([rows(6), rows(6, bufferView=0)], {"byteStride": 4}),
        ([rows(6), rows(6, bufferView=0)], {"byteStride": 12.0}),
        ([rows(6), rows(6, bufferView=0)], {"byteOffset": -12}),
        ([rows(6), rows(6, bufferView=0, byteOffset=-12)], {}),
        ([rows(6), rows(6, bufferView=0, byteOffset=2**64)], {}),
        ([rows(6), rows(6, bufferView=0)], {"byteOffset": 100}),
        ([rows(15), rows(15, bufferView=0)], {}),
        ([rows(-1), rows(-1)], {}),
        ([rows(2**31), rows(2**31)], {}),
        ([rows(2**70), rows(2**70)], {}),
        ([rows(True), rows(True)], {}),
        ([rows(6), rows(3)], {}),
        ([rows(6), rows(6, sparse=sparse(7))], {}),
        ([rows(6), rows(6, sparse=sparse(2, indices=5124))], {}),
        ([rows(6), rows(6, sparse=sparse(2, indices=5120))], {}),
        ([rows(6), rows(6, sparse=sparse(2, byteOffset=2**40))], {}),
    ],
)
def test_impossible_strides_counts_and_offsets_are_errors(tmp_path, accessors, view):
    path = tmp_path / "lie.glb"
    path.write_bytes(small_glb(accessors, [{**VIEW, **view}]))
    with pytest.raises(MarotteError, match="damaged or cut short"):
        load_head(path)


def test_many_vertices_in_the_middle_need_little_memory(tmp_path):
    path = tmp_path / "many.glb"
    path.write_bytes(small_glb([rows(99_999), rows(99_999)], []))
    assert load_head(path).upper_lip is None


def test_arrays_are_not_much_larger_than_the_file(tmp_path):
    names = [f"name{k}" for k in range(5000)]
    meshes = [{"extras": {"targetNames": names}, "primitives": small_primitives()}]
    path = tmp_path / "large.glb"
    path.write_bytes(small_glb([rows(99_999), rows(99_999)], [], meshes=meshes))
    with pytest.raises(MarotteError, match="far larger than the file"):
        load_head(path)


def small_primitives():
    return [{"attributes": {"POSITION": 0}, "targets": [{"POSITION": 1}]}]


def test_circles_of_nodes_and_deep_json_end(tmp_path):
    path = tmp_path / "circle.glb"
    nodes = [{"mesh": 0, "children": [0] * 100}, {"children": [0, 1]}]
    path.write_bytes(small_glb([rows(6), rows(6)], [], nodes=nodes))
    assert len(load_head(path).neutral) == 6
    text = b"[" * 500_000
    content = struct.pack("<II", len(text), 0x4E4F534A) + text
    path.write_bytes(b"glTF" + struct.pack("<II", 2, 12 + len(content)) + content)
    with pytest.raises(MarotteError, match="nested too deeply"):
        load_head(path)


def test_values_that_are_not_finite_are_errors(head, tmp_path):
    path = tmp_path / "nan.glb"
    neutral = head.neutral.copy()
    neutral[3] = np.nan
    path.write_bytes(glb_of(replace(head, neutral=neutral, deltas=head.deltas[:1]), ["jawOpen"]))
    with pytest.raises(MarotteError, match="not a finite number"):
        load_head(path)

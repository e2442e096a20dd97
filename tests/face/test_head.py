"""The head: linear, the same in numpy and torch, closed at rest, and other heads from GLB."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.face.head import subdivide
from marotte.face.loading import ASSET, load_head
from marotte.face.rig import ARKIT_52, ARKIT_NAMES


@pytest.fixture(scope="module")
def head():
    return load_head()


def pose(**controls):
    values = np.zeros(52, np.float32)
    for name, value in controls.items():
        values[ARKIT_52.index[name]] = value
    return values


def test_asset_is_small_and_whole(head):
    assert ASSET.stat().st_size <= 400_000
    assert head.names == ARKIT_NAMES
    assert head.neutral.dtype == head.deltas.dtype == head.colours.dtype == np.float32
    assert np.unique(head.faces).tolist() == list(range(len(head.neutral)))
    assert len(head.triangles) == 2 * len(head.faces)
    assert (np.abs(head.deltas).max((1, 2)) > 0.5).all(), "every control moves something"


def test_vertices_are_linear_and_batched(head):
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 3, 52), np.float32)
    at = head.vertices(np.stack([a, b, (a + b) / 2]), ARKIT_NAMES)
    assert at.shape == (3, 3, len(head.neutral), 3)
    np.testing.assert_allclose(at[2], (at[0] + at[1]) / 2, atol=1e-3)
    np.testing.assert_array_equal(head.vertices(np.zeros(52), ARKIT_NAMES), head.neutral)


def test_order_of_names_does_not_matter_and_unknown_ones_do_nothing(head):
    names = ("unheardOf", *reversed(ARKIT_NAMES))
    controls = np.random.default_rng(1).random(52, np.float32)
    turned = np.concatenate([[1], controls[::-1]]).astype(np.float32)
    expected = head.vertices(controls, ARKIT_NAMES)
    np.testing.assert_allclose(head.vertices(turned, names), expected, atol=1e-3)
    with pytest.raises(MarotteError, match="has none of the controls"):
        head.basis(["unheardOf"])


def test_lip_gap_is_the_distance_of_the_vertices(head):
    controls = np.random.default_rng(2).random((4, 52), np.float32)
    height = head.vertices(controls, ARKIT_NAMES)[..., 1]
    expected = height[:, head.upper_lip] - height[:, head.lower_lip]
    np.testing.assert_allclose(head.lip_gap(controls, ARKIT_NAMES), expected, atol=1e-3)


def test_mouth_close_closes_what_the_jaw_opens(head):
    rest_mm, _ = head.lip_gap_weights(ARKIT_NAMES)
    for amount in (0.25, 0.5, 1):
        closed = head.lip_gap(pose(jawOpen=amount, mouthClose=amount), ARKIT_NAMES)
        assert closed == pytest.approx(rest_mm, abs=0.2)
    assert head.lip_gap(pose(jawOpen=1), ARKIT_NAMES) > rest_mm + 30


def test_torch_agrees_and_its_gradients_are_the_weights(head):
    torch = pytest.importorskip("torch")
    controls = torch.rand(2, 5, 52, requires_grad=True)
    rest_mm, weights_mm = head.lip_gap_weights(ARKIT_NAMES)
    gap = rest_mm + controls @ torch.from_numpy(weights_mm)
    plain = controls.detach().numpy()
    np.testing.assert_allclose(gap.detach().numpy(), head.lip_gap(plain, ARKIT_NAMES), atol=1e-4)
    gap.sum().backward()
    np.testing.assert_array_equal(controls.grad[1, 3].numpy(), weights_mm)

    neutral, matrix = (torch.from_numpy(array) for array in head.basis(ARKIT_NAMES))
    vertices = (neutral + controls.detach() @ matrix).reshape(2, 5, -1, 3)
    np.testing.assert_allclose(vertices.numpy(), head.vertices(plain, ARKIT_NAMES), atol=1e-3)


def test_subdivision_is_linear_and_keeps_open_edges(head):
    smooth = subdivide(head)
    assert len(smooth.faces) == len(smooth.parts) == 4 * len(head.faces)
    assert np.unique(smooth.faces).tolist() == list(range(len(smooth.neutral)))
    controls = np.random.default_rng(3).random(52, np.float32)
    posed = replace(head, neutral=head.vertices(controls, ARKIT_NAMES))
    np.testing.assert_allclose(
        subdivide(posed).neutral, smooth.vertices(controls, ARKIT_NAMES), atol=1e-2
    )


def glb_of(head, names, scale=0.001, sparse=False):
    """A head as a GLB whose node is scaled to metres, written here to be independent."""
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
def test_a_glb_gives_the_same_head(head, tmp_path, sparse):
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
    assert opened == pytest.approx(34.5, abs=1.5), "its lips are found by their movement"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"RIFF----", "is not a GLB file"),
        (b"glTF", "damaged or cut short"),
        (b"glTF" + struct.pack("<II", 2, 4000), "damaged or cut short"),
    ],
)
def test_a_file_that_is_no_head_is_refused(tmp_path, content, message):
    path = tmp_path / "bad.glb"
    path.write_bytes(content)
    with pytest.raises(MarotteError, match=message):
        load_head(path)


def test_a_glb_cut_anywhere_or_without_targets_is_refused(head, tmp_path):
    path = tmp_path / "cut.glb"
    small = replace(head, deltas=head.deltas[:1], names=head.names[:1])
    whole = glb_of(small, list(small.names))
    for kept in range(4, len(whole), len(whole) // 10):
        path.write_bytes(whole[:kept])
        with pytest.raises(MarotteError, match="damaged or cut short"):
            load_head(path)
    path.write_bytes(glb_of(replace(head, deltas=head.deltas[:0], names=()), []))
    with pytest.raises(MarotteError, match="no named morph targets"):
        load_head(path)
    with pytest.raises(MarotteError, match="can't read the head"):
        load_head(tmp_path / "missing.glb")


def test_a_head_without_a_jaw_has_no_lip_gap(head, tmp_path):
    path = tmp_path / "stiff.glb"
    path.write_bytes(glb_of(replace(head, deltas=head.deltas[:1], names=("smile",)), ["smile"]))
    with pytest.raises(MarotteError, match="lips of head .* are unknown"):
        load_head(path).lip_gap_weights(["smile"])

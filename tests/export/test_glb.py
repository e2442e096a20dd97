"""GLB files obey the glTF 2.0 specification, whose section numbers are in parentheses."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.export.glb import vertex_normals, write
from marotte.export.glb_builder import key_times
from marotte.face.animation import Animation
from marotte.face.glb import read_head
from marotte.face.head_pose import quaternions
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, ARKIT_NAMES, Rig

COMPONENTS = {5123: np.dtype("<u2"), 5125: np.dtype("<u4"), 5126: np.dtype("<f4")}
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}
N_FRAMES = 30
FPS = 60.0


class Glb:
    """A GLB file, parsed and checked by the rules of chapters 3 and 4 that concern it."""

    def __init__(self, content: bytes) -> None:
        magic, version, length = struct.unpack_from("<4sII", content)
        assert (magic, version, length) == (b"glTF", 2, len(content))
        size, kind = struct.unpack_from("<I4s", content, 12)
        assert kind == b"JSON"
        assert size % 4 == 0
        text = content[20 : 20 + size]
        assert text.startswith(b"{")
        assert text.rstrip(b" ").endswith(b"}")
        self.json: dict[str, Any] = json.loads(text)
        binary_bytes, kind = struct.unpack_from("<I4s", content, 20 + size)
        assert kind == b"BIN\0"
        assert binary_bytes % 4 == 0
        self.binary = content[28 + size :]
        assert len(self.binary) == binary_bytes
        [buffer] = self.json["buffers"]
        assert set(buffer) == {"byteLength"}
        assert len(self.binary) - 3 <= buffer["byteLength"] <= len(self.binary)

    def view(self, index: int, kind: np.dtype[Any], count: int, width: int) -> NDArray[Any]:
        """Return the only array [count, width] of a buffer view (3.6.2.4: it is aligned)."""
        view = self.json["bufferViews"][index]
        assert view["buffer"] == 0
        assert view["byteOffset"] % 4 == 0
        assert "byteStride" not in view
        assert view["byteLength"] == count * width * kind.itemsize
        assert view["byteOffset"] + view["byteLength"] <= self.json["buffers"][0]["byteLength"]
        flat = np.frombuffer(self.binary, kind, count * width, view["byteOffset"])
        return flat.reshape(count, width)

    def accessor(self, index: int) -> NDArray[Any]:
        """Return the array [count, width] of an accessor (3.6.2); check its bounds, if any."""
        accessor = self.json["accessors"][index]
        kind, width = COMPONENTS[accessor["componentType"]], WIDTHS[accessor["type"]]
        assert accessor["count"] >= 1
        assert (kind.itemsize * width) % 4 == 0 or accessor["type"] == "SCALAR"
        if "bufferView" in accessor:
            values = self.view(accessor["bufferView"], kind, accessor["count"], width)
        else:
            values = np.zeros((accessor["count"], width), kind)
        if "sparse" in accessor:
            values = self.with_sparse(values, accessor["sparse"])
        if "min" in accessor:
            assert accessor["min"] == values.min(0).tolist()
            assert accessor["max"] == values.max(0).tolist()
        assert np.isfinite(values).all()
        return values

    def with_sparse(self, values: NDArray[Any], sparse: dict[str, Any]) -> NDArray[Any]:
        """Return values with the rows of a sparse accessor replaced (3.6.2.3: rows increase)."""
        count, indices = sparse["count"], sparse["indices"]
        assert 1 <= count <= len(values)
        rows = self.view(indices["bufferView"], COMPONENTS[indices["componentType"]], count, 1)[
            :, 0
        ]
        assert (np.diff(rows.astype(int)) > 0).all()
        assert rows[-1] < len(values)
        for part in (indices, sparse["values"]):
            assert "target" not in self.json["bufferViews"][part["bufferView"]]
        values = values.copy()
        values[rows] = self.view(
            sparse["values"]["bufferView"], values.dtype, count, values.shape[1]
        )
        return values


@pytest.fixture(scope="module")
def animation() -> Animation:
    random = np.random.default_rng(5)
    return Animation(random.random((N_FRAMES, 52), np.float32), FPS, ARKIT_52)


@pytest.fixture(scope="module")
def path(animation: Animation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("glb") / "face.glb"
    write(animation, path)
    return path


@pytest.fixture(scope="module")
def glb(path: Path) -> Glb:
    return Glb(path.read_bytes())


def primitives(glb: Glb) -> list[dict[str, Any]]:
    [mesh] = glb.json["meshes"]
    return mesh["primitives"]


def test_file_is_plain_gltf_with_one_head_in_one_scene(glb: Glb):
    assert glb.json["asset"]["version"] == "2.0"
    assert "extensionsUsed" not in glb.json
    assert glb.json["scenes"][glb.json["scene"]] == {"nodes": [0]}
    assert glb.json["nodes"] == [{"name": "head", "mesh": 0}]


def test_every_accessor_is_valid_and_used(glb: Glb):
    for index in range(len(glb.json["accessors"])):
        glb.accessor(index)
    used = {accessor for animation in glb.json["animations"] for sampler in animation["samplers"]
            for accessor in (sampler["input"], sampler["output"])}  # fmt: skip
    for primitive in primitives(glb):
        used |= {primitive["indices"], *primitive["attributes"].values()}
        used |= {accessor for target in primitive["targets"] for accessor in target.values()}
    assert used == set(range(len(glb.json["accessors"])))


def test_buffer_views_are_adjacent_and_fill_the_buffer(glb: Glb):
    end = 0
    for view in glb.json["bufferViews"]:
        assert 0 <= view["byteOffset"] - end < 4
        end = view["byteOffset"] + view["byteLength"]
    assert end == pytest.approx(glb.json["buffers"][0]["byteLength"], abs=3)


def test_primitives_are_triangles_that_use_all_their_vertices(glb: Glb):
    views = glb.json["bufferViews"]
    for primitive in primitives(glb):
        attributes = primitive["attributes"]
        assert set(attributes) == {"POSITION", "NORMAL", "COLOR_0"}
        positions, normals, colours = (
            glb.accessor(attributes[name]) for name in ("POSITION", "NORMAL", "COLOR_0")
        )
        assert len(positions) == len(normals) == len(colours)
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
        colour = glb.json["accessors"][attributes["COLOR_0"]]
        assert colour["normalized"] is True
        assert (colours[:, 3] == 0xFFFF).all()
        assert {"min", "max"} <= set(glb.json["accessors"][attributes["POSITION"]])
        for index in attributes.values():
            assert views[glb.json["accessors"][index]["bufferView"]]["target"] == 34962
        corners = glb.accessor(primitive["indices"])
        assert views[glb.json["accessors"][primitive["indices"]]["bufferView"]]["target"] == 34963
        assert len(corners) % 3 == 0
        assert set(corners[:, 0].tolist()) == set(range(len(positions)))
        assert len(positions) < 0xFFFF  # the highest index is reserved (3.7.2.1)


def test_every_part_has_a_two_sided_material(glb: Glb):
    materials = [glb.json["materials"][primitive["material"]] for primitive in primitives(glb)]
    assert {"skin", "eye", "teeth", "tongue"} <= {material["name"] for material in materials}
    assert len(glb.json["materials"]) == len(materials)
    assert all(material["doubleSided"] for material in materials)


def test_all_primitives_have_the_same_named_targets(glb: Glb):
    [mesh] = glb.json["meshes"]
    assert mesh["extras"]["targetNames"] == list(load_head().names)
    assert mesh["weights"] == [0] * len(load_head().names)
    for primitive in mesh["primitives"]:
        n_vertices = len(glb.accessor(primitive["attributes"]["POSITION"]))
        assert len(primitive["targets"]) == len(mesh["weights"])
        for target in primitive["targets"]:
            assert set(target) == {"POSITION", "NORMAL"}
            assert {"min", "max"} <= set(glb.json["accessors"][target["POSITION"]])
            assert all(len(glb.accessor(index)) == n_vertices for index in target.values())


def test_each_frame_is_one_key_of_the_weights(glb: Glb, animation: Animation):
    [speech] = glb.json["animations"]
    assert speech["channels"] == [{"sampler": 0, "target": {"node": 0, "path": "weights"}}]
    [sampler] = speech["samplers"]
    assert sampler["interpolation"] == "LINEAR"
    times = glb.accessor(sampler["input"])[:, 0]
    assert {"min", "max"} <= set(glb.json["accessors"][sampler["input"]])
    assert (np.diff(times) > 0).all()
    np.testing.assert_allclose(times, np.arange(N_FRAMES) / FPS, atol=1e-6)
    weights = glb.accessor(sampler["output"])[:, 0].reshape(N_FRAMES, -1)
    for target, name in enumerate(glb.json["meshes"][0]["extras"]["targetNames"]):
        np.testing.assert_array_equal(weights[:, target], animation[name])


def test_head_can_be_read_back_in_millimetres(path: Path):
    head, stored = load_head(), read_head(path)
    assert stored.names == head.names
    controls = np.random.default_rng(2).random((4, 52), np.float32)
    # The writer drops unused vertices, and groups the others by part.
    faces = [head.triangles[np.repeat(head.parts, head.faces.shape[1] - 2) == part]
             for part in np.unique(head.parts)]  # fmt: skip
    order = np.concatenate([np.unique(part) for part in faces])
    expected = head.vertices(controls, ARKIT_NAMES)[:, order]
    np.testing.assert_allclose(stored.vertices(controls, ARKIT_NAMES), expected, atol=1e-3)
    np.testing.assert_array_equal(order[stored.triangles], np.concatenate(faces))


def test_normals_of_a_target_equal_those_of_the_moved_head(glb: Glb):
    head = load_head()
    jaw = head.names.index("jawOpen")
    moved = vertex_normals(head.neutral + head.deltas[jaw], head.triangles)
    skin = primitives(glb)[0]
    used = np.unique(head.triangles[np.repeat(head.parts, head.faces.shape[1] - 2) == 0])
    neutral = glb.accessor(skin["attributes"]["NORMAL"])
    normals = neutral + glb.accessor(skin["targets"][jaw]["NORMAL"])
    np.testing.assert_allclose(normals, moved[used], atol=0.021)


def test_controls_missing_in_the_rig_stay_at_rest(tmp_path: Path):
    rig = Rig("jaw", ("beard", "jawOpen"), (0.0, 0.0), (1.0, 1.0), ("jawOpen",))
    controls = np.random.default_rng(1).random((5, 2), np.float32)
    write(Animation(controls, FPS, rig), tmp_path / "a.glb")
    glb = Glb((tmp_path / "a.glb").read_bytes())
    weights = glb.accessor(glb.json["animations"][0]["samplers"][0]["output"]).reshape(5, -1)
    jaw = load_head().names.index("jawOpen")
    np.testing.assert_array_equal(weights[:, jaw], controls[:, 1])
    assert not np.delete(weights, jaw, 1).any()


def test_rig_without_controls_of_the_head_is_an_error(tmp_path: Path):
    rig = Rig("beard1", ("beard",), (0.0,), (1.0,), ("beard",))
    with pytest.raises(MarotteError, match="'beard1' has none of the head's controls"):
        write(Animation(rig.neutral(3), FPS, rig), tmp_path / "a.glb")
    assert not list(tmp_path.iterdir())


def test_file_is_small(path: Path):
    assert path.stat().st_size < 2_000_000


def test_normals_of_a_flat_square_and_of_an_unused_vertex():
    square = np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [9, 9, 9]])
    triangles = np.int32([[0, 1, 2], [0, 2, 3]])
    np.testing.assert_allclose(vertex_normals(square, triangles), [[0, 0, 1]] * 5)


# Times and the head


@pytest.mark.parametrize("fps", [24, 25, 29.97, 30, 30_000 / 1001, 48, 50, 59.94, 60, 100, 120])
def test_an_importer_that_truncates_finds_each_frame(fps: float):
    frames = np.arange(20_000)
    times = key_times(len(frames), fps)
    assert (np.floor(times.astype(np.float64) * fps) == frames).all()
    assert (np.floor(times * np.float32(fps)) == frames).all()
    assert np.abs(times - frames / fps).max() < 1e-4


def test_the_neck_turns_the_head(tmp_path: Path):
    head = np.array([[0.0, 0.0, 0.0], [0.3, -0.2, 0.1]], np.float32)
    animation = Animation(ARKIT_52.neutral(2), 60.0, ARKIT_52, head=head)
    write(animation, tmp_path / "a.glb")
    glb = Glb((tmp_path / "a.glb").read_bytes())
    neck, mesh = glb.json["nodes"]
    assert neck["name"] == "neck"
    assert mesh["translation"] == [-each for each in neck["translation"]]
    [speech] = glb.json["animations"]
    weights, rotation = speech["channels"]
    assert [weights["target"], rotation["target"]] == [
        {"node": 1, "path": "weights"},
        {"node": 0, "path": "rotation"},
    ]
    x, y, z, w = glb.accessor(speech["samplers"][1]["output"])[1]
    # R = R_y(yaw) R_x(pitch) R_z(roll): the nose, along z, goes to the left and, as the pitch is
    # negative, up.
    nose = [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)]
    expected = [np.sin(0.3) * np.cos(-0.2), -np.sin(-0.2), np.cos(0.3) * np.cos(-0.2)]
    np.testing.assert_allclose(nose, expected, atol=1e-6)
    top = [2 * (x * y - w * z), 1 - 2 * (x * x + z * z)]
    assert top[0] < 0  # towards the right shoulder


def test_quaternions_go_the_short_way():
    turning = np.linspace(0, 4 * np.pi, 60)[:, None] * np.array([1.0, 0, 0])
    turned = quaternions(turning)
    assert ((turned[1:] * turned[:-1]).sum(1) > 0).all()
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), 1, atol=1e-6)

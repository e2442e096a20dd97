"""A user's GLB file with morph targets in; a `Head` in mm out.

Every mesh of the scene is read, with the transform of its node. Meshes without morph targets (hair,
eyes) do not move. Bones are ignored: a skinned mesh is read in its bind pose.
"""

from __future__ import annotations

import struct
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.config import parse_json
from marotte.errors import DAMAGED, MarotteError, shown
from marotte.face.head import Head

MM = 1000  # per metre, the unit of glTF
TRIANGLES = 4  # the mode of a triangle primitive
PLAIN_COLOUR = (0.80, 0.66, 0.58)  # for materials with a texture: textures are not read
MOST_EXPANSION = 64  # bytes of arrays per byte of the file
ALWAYS_ALLOWED = 2**27  # bytes of arrays from any file
LARGEST_SIZE = 2**32 - 1  # the size of a GLB file is stored in 32 bits
LARGEST_STRIDE = 252  # bytes, by the specification of glTF
MOST_MIDDLE_VERTICES = 2000  # where the lips are looked for
GAMMA = 2.2  # colours are linear in glTF, and sRGB in a head
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_READABLE = {"KHR_mesh_quantization", "KHR_texture_transform", "KHR_materials_unlit"}

Array = NDArray[Any]


def read_head(path: Path) -> Head:
    """Read a head from a GLB file.

    The names of the controls come from `mesh.extras.targetNames`; the endings `_L` and `_R` become
    `Left` and `Right`. The lips are the vertices that `jawOpen` parts in the middle of the face.

    Raises:
        MarotteError: the file is missing, damaged, not a GLB, or has no named morph targets.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MarotteError(f"can't read the head {path}: {error.strerror or error}") from error
    if content[:4] != b"glTF":
        raise MarotteError(f"{path} is not a GLB file: export the head as binary glTF (.glb)")
    try:
        with np.errstate(all="ignore"):  # values are checked at the end
            return _head(_Glb(content), path)
    except DAMAGED as error:
        raise MarotteError(
            f"{path} is damaged or cut short, its glTF can't be read ({error}): export it again"
        ) from error


class _Glb:
    """The JSON description and the arrays of a GLB file.

    Numbers of the description are checked as plain integers before NumPy sees them, because NumPy
    trusts the strides that it is given.
    """

    def __init__(self, content: bytes) -> None:
        version, length = struct.unpack_from("<II", content, 4)
        if version != 2 or length > len(content):
            raise ValueError(f"version {version}, {len(content)} of {length} bytes")
        chunks: dict[int, bytes] = {}
        start = 12
        while start < length:
            size, kind = struct.unpack_from("<II", content, start)
            chunks.setdefault(kind, content[start + 8 : start + 8 + size])
            start += 8 + size
        self.json: dict[str, Any] = parse_json(chunks[_JSON])
        self.binary = chunks.get(_BIN, b"")
        self.bytes_left = max(ALWAYS_ALLOWED, MOST_EXPANSION * len(content))

    def spend(self, n_numbers: int) -> None:
        """Note that an array of so many numbers will be made.

        Raises:
            ValueError: the arrays are far larger than the file.
        """
        self.bytes_left -= 8 * n_numbers
        if self.bytes_left < 0:
            raise ValueError("its arrays are far larger than the file")

    def accessor(self, index: int) -> Array:
        """Return an array [count, width]; normalised integers become floats."""
        accessor = self.json["accessors"][index]
        kind = np.dtype(_COMPONENTS[accessor["componentType"]])
        width, count = _WIDTHS[accessor["type"]], _integer(accessor["count"])
        self.spend(width * count)
        if "bufferView" in accessor:
            values = self._view(accessor, kind, width, count)
        else:
            values = np.zeros((count, width), kind)
        if "sparse" in accessor:
            sparse = accessor["sparse"]
            n_rows = _integer(sparse["count"], most=count)
            index_kind = np.dtype(_COMPONENTS[sparse["indices"]["componentType"]])
            rows = _indices(self._view(sparse["indices"], index_kind, 1, n_rows))
            values = values.copy()
            values[rows] = self._view(sparse["values"], kind, width, n_rows)
        if accessor.get("normalized", False):
            return values / np.float32(np.iinfo(kind).max)
        return values

    def _view(
        self, reference: dict[str, Any], kind: np.dtype[Any], width: int, count: int
    ) -> Array:
        view = self.json["bufferViews"][reference["bufferView"]]
        if view["buffer"] != 0 or "uri" in self.json["buffers"][0]:
            raise ValueError("a buffer is in another file")
        row = kind.itemsize * width
        stride = _integer(view.get("byteStride", row), least=row, most=max(row, LARGEST_STRIDE))
        start = _integer(view.get("byteOffset", 0)) + _integer(reference.get("byteOffset", 0))
        if count and start + (count - 1) * stride + row > len(self.binary):
            raise ValueError(f"{count} rows do not fit in {len(self.binary)} bytes")
        return np.ndarray((count, width), kind, self.binary, start, (stride, kind.itemsize))

    def placed_meshes(self) -> list[tuple[dict[str, Any], Array]]:
        """Return each mesh of the scene with the matrix [4, 4] from its node to the world."""
        nodes = self.json["nodes"]
        scene = self.json.get("scenes", [{}])[self.json.get("scene", 0)]
        queue = deque((node, np.eye(4)) for node in scene.get("nodes", range(len(nodes))))
        meshes: list[tuple[dict[str, Any], Array]] = []
        seen: set[int] = set()
        while queue:
            index, parent = queue.popleft()
            if index in seen:  # a node has one parent; circles would never end
                continue
            seen.add(index)
            node = nodes[index]
            world = parent @ _matrix(node)
            if "mesh" in node:
                mesh = self.json["meshes"][node["mesh"]]
                meshes.append((mesh, np.eye(4) if "skin" in node else world))
            queue.extend((child, world) for child in node.get("children", []))
        return meshes


def _indices(values: Array) -> Array:
    """Return values [count, 1] as indices [count].

    Raises:
        ValueError: their type has negative numbers or fractions.
    """
    if values.dtype.kind != "u":
        raise ValueError("indices must be unsigned integers")
    return values[:, 0]


def _integer(value: Any, least: int = 0, most: int = LARGEST_SIZE) -> int:
    """Return a value that must be an integer within limits.

    Raises:
        ValueError: it is not.
    """
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{shown(value)} where an integer from {least} to {most} is expected")
    return value


def _matrix(node: dict[str, Any]) -> Array:
    """Return the local matrix [4, 4] of a node."""
    if "matrix" in node:
        return np.array(node["matrix"], float).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * node.get("scale", (1, 1, 1))
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def _head(glb: _Glb, path: Path) -> Head:
    unknown = sorted(set(glb.json.get("extensionsRequired", [])) - _READABLE)
    if unknown:
        raise MarotteError(f"{path} needs {unknown[0]}, which is not supported: export it without")
    columns: dict[str, int] = {}  # of each control
    pieces: list[tuple[Array, dict[str, Array], Array, Array]] = []
    for mesh, matrix in glb.placed_meshes():
        targets = [_plain_name(name) for name in mesh.get("extras", {}).get("targetNames", [])]
        for name in targets:
            columns.setdefault(name, len(columns))
        for primitive in mesh["primitives"]:
            if primitive.get("mode", TRIANGLES) == TRIANGLES:
                pieces.append(_piece(glb, primitive, targets, matrix))
    if not columns or not any(deltas for _, deltas, _, _ in pieces):
        raise MarotteError(
            f"{path} has no named morph targets: export the head with its shape keys, "
            "named in mesh.extras.targetNames"
        )
    first = np.cumsum([0] + [len(positions) for positions, _, _, _ in pieces])
    neutral = np.concatenate([positions for positions, _, _, _ in pieces]).astype(np.float32)
    glb.spend(len(columns) * neutral.size)
    deltas = np.zeros((len(columns), *neutral.shape), np.float32)
    for start, (_, moved, _, _) in zip(first, pieces, strict=False):
        for name, delta in moved.items():
            deltas[columns[name], start : start + len(delta)] = delta
    faces = np.concatenate([f + start for start, (_, _, f, _) in zip(first, pieces, strict=False)])
    colours = np.concatenate([c for _, _, _, c in pieces]).astype(np.float32)
    if not all(np.isfinite(values).all() for values in (neutral, deltas, colours)):
        raise ValueError("a value is not a finite number")
    names = tuple(columns)
    upper_lip, lower_lip = _find_lips(neutral, deltas, names)
    return Head(
        name=path.stem,
        neutral=neutral,
        deltas=deltas,
        names=names,
        faces=faces.astype(np.int32),
        parts=np.zeros(len(faces), np.uint8),
        colours=colours,
        upper_lip=upper_lip,
        lower_lip=lower_lip,
    )


def _plain_name(name: str) -> str:
    """Return ARKit's spelling of a name that ends in `_L` or `_R`."""
    for short, side in (("_L", "Left"), ("_R", "Right")):
        if name.endswith(short):
            return name.removesuffix(short) + side
    return name


def _piece(
    glb: _Glb, primitive: dict[str, Any], targets: list[str], matrix: Array
) -> tuple[Array, dict[str, Array], Array, Array]:
    """Return the positions, deltas, triangles and vertex colours of a primitive, in mm."""
    linear = matrix[:3, :3].T * MM
    positions = glb.accessor(primitive["attributes"]["POSITION"]) @ linear + matrix[:3, 3] * MM
    deltas = {
        name: glb.accessor(target["POSITION"]) @ linear
        for name, target in zip(targets, primitive.get("targets", []), strict=False)
        if "POSITION" in target
    }
    if any(len(delta) != len(positions) for delta in deltas.values()):
        raise ValueError("a morph target has more or fewer vertices than its mesh")
    if "indices" in primitive:
        triangles = _indices(glb.accessor(primitive["indices"])).reshape(-1, 3).astype(np.int64)
    else:
        triangles = np.arange(len(positions)).reshape(-1, 3)
    if triangles.max(initial=0) >= len(positions):
        raise ValueError("a triangle uses a vertex that does not exist")
    if np.linalg.det(linear) < 0:  # mirroring reverses the orientation of triangles
        triangles = triangles[:, ::-1]
    return positions, deltas, triangles, _colours(glb, primitive, len(positions))


def _colours(glb: _Glb, primitive: dict[str, Any], n_vertices: int) -> Array:
    """Return the vertex colours [n_vertices, 3] of a primitive in sRGB, without its textures."""
    attributes: dict[str, int] = primitive["attributes"]
    surface: dict[str, Any] = {}
    if "material" in primitive:
        surface = glb.json["materials"][primitive["material"]].get("pbrMetallicRoughness", {})
    is_plain = "baseColorTexture" in surface or "baseColorFactor" not in surface
    if is_plain and "COLOR_0" not in attributes:
        return np.tile(PLAIN_COLOUR, (n_vertices, 1))
    linear = np.tile(surface.get("baseColorFactor", [1.0, 1, 1])[:3], (n_vertices, 1))
    if "COLOR_0" in attributes:
        linear = linear * glb.accessor(attributes["COLOR_0"])[:, :3]
    return linear.clip(0, 1) ** (1 / GAMMA)


def _find_lips(
    neutral: Array, deltas: Array, names: tuple[str, ...]
) -> tuple[int, int] | tuple[None, None]:
    """Return two close vertices on the midline that `jawOpen` moves furthest apart."""
    if "jawOpen" not in names:
        return None, None
    jaw = deltas[names.index("jawOpen")]
    left, right = neutral[:, 0].min(), neutral[:, 0].max()
    off_middle = np.abs(neutral[:, 0] - (left + right) / 2)
    middle = np.flatnonzero(off_middle <= 0.005 * (right - left))
    if not middle.size:
        return None, None
    nearest = np.argsort(off_middle[middle], kind="stable")[:MOST_MIDDLE_VERTICES]
    middle = np.sort(middle[nearest])
    best, lips = 0.0, (None, None)
    for upper in middle:
        parted = jaw[upper, 1] - jaw[middle, 1]
        score = parted - np.linalg.norm(neutral[upper] - neutral[middle], axis=-1)
        lower = int(score.argmax())
        if score[lower] > best:
            best, lips = float(score[lower]), (int(upper), int(middle[lower]))
    return lips

"""The content of a GLB file in; its JSON description, its arrays and its placed meshes out.

Numbers of the description are checked as plain integers before NumPy sees them, because NumPy
trusts the strides that it is given. Arrays need no more memory than 64 times the file's size.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from marotte.config import parse_json
from marotte.errors import DAMAGED, MarotteError, shown

MOST_EXPANSION = 64  # bytes of arrays per byte of the file
ALWAYS_ALLOWED = 2**27  # bytes of arrays from any file
LARGEST_SIZE = 2**32 - 1  # the size of a GLB file is stored in 32 bits
LARGEST_STRIDE = 252  # bytes, by the specification of glTF
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}

Array = NDArray[Any]
Result = TypeVar("Result")


def read_glb(path: Path, what: str, formats: str, use: Callable[[GlbFile], Result]) -> Result:
    """Return what `use` makes of a GLB file.

    Args:
        path: the file.
        what: what the file holds, for errors.
        formats: the formats that the file may have, for errors; all are GLB files.
        use: takes the file; it may raise any of `marotte.errors.DAMAGED`.

    Raises:
        MarotteError: the file can't be read, is not a GLB or is damaged.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("face.glb").write_text("not a GLB")
        >>> read_glb(Path("face.glb"), "head", "GLB", lambda glb: glb.json)
        Traceback (most recent call last):
        marotte.errors.MarotteError: face.glb is not a GLB file: export it as binary glTF
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MarotteError(f"can't read the {what} {path}: {error.strerror or error}") from error
    if content[:4] != b"glTF":
        raise MarotteError(f"{path} is not a {formats} file: export it as binary glTF")
    try:
        return use(GlbFile(content))
    except DAMAGED as error:
        raise MarotteError(
            f"{path} is damaged or cut short, its glTF can't be read ({error}): export it again"
        ) from error


class GlbFile:
    """The JSON description and the arrays of a GLB file.

    Methods raise any of `marotte.errors.DAMAGED` where the file contradicts itself.

    Attributes:
        content: the bytes of the file.
        json: the description.
        binary: the bytes of the arrays.
        bytes_left: how much memory further arrays may take.
    """

    def __init__(self, content: bytes) -> None:
        """Read the chunks of a file's content.

        Raises:
            ValueError, struct.error, KeyError: the content is not a GLB file.
        """
        version, length = struct.unpack_from("<II", content, 4)
        if version != 2 or length > len(content):
            raise ValueError(f"version {version}, {len(content)} of {length} bytes")
        chunks: dict[int, bytes] = {}
        start = 12
        while start < length:
            size, kind = struct.unpack_from("<II", content, start)
            chunks.setdefault(kind, content[start + 8 : start + 8 + size])
            start += 8 + size
        self.content = content
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
            rows = as_indices(self._view(sparse["indices"], index_kind, 1, n_rows))
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


def as_indices(values: Array) -> Array:
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

"""A user's GLB file with morph targets in; a `Head` in mm out.

Every mesh of the scene is read, with the transform of its node. Meshes without morph targets (hair,
eyes) do not move. Bones are ignored: a skinned mesh is read in its bind pose.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.glb_file import GlbFile, as_indices, read_glb
from marotte.face.head import Head

MM = 1000  # per metre, the unit of glTF
TRIANGLES = 4  # the mode of a triangle primitive
PLAIN_COLOUR = (0.80, 0.66, 0.58)  # for materials with a texture: textures are not read
MOST_MIDDLE_VERTICES = 2000  # where the lips are looked for
GAMMA = 2.2  # colours are linear in glTF, and sRGB in a head
_READABLE = {"KHR_mesh_quantization", "KHR_texture_transform", "KHR_materials_unlit"}

Array = NDArray[Any]
Piece = tuple[Array, dict[str, Array], Array, Array]
"""Positions, deltas by control, triangles and vertex colours."""


def read_head(path: Path) -> Head:
    """Read a head from a GLB file.

    The names of the controls come from `mesh.extras.targetNames`; the endings `_L` and `_R` become
    `Left` and `Right`. The lips are the vertices that `jawOpen` parts in the middle of the face.

    Raises:
        MarotteError: the file is missing, damaged, not a GLB, or has no named morph targets.
    """
    with np.errstate(all="ignore"):  # values are checked at the end
        return read_glb(path, "head", "GLB", lambda glb: _head(glb, path))


def _head(glb: GlbFile, path: Path) -> Head:
    unknown = sorted(set(glb.json.get("extensionsRequired", [])) - _READABLE)
    if unknown:
        raise MarotteError(f"{path} needs {unknown[0]}, which is not supported: export it without")
    columns, pieces = _columns_and_pieces(glb)
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


def _columns_and_pieces(glb: GlbFile) -> tuple[dict[str, int], list[Piece]]:
    """Return the column of each control, and all primitives of triangles."""
    columns: dict[str, int] = {}
    pieces: list[Piece] = []
    for mesh, matrix in glb.placed_meshes():
        targets = [_plain_name(name) for name in mesh.get("extras", {}).get("targetNames", [])]
        for name in targets:
            columns.setdefault(name, len(columns))
        for primitive in mesh["primitives"]:
            if primitive.get("mode", TRIANGLES) == TRIANGLES:
                pieces.append(_piece(glb, primitive, targets, matrix))
    return columns, pieces


def _plain_name(name: str) -> str:
    """Return ARKit's spelling of a name that ends in `_L` or `_R`."""
    for short, side in (("_L", "Left"), ("_R", "Right")):
        if name.endswith(short):
            return name.removesuffix(short) + side
    return name


def _piece(glb: GlbFile, primitive: dict[str, Any], targets: list[str], matrix: Array) -> Piece:
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
        triangles = as_indices(glb.accessor(primitive["indices"])).reshape(-1, 3).astype(np.int64)
    else:
        triangles = np.arange(len(positions)).reshape(-1, 3)
    if triangles.max(initial=0) >= len(positions):
        raise ValueError("a triangle uses a vertex that does not exist")
    if np.linalg.det(linear) < 0:  # mirroring reverses the orientation of triangles
        triangles = triangles[:, ::-1]
    return positions, deltas, triangles, _colours(glb, primitive, len(positions))


def _colours(glb: GlbFile, primitive: dict[str, Any], n_vertices: int) -> Array:
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

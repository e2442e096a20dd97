"""Write an animation as a GLB file: the head in metres, with its controls as morph targets.

The mesh `head` has one primitive per part (skin, eye, teeth...) and one morph target per control
of the head; `mesh.extras.targetNames` names them. One animation drives the mesh's `weights` and,
where the head moves, the rotation of the node `neck`. The file is glTF 2.0 without extensions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.export.glb_builder import GlbBuilder, bounds, compact
from marotte.export.naming import head_in
from marotte.face.animation import Animation
from marotte.face.head import PARTS, Head, to_linear
from marotte.face.head_pose import NECK_MM, quaternions
from marotte.face.loading import load_head
from marotte.paths import replacing
from marotte.progress import Progress
from marotte.version import __version__

METRES_PER_MM = 0.001
MIN_NORMAL_CHANGE = 0.02  # about 1°; smaller changes of a normal are invisible and left out
ROUGHNESS = {"eye": 0.15, "teeth": 0.35, "tongue": 0.45}
DEFAULT_ROUGHNESS = 0.6
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963  # targets of buffer views

Array = NDArray[Any]


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write the shipped head with the animation; controls that the rig lacks stay at 0.

    Raises:
        MarotteError: the rig has none of the head's controls, or the file can't be written.
    """
    head = head_in(animation.rig.name, load_head())
    weights = _weights(head, animation)
    glb = GlbBuilder()
    document = {
        "asset": {"version": "2.0", "generator": f"marotte {__version__}"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": _nodes(animation),
        "meshes": [_mesh(glb, head)],
        "materials": [_material(part) for part in PARTS],
        "animations": [_animation(glb, weights, animation)],
    }
    with replacing(path) as temporary, temporary.open("wb") as out:
        out.writelines(glb.encode(document))
    if progress:
        progress(animation.n_frames, animation.n_frames)


def _weights(head: Head, animation: Animation) -> Array:
    """Return the controls [n_frames, n_targets] in the head's order."""
    columns = animation.rig.index
    shared = [(i, columns[name]) for i, name in enumerate(head.names) if name in columns]
    if not shared:
        raise MarotteError(
            f"rig {animation.rig.name!r} has none of the head's controls (its first is "
            f"{animation.rig.names[0]!r}): write .json or .npz, which keep any rig's names"
        )
    targets, sources = zip(*shared, strict=True)
    weights = np.zeros((animation.n_frames, len(head.names)), np.float32)
    weights[:, targets] = animation.controls[:, sources]
    return weights


def _nodes(animation: Animation) -> list[dict[str, Any]]:
    """Return the mesh's node; that of a head that turns hangs from its neck."""
    head = {"name": "head", "mesh": 0}
    if animation.head is None:
        return [head]
    neck = [METRES_PER_MM * each for each in NECK_MM]
    return [
        {"name": "neck", "translation": neck, "children": [1]},
        head | {"translation": [-each for each in neck]},
    ]


def _animation(glb: GlbBuilder, weights: Array, animation: Animation) -> dict[str, Any]:
    """Return the keys of all frames: all targets of the first key, then of the second."""
    tracks: list[tuple[int, str, Array]] = [(0, "weights", weights.ravel())]
    if animation.head is not None:
        tracks = [(1, "weights", weights.ravel()), (0, "rotation", quaternions(animation.head))]
    return glb.animation(len(weights), animation.fps, tracks)


def _material(part: str) -> dict[str, Any]:
    """Return a material coloured by vertex; two-sided, since the mouth is seen from within."""
    surface = {"metallicFactor": 0, "roughnessFactor": ROUGHNESS.get(part, DEFAULT_ROUGHNESS)}
    return {"name": part, "pbrMetallicRoughness": surface, "doubleSided": True}


def _mesh(glb: GlbBuilder, head: Head) -> dict[str, Any]:
    parts = np.repeat(head.parts, len(head.triangles) // len(head.faces))
    normals = vertex_normals(head.neutral, head.triangles)
    normal_deltas = [_normal_delta(head, delta, normals) for delta in head.deltas]
    return {
        "name": "head",
        "primitives": [
            _primitive(glb, head, head.triangles[parts == part], int(part), normals, normal_deltas)
            for part in np.unique(parts)
        ],
        "weights": [0] * len(head.names),
        "extras": {"targetNames": head.names},
    }


def _primitive(
    glb: GlbBuilder,
    head: Head,
    triangles: Array,
    part: int,
    normals: Array,
    normal_deltas: list[Array],
) -> dict[str, Any]:
    """Return one part: its triangles, and only the vertices that they use."""
    used, corners = np.unique(triangles, return_inverse=True)
    positions = (head.neutral[used] * METRES_PER_MM).astype(np.float32)
    return {
        "attributes": {
            "POSITION": glb.accessor(positions, ARRAY_BUFFER, **bounds(positions)),
            "NORMAL": glb.accessor(normals[used], ARRAY_BUFFER),
            "COLOR_0": glb.accessor(_linear(head.colours[used]), ARRAY_BUFFER, normalized=True),
        },
        "indices": glb.accessor(compact(corners.ravel(), len(used)), ELEMENT_ARRAY_BUFFER),
        "material": part,
        "targets": [
            {
                "POSITION": glb.sparse((delta[used] * METRES_PER_MM).astype(np.float32)),
                "NORMAL": glb.sparse(normal_delta[used]),
            }
            for delta, normal_delta in zip(head.deltas, normal_deltas, strict=True)
        ],
    }


def _linear(colours: Array) -> Array:
    """Return sRGB colours [n, 3] 0..1 as linear RGBA [n, 4], uint16, aligned thanks to alpha."""
    linear = to_linear(colours)
    opaque = np.c_[linear, np.ones(len(linear))]
    return np.rint(opaque * 0xFFFF).astype(np.uint16)


def _normal_delta(head: Head, delta: Array, normals: Array) -> Array:
    """Return what a control at 1 adds to the normals [n_vertices, 3]."""
    change = vertex_normals(head.neutral + delta, head.triangles) - normals
    change[np.linalg.norm(change, axis=1) < MIN_NORMAL_CHANGE] = 0
    return change


def vertex_normals(vertices: Array, triangles: Array) -> Array:
    """Return unit normals [n_vertices, 3]: means of triangles' normals, weighted by area."""
    corners = vertices[triangles].astype(np.float64)
    areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = np.stack(
        [
            np.bincount(triangles.ravel(), np.repeat(areas[:, axis], 3), len(vertices))
            for axis in range(3)
        ],
        axis=1,
    )
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    # A vertex without a triangle of any area gets a normal that points forward.
    normals = np.where(lengths > 0, sums / np.where(lengths > 0, lengths, 1), (0, 0, 1))
    return normals.astype(np.float32)

"""Eyes with an iris, and brows, which MakeHuman's head lacks; both move with the head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.face.head import PARTS

Floats = NDArray[np.float64]

PUPIL, IRIS, IRIS_RIM, WHITE = (18, 16, 18), (96, 122, 128), (38, 50, 58), (232, 228, 224)
# Rings of an eye: angle from the direction of gaze in degrees, and colour.
EYE_RINGS = (
    (0, PUPIL), (9, PUPIL), (9.6, IRIS), (19, IRIS), (22, IRIS_RIM), (23, WHITE),
    (33, WHITE), (47, WHITE), (63, WHITE), (80, WHITE), (100, WHITE),
)  # fmt: skip
EYE_SPOKES = 24
HAIR = (92, 66, 54)
# A brow seen from the front, from the nose outwards: distance from the middle of the face, distance
# above the eye's centre, and height of the brow, all in mm.
BROW_MM = (
    (11.5, 15.0, 3.0), (15, 16.3, 6.5), (20, 17.6, 7.0), (26, 19.2, 6.5), (32, 20.3, 5.6),
    (37, 20.2, 4.6), (42, 18.6, 3.4), (46.5, 15.8, 1.6),
)  # fmt: skip
BROW_LIFT_MM = (-0.4, 0.9, -0.4)  # the edges are below the skin, the middle is above it


@dataclass
class Mesh:
    """A mesh under construction, in mm: faces have four corners, and one part each.

    Attributes:
        neutral: [n_vertices, 3].
        deltas: [n_controls, n_vertices, 3].
        faces: [n_faces, 4].
        parts: [n_faces], an index into `PARTS`.
        colours: [n_vertices, 3], sRGB within 0..255.
    """

    neutral: Floats
    deltas: Floats
    faces: NDArray[np.int64]
    parts: NDArray[np.int64]
    colours: Floats


def joined(meshes: list[Mesh]) -> Mesh:
    """Join several meshes into one."""
    first = np.cumsum([0] + [len(mesh.neutral) for mesh in meshes])
    return Mesh(
        np.concatenate([mesh.neutral for mesh in meshes]),
        np.concatenate([mesh.deltas for mesh in meshes], 1),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, first, strict=False)]),
        np.concatenate([mesh.parts for mesh in meshes]),
        np.concatenate([mesh.colours for mesh in meshes]),
    )


def eye(places: Floats, deltas: Floats) -> Mesh:
    """Return a round eye with pupil and iris that replaces another eye.

    Args:
        places: the vertices of the other eye [n, 3].
        deltas: the movements of those vertices [n_controls, n, 3]; the new eye follows the best
            affine fit of them.
    """
    # A sphere |p - c|² = r² is linear in c and in r² - |c|².
    one = np.ones((len(places), 1))
    solution = np.linalg.lstsq(np.hstack([2 * places, one]), (places**2).sum(1), rcond=None)[0]
    centre = solution[:3]
    radius = np.sqrt(solution[3] + centre @ centre)

    degrees, colours = zip(*EYE_RINGS, strict=True)
    angles = np.radians(degrees[1:])[:, None, None]
    turn = np.arange(EYE_SPOKES) * 2 * np.pi / EYE_SPOKES
    spoke = np.stack([np.cos(turn), np.sin(turn), 0 * turn], 1)
    rings = np.sin(angles) * spoke + np.cos(angles) * [0, 0, 1]
    neutral = centre + radius * np.concatenate([[[0, 0, 1]], rings.reshape(-1, 3)])
    affine = np.linalg.pinv(np.hstack([places, one])) @ deltas

    ring = np.arange(EYE_SPOKES)
    after = (ring + 1) % EYE_SPOKES
    cap = np.stack([0 * ring, 1 + ring, 1 + after, 1 + (ring + 2) % EYE_SPOKES], 1)[::2]
    band = np.stack([ring, ring + EYE_SPOKES, after + EYE_SPOKES, after], 1)
    bands = [1 + EYE_SPOKES * k + band for k in range(len(angles) - 1)]
    faces = np.concatenate([cap, *bands])
    return Mesh(
        neutral,
        np.hstack([neutral, np.ones((len(neutral), 1))]) @ affine,
        faces,
        np.full(len(faces), PARTS.index("eye")),
        np.repeat(np.float64(colours), [1] + [EYE_SPOKES] * len(angles), 0),
    )


def brow(skin: Mesh, eye_centre: Floats) -> Mesh:
    """Return a brow that lies on the skin and moves with the triangles below it.

    Args:
        skin: the head; the frontmost triangle below a point of the brow is used.
        eye_centre: [3], the centre of the eye under the brow.
    """
    side = np.sign(eye_centre[0])
    triangles = skin.faces[skin.parts == PARTS.index("skin")][:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
    neutral, deltas = [], []
    for across_mm, above_mm, height_mm in BROW_MM:
        for row, lift_mm in zip((-0.5, 0, 0.5), BROW_LIFT_MM, strict=True):
            at = np.array([side * across_mm, eye_centre[1] + above_mm + row * height_mm])
            corners, weights = _under(skin.neutral, triangles, at)
            a, b, c = skin.neutral[corners]
            normal = np.cross(b - a, c - a)
            lift = lift_mm * normal / np.linalg.norm(normal)
            neutral.append(weights @ skin.neutral[corners] + lift)
            deltas.append(np.tensordot(skin.deltas[:, corners], weights, (1, 0)))
    first = (3 * np.arange(len(BROW_MM) - 1)[:, None] + [0, 1]).ravel()
    faces = np.stack([first, first + 3, first + 4, first + 1], 1)
    return Mesh(
        np.array(neutral),
        np.stack(deltas, 1),
        faces if side > 0 else faces[:, ::-1],
        np.full(len(faces), PARTS.index("brow")),
        np.tile(np.float64(HAIR), (len(neutral), 1)),
    )


def _under(
    places: Floats, triangles: NDArray[np.int64], at: Floats
) -> tuple[NDArray[np.int64], Floats]:
    """Return the frontmost triangle [3] at `at` (x, y) and its barycentric weights [3]."""
    a, b, c = (places[triangles[:, corner]] for corner in range(3))
    u, v, w = ((corner[:, :2] - at) for corner in (a, b, c))

    def area(p: Floats, q: Floats) -> Floats:
        return p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]

    weights = np.stack([area(v, w), area(w, u), area(u, v)], 1)
    whole = weights.sum(1, keepdims=True)
    weights = weights / np.where(whole > 0, whole, np.nan)  # triangles that face away never match
    depth = (weights * np.stack([a[:, 2], b[:, 2], c[:, 2]], 1)).sum(1)
    front = int(np.nanargmax(np.where((weights >= 0).all(1), depth, np.nan)))
    return triangles[front], weights[front]

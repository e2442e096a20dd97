"""A head: a linear map from controls to vertices in mm, and to the lip gap.

`subdivide` smooths a head for drawing. The map is plain arrays, so NumPy and torch compute the same
vertices and gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError

Array = NDArray[Any]
PARTS = ("skin", "eye", "teeth", "tongue", "brow")  # the meaning of the labels in `Head.parts`


@dataclass(frozen=True, eq=False)
class Head:
    """A mesh with blendshapes: the neutral vertices plus each control times its delta.

    x points to the head's left, y up, z out of the face.

    Attributes:
        name: the head's name.
        neutral: [n_vertices, 3] float32, the face at rest, in mm.
        deltas: [n_controls, n_vertices, 3] float32, what each control at 1 adds, in mm.
        names: the controls, in the order of `deltas`.
        faces: [n_faces, 3 or 4] int32, corners anticlockwise seen from outside.
        parts: [n_faces] uint8, an index into `PARTS`.
        colours: [n_vertices, 3] float32, sRGB within 0..1.
        upper_lip: the upper lip's vertex in the middle of the mouth, None where unknown.
        lower_lip: the lower lip's vertex there, None where unknown.

    Example:
        >>> import marotte
        >>> head = marotte.load_head()
        >>> open_jaw = marotte.ARKIT_52.neutral(1)
        >>> open_jaw[0, marotte.ARKIT_52.index["jawOpen"]] = 0.5
        >>> head.vertices(open_jaw, marotte.ARKIT_52.names).shape[-1]
        3
        >>> bool(head.lip_gap(open_jaw, marotte.ARKIT_52.names)[0] > 10)  # mm
        True
    """

    name: str
    neutral: NDArray[np.float32]
    deltas: NDArray[np.float32]
    names: tuple[str, ...]
    faces: NDArray[np.int32]
    parts: NDArray[np.uint8]
    colours: NDArray[np.float32]
    upper_lip: int | None = None
    lower_lip: int | None = None

    def __repr__(self) -> str:
        """Return the name and the size."""
        return f"Head({self.name!r}, {len(self.neutral)} vertices, {len(self.names)} controls)"

    @cached_property
    def triangles(self) -> NDArray[np.int32]:
        """Faces as triangles [n_triangles, 3]; each quad becomes two."""
        if self.faces.shape[1] == 3:
            return self.faces
        return self.faces[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)

    def basis(self, names: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the linear map from controls to vertices: `neutral + controls @ matrix`, in mm.

        Args:
            names: the controls in the order of the matrix rows; a control that the head lacks
                gives a row of zeros.

        Returns:
            neutral [n_vertices * 3] and matrix [len(names), n_vertices * 3].

        Raises:
            MarotteError: the head has none of the controls.
        """
        rows = {name: row for row, name in enumerate(self.names)}
        if not any(name in rows for name in names):
            raise MarotteError(
                f"head {self.name!r} has none of the controls {', '.join(names[:3])}...: "
                f"use a head and a rig with the same names; this head has {', '.join(self.names)}"
            )
        matrix = np.zeros((len(names), self.neutral.size), np.float32)
        for column, name in enumerate(names):
            if name in rows:
                matrix[column] = self.deltas[rows[name]].ravel()
        return self.neutral.ravel(), matrix

    def vertices(self, controls: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
        """Return the vertices [..., n_vertices, 3] in mm for controls [..., len(names)]."""
        neutral, matrix = self.basis(names)
        flat: Array = neutral + np.asarray(controls, np.float32) @ matrix
        return flat.reshape(*flat.shape[:-1], -1, 3)

    def lip_gap_weights(self, names: Sequence[str]) -> tuple[float, NDArray[np.float32]]:
        """Return the lip gap as a linear function: `rest_mm + controls @ weights_mm`.

        Returns:
            rest_mm, the gap at rest, and weights_mm [len(names)], the change per control.

        Raises:
            MarotteError: the lips are unknown, or the head has none of the controls.
        """
        if self.upper_lip is None or self.lower_lip is None:
            raise MarotteError(
                f"the lips of head {self.name!r} are unknown: its control 'jawOpen' finds them"
            )
        neutral, matrix = self.basis(names)
        upper, lower = 3 * self.upper_lip + 1, 3 * self.lower_lip + 1
        return float(neutral[upper] - neutral[lower]), matrix[:, upper] - matrix[:, lower]

    def lip_gap(self, controls: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
        """Return the distance between the middle of both lips [...], in mm."""
        rest_mm, weights_mm = self.lip_gap_weights(names)
        return np.float32(rest_mm) + np.asarray(controls, np.float32) @ weights_mm


def to_linear(colours: Array) -> Array:
    """Return sRGB colours 0..1 as linear ones (IEC 61966-2-1).

    Example:
        >>> to_linear(np.array([0.0, 0.5, 1.0])).round(3).tolist()
        [0.0, 0.214, 1.0]
    """
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def subdivide(head: Head) -> Head:
    """Smooth a head by one level of Catmull-Clark subdivision.

    Subdivision is linear, so the controls stay exact. Old vertices keep their index; the new
    vertices of edges follow, then those of faces. Open edges stay sharp. Smoothing moves the lips a
    little, so the lip gap must be measured on the original head.

    Example:
        >>> import marotte
        >>> from marotte.face.head import subdivide
        >>> head = marotte.load_head()
        >>> len(subdivide(head).faces) == 4 * len(head.faces)
        True
    """
    n_vertices = len(head.neutral)
    n_faces, corners = len(head.faces), head.faces.shape[1]
    # One row per vertex: colour, neutral position, and the delta of every control.
    values: Array = np.concatenate([head.colours[None], head.neutral[None], head.deltas])
    values = np.ascontiguousarray(values.swapaxes(0, 1)).reshape(n_vertices, -1)

    starts: Array = head.faces.ravel()
    pairs: Array = np.sort(np.stack([starts, np.roll(head.faces, -1, 1).ravel()], 1), 1)
    unique: tuple[Array, Array, Array] = np.unique(
        pairs[:, 0].astype(np.int64) * n_vertices + pairs[:, 1],
        return_inverse=True,
        return_counts=True,
    )
    keys, edge, uses = unique
    edges: Array = np.stack([keys // n_vertices, keys % n_vertices], 1)

    face_points: Array = values[head.faces].mean(1)
    corner_points = np.repeat(face_points, corners, 0)
    middles: Array = values[edges].mean(1)
    is_open: Array = uses != 2
    closed_edges = middles / 2 + _sum_by(edge, corner_points, len(edges)) / 4
    edge_points = np.where(is_open[:, None], middles, closed_edges)
    face_sums = _sum_by(starts, corner_points, n_vertices)
    points = _moved_vertices(values, starts, face_sums, edges, middles, is_open)

    after = n_vertices + edge.reshape(n_faces, corners)
    first_centre = n_vertices + len(edges)
    centre = np.repeat(np.arange(first_centre, first_centre + n_faces), corners)
    faces: Array = np.stack([starts, after.ravel(), centre, np.roll(after, 1, 1).ravel()], 1)
    smooth: Array = np.concatenate([points, edge_points, face_points])
    smooth = smooth.astype(np.float32).reshape(len(smooth), -1, 3).swapaxes(0, 1)
    return replace(
        head,
        neutral=np.ascontiguousarray(smooth[1]),
        deltas=np.ascontiguousarray(smooth[2:]),
        faces=faces.astype(np.int32),
        parts=np.repeat(head.parts, corners),
        colours=np.ascontiguousarray(smooth[0]),
    )


def _moved_vertices(
    values: Array, starts: Array, face_sums: Array, edges: Array, middles: Array, is_open: Array
) -> Array:
    """Return the new positions [n_vertices, width] of the old vertices."""
    n_vertices = len(values)
    valence: Array = np.bincount(starts, minlength=n_vertices)[:, None]
    n: Array = np.maximum(valence, 1)
    edge_sums = _sum_by(edges.ravel(), np.repeat(middles, 2, 0), n_vertices)
    inside = (face_sums / n + 2 * edge_sums / n + (n - 3) * values) / n
    rim = edges[is_open].ravel()
    rim_sums = _sum_by(rim, np.repeat(middles[is_open], 2, 0), n_vertices)
    n_open: Array = np.bincount(rim, minlength=n_vertices)[:, None]
    moved = np.where(n_open == 2, values / 2 + rim_sums / 4, values)
    return np.where((n_open == 0) & (valence > 0), inside, moved)


def _sum_by(group: Array, values: Array, n_groups: int) -> Array:
    """Sum rows [n, width] that share a group [n] into [n_groups, width]."""
    order: Array = np.argsort(group, kind="stable")
    present, first = np.unique(group[order], return_index=True)
    sums: Array = np.zeros((n_groups, values.shape[1]), values.dtype)
    sums[present] = np.add.reduceat(values[order], first, axis=0)
    return sums

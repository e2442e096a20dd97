"""Which faces of a head move: renderers draw the others once, and these where they change."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.face.head import Head

MARGIN = 2.0
"""Vertices that move this much less than a visible step count as moving when any vertex does, so
that a motion which grows does not change the set in each frame."""


class MovingPart:
    """Finds the faces that have moved since the first frame, and those that move in a frame.

    Attributes:
        faces: [n_faces] bool, whether a face moves; none before the second pose.
        rest: the vertices [n_vertices, 3] of the first frame, where the other faces stay.

    Example:
        >>> import marotte
        >>> from marotte.render.moving import MovingPart
        >>> head = marotte.load_head()
        >>> part = MovingPart(head, least_mm=0.02)
        >>> part.update(head.neutral), int(part.faces.sum())
        (True, 0)
        >>> part.update(head.neutral + head.deltas[head.names.index("jawOpen")])
        True
        >>> bool(0 < part.faces.sum() < len(head.faces))
        True
        >>> part.update(head.neutral), len(part.changed(head.neutral)) > 0
        (False, True)
        >>> len(part.changed(head.neutral))
        0
    """

    def __init__(self, head: Head, least_mm: float) -> None:
        """Prepare a head; a vertex that moves by less than `least_mm` stays."""
        self._head_faces = head.faces
        self._least_mm = least_mm
        _, group = np.unique(head.neutral.round(3), axis=0, return_inverse=True)
        self._group: NDArray[np.intp] = group.reshape(-1)  # vertices at the same position
        self._moved = np.zeros(len(head.neutral), bool)
        self._unmoved = ~self._moved[:, None]
        self.faces: NDArray[np.bool_] = np.zeros(len(head.faces), bool)
        self.rest = head.neutral
        self._corners = _Corners(head.faces[:0], self._group)  # of the faces that move
        self._joints = np.arange(len(head.neutral))  # the vertices of faces that stay
        self._drawn = head.neutral
        self._first = True

    def restart(self) -> None:
        """Take the next frame for the first one, with the same faces that move."""
        self._first = True

    def update(self, vertices: NDArray[np.float32]) -> bool:
        """Take the next frame's vertices [n_vertices, 3]; return whether other faces stay now."""
        if self._first:
            self._first, self.rest = False, vertices
            self._drawn = vertices.copy()
            return True
        distance = np.abs(vertices - self.rest)
        if not ((distance > self._least_mm) & self._unmoved).any():
            return False
        self._moved |= (distance > self._least_mm / MARGIN).any(1)
        self._unmoved = ~self._moved[:, None]
        self.faces = _Corners(self._head_faces, self._group).beside(self._moved)
        self._corners = _Corners(self._head_faces[self.faces], self._group)
        beside_still = np.zeros(len(self._moved), bool)
        beside_still[self._group[self._head_faces[~self.faces]]] = True
        self._joints = np.flatnonzero(beside_still[self._group])
        self._drawn = vertices.copy()
        return True

    def joined(self, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return vertices [n_vertices, 3] of which those of faces that stay are at rest.

        Without this, what is behind would be seen through gaps between these faces and others.
        """
        vertices = vertices.copy()
        vertices[self._joints] = self.rest[self._joints]
        return vertices

    def changed(self, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return where faces look different from the frame before: positions [n, 3] around them.

        What moves so slowly that no step is visible counts from where it was drawn last.
        """
        moved = np.asarray((np.abs(vertices - self._drawn) > self._least_mm).any(1))
        if not moved.any():
            return vertices[:0]
        faces, seen = self._corners.beside(moved), np.zeros(len(moved), bool)
        for each in self._corners.vertices:
            seen[each[faces]] = True
        positions = np.concatenate([self._drawn[seen], vertices[seen]])
        self._drawn[moved] = vertices[moved]
        return positions


class _Corners:
    """Corners of some faces. NumPy gathers one corner of all faces faster than all of each."""

    def __init__(self, faces: NDArray[np.int32], group: NDArray[np.intp]) -> None:
        self.vertices = [np.ascontiguousarray(each) for each in faces.T]
        self._groups = [group[each] for each in self.vertices]
        self._n_vertices = len(group)

    def beside(self, moved: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which faces have a moved vertex, or share one with such a face.

        The normals at that vertex change, and the shading of the face with them.
        """
        with_moved = _any(moved, self.vertices)
        touched = np.zeros(self._n_vertices, bool)
        for each in self._groups:
            touched[each[with_moved]] = True
        return _any(touched, self._groups)


def _any(values: NDArray[np.bool_], corners: list[NDArray[Any]]) -> NDArray[np.bool_]:
    """Return for which faces the value of any corner is true."""
    result = values.take(corners[0])
    for each in corners[1:]:
        result |= values.take(each)
    return result

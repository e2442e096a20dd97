"""Which faces of a head move: renderers draw those in each frame, and the others once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from marotte.face.head import Head

MARGIN = 2.0
"""Vertices that move this much less than a visible step count as moving when any vertex does, so
that a motion which grows does not change the set in each frame."""


class MovingPart:
    """Finds the faces that have moved since the first frame.

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
        >>> part.update(head.neutral)
        False
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
        self._first = True

    def differs(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
        """Return whether a vertex moves visibly between two poses [n_vertices, 3]."""
        return bool((np.abs(a - b) > self._least_mm).any())

    def update(self, vertices: NDArray[np.float32]) -> bool:
        """Take the next frame's vertices [n_vertices, 3]; return whether other faces stay now."""
        if self._first:
            self._first, self.rest = False, vertices
            return True
        distance = np.abs(vertices - self.rest)
        if not ((distance > self._least_mm) & self._unmoved).any():
            return False
        self._moved |= (distance > self._least_mm / MARGIN).any(1)
        self._unmoved = ~self._moved[:, None]
        # Faces beside a moving one share its vertices' normals, so they change with it.
        moving = self._moved[self._head_faces].any(1)
        touched = np.zeros(len(self._moved), bool)
        touched[self._group[self._head_faces[moving]]] = True
        self.faces = np.asarray(touched[self._group[self._head_faces]].any(1))
        return True

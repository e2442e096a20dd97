"""Vertices in, smooth normals out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.face.head import Head


class Normals:
    """Computes smooth normals of a head, also across vertices at the same position.

    Example:
        >>> import marotte
        >>> from marotte.render.normals import Normals
        >>> head = marotte.load_head()
        >>> nose = head.neutral[:, 2].argmax()
        >>> bool(Normals(head)(head.neutral)[nose].argmax() == 2)  # it points out of the face
        True
    """

    def __init__(self, head: Head) -> None:
        """Find the faces around each vertex."""
        self._corners = tuple(np.ascontiguousarray(each) for each in head.faces.T)
        n_faces, n_vertices = len(head.faces), len(head.neutral)
        _, group = np.unique(head.neutral.round(3), axis=0, return_inverse=True)
        group = group.reshape(-1)
        of_corners = group[head.faces].ravel()
        order = np.argsort(of_corners, kind="stable")
        face = order // head.faces.shape[1]
        count = np.bincount(of_corners, minlength=group.max() + 1)
        first = (np.cumsum(count) - count)[group]
        # For k = 0, 1, ...: the k-th face of each vertex. Number n_faces is a face without area.
        self._usual: list[NDArray[np.intp]] = []
        self._others: list[tuple[NDArray[Any], NDArray[Any]]] = []
        for k in range(int(count.max())):
            vertices = np.flatnonzero(count[group] > k)
            faces = face[first[vertices] + k]
            if len(vertices) > n_vertices / 2:  # most vertices have four faces
                self._usual.append(np.full(n_vertices, n_faces))
                self._usual[k][vertices] = faces
            else:
                self._others.append((vertices, faces))

    def __call__(self, vertices: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return normals [n_vertices, 3] of vertices [n_vertices, 3]; their length is not 1."""
        # Cross product of a quad's diagonals 0-2 and 1-3, or of a triangle's edges 0-2 and 1-2.
        # NumPy gathers numbers several times as fast as rows of three.
        a, b, c, d = (self._corners[k] for k in (0, 1, 2, -1))
        axes = np.ascontiguousarray(vertices.T)
        u = [axis.take(c) - axis.take(a) for axis in axes]
        v = [axis.take(d) - axis.take(b) for axis in axes]
        normals = np.zeros((len(vertices), 3), np.float32)
        of_faces = np.zeros(len(a) + 1, np.float32)
        for k, (i, j) in enumerate(((1, 2), (2, 0), (0, 1))):
            of_faces[:-1] = u[i] * v[j] - u[j] * v[i]
            total = np.zeros(len(vertices), np.float32)
            for faces in self._usual:
                total += of_faces.take(faces)
            for at, faces in self._others:
                total[at] += of_faces.take(faces)
            normals[:, k] = total
        return normals

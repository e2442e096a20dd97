"""The mesh of Voice2Face: controls in, offsets of the vertices that they move out, and back.

Offsets are from the face at rest, [..., n_vertices * 3] in mm, as tensors. Only the vertices of the
packaged head that the teacher's controls move are used: 2764 of 5156 for the controls of speech.
The offsets of the others are always 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from marotte.face.loading import load_head

MOVED_MM = 0.01
MOUTH_MM = 20.0  # radius of the mouth, over which `nearness` falls
NEAR = 0.1  # normals are computed for triangles whose corners have a higher nearness
LIP_WEIGHT = 3e4  # weight of the heights of the lip gap in `inverse`, relative to other values


@dataclass(frozen=True)
class FaceMesh:
    """The linear map from controls to offsets, and the properties of the mesh that losses need.

    Attributes:
        names: the controls.
        neutral: the face at rest [n_vertices, 3].
        matrix: offsets of each control at 1 [n_controls, n_vertices * 3].
        inverse: least-squares map from offsets to controls [n_vertices * 3, n_controls]. The two
            vertices of the lip gap have the highest weight, so that an inexact fit preserves the
            lip gap.
        triangles: triangles around the mouth [n_triangles, 3].
        nearness: 1 in the middle of the mouth, falling to 0 away from it [n_vertices].
        lips: indices of the heights of the upper and lower lip among the offsets.
        rest_mm: lip gap at rest.
    """

    names: tuple[str, ...]
    neutral: Tensor
    matrix: Tensor
    inverse: Tensor
    triangles: Tensor
    nearness: Tensor
    lips: tuple[int, int]
    rest_mm: float

    @classmethod
    def of(cls, names: Sequence[str]) -> FaceMesh:
        """Return the packaged head's mesh for these controls."""
        head = load_head()
        assert head.upper_lip is not None
        assert head.lower_lip is not None
        neutral, matrix = head.basis(names)
        moves = np.abs(matrix).reshape(len(names), -1, 3).max(axis=(0, 2)) > MOVED_MM
        moves[[head.upper_lip, head.lower_lip]] = True
        used = np.flatnonzero(moves)
        new_index = np.full(len(moves), -1)
        new_index[used] = np.arange(len(used))
        at_rest = neutral.reshape(-1, 3)[used]
        used_matrix = matrix.reshape(len(names), -1, 3)[:, used].reshape(len(names), -1)
        mouth = at_rest[new_index[[head.upper_lip, head.lower_lip]]].mean(axis=0)
        nearness = np.exp(-np.square(np.linalg.norm(at_rest - mouth, axis=1) / MOUTH_MM))
        lips = tuple(int(3 * new_index[lip] + 1) for lip in (head.upper_lip, head.lower_lip))
        rest_mm, _ = head.lip_gap_weights(names)
        return cls(
            names=tuple(names),
            neutral=torch.from_numpy(at_rest),
            matrix=torch.from_numpy(used_matrix),
            inverse=torch.from_numpy(_inverse(used_matrix, lips)),
            triangles=torch.from_numpy(_near(new_index[head.triangles], nearness)),
            nearness=torch.from_numpy(nearness.astype(np.float32)),
            lips=(lips[0], lips[1]),
            rest_mm=rest_mm,
        )

    def lip_heights(self, offsets: Tensor) -> Tensor:
        """Return the offsets of the heights of the upper and lower lip [..., 2]."""
        return offsets[..., list(self.lips)]

    def gap_mm(self, offsets: Tensor) -> Tensor:
        """Return the lip gap [...] in mm."""
        upper, lower = self.lip_heights(offsets).unbind(-1)
        return self.rest_mm + upper - lower

    def normals(self, offsets: Tensor) -> Tensor:
        """Return unit vertex normals around the mouth [n, n_near, 3].

        A vertex normal is the mean of the adjacent triangles' normals, weighted by area.

        Args:
            offsets: [n, n_vertices * 3].
        """
        near, corners = torch.unique(self.triangles, return_inverse=True)
        vertices = (self.neutral + offsets.unflatten(-1, (-1, 3)))[:, near]
        first, second, third = (vertices[:, corners[:, corner]] for corner in range(3))
        faces = torch.cross(second - first, third - first, dim=-1)
        sums = torch.zeros_like(vertices)
        for corner in range(3):
            sums = sums.index_add(1, corners[:, corner], faces)
        return torch.nn.functional.normalize(sums, dim=-1, eps=1e-6)


def _near(triangles: np.ndarray, nearness: np.ndarray) -> np.ndarray:
    """Return the triangles whose corners are all used and all near the mouth."""
    used = triangles[(triangles >= 0).all(axis=1)]
    return used[(nearness[used] > NEAR).all(axis=1)]


def _inverse(matrix: np.ndarray, lips: Sequence[int]) -> np.ndarray:
    """Return the weighted least-squares inverse, from the normal equations in 64 bits."""
    wide = matrix.astype(np.float64)
    weights = np.ones(wide.shape[1])
    weights[list(lips)] = LIP_WEIGHT
    weighted = wide * weights
    return (weighted.T @ np.linalg.inv(weighted @ wide.T)).astype(np.float32)

"""The face as Voice2Face sees it: offsets of the vertices that speech moves, in mm, as tensors.

Offsets are from the face at rest, [..., n_vertices * 3]. Only those vertices of the packaged head
are kept that one of the teacher's controls moves: 2764 of 5156 for the controls of speech. The
others would be zeros to learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from marotte.face.loading import load_head

MOVED_MM = 0.01
MOUTH_MM = 20.0  # how far the mouth reaches: the scale on which `nearness` falls
NEAR = 0.1  # triangles whose corners all are nearer than this have normals
LIPS_COUNT = 3e4  # how much more the heights of the lip gap count in `inverse` than others


@dataclass(frozen=True)
class FaceMesh:
    """The linear map from controls to offsets, and what a loss needs to know of the mesh.

    Attributes:
        names: the controls.
        neutral: [n_vertices, 3], the face at rest.
        matrix: [n_controls, n_vertices * 3], what each control at 1 adds.
        inverse: [n_vertices * 3, n_controls], the least-squares way back; the two vertices of the
            lip gap count most, so that what can't be had exactly is not had at their cost.
        triangles: [n_triangles, 3], those about the mouth.
        nearness: [n_vertices], 1 in the middle of the mouth, falling to 0 away from it.
        lips: where the heights of upper and lower lip stand among the offsets.
        rest_mm: the lip gap at rest.
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
        """The packaged head's, for these controls."""
        head = load_head()
        assert head.upper_lip is not None
        assert head.lower_lip is not None
        neutral, matrix = head.basis(names)
        moves = np.abs(matrix).reshape(len(names), -1, 3).max(axis=(0, 2)) > MOVED_MM
        moves[[head.upper_lip, head.lower_lip]] = True
        kept = np.flatnonzero(moves)
        place = np.full(len(moves), -1)
        place[kept] = np.arange(len(kept))
        at_rest = neutral.reshape(-1, 3)[kept]
        kept_matrix = matrix.reshape(len(names), -1, 3)[:, kept].reshape(len(names), -1)
        mouth = at_rest[place[[head.upper_lip, head.lower_lip]]].mean(axis=0)
        nearness = np.exp(-np.square(np.linalg.norm(at_rest - mouth, axis=1) / MOUTH_MM))
        lips = tuple(int(3 * place[lip] + 1) for lip in (head.upper_lip, head.lower_lip))
        rest_mm, _ = head.lip_gap_weights(names)
        return cls(
            names=tuple(names),
            neutral=torch.from_numpy(at_rest),
            matrix=torch.from_numpy(kept_matrix),
            inverse=torch.from_numpy(_inverse(kept_matrix, lips)),
            triangles=torch.from_numpy(_near(place[head.triangles], nearness)),
            nearness=torch.from_numpy(nearness.astype(np.float32)),
            lips=(lips[0], lips[1]),
            rest_mm=rest_mm,
        )

    def lip_heights(self, offsets: Tensor) -> Tensor:
        """The offsets of the upper and the lower lip's heights [..., 2]."""
        return offsets[..., list(self.lips)]

    def gap_mm(self, offsets: Tensor) -> Tensor:
        """The lip gap [...]."""
        upper, lower = self.lip_heights(offsets).unbind(-1)
        return self.rest_mm + upper - lower

    def normals(self, offsets: Tensor) -> Tensor:
        """Unit vertex normals about the mouth [n, n_near, 3] of offsets [n, n_vertices * 3].

        The mean of the triangles about a vertex, by their area.
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
    """The triangles whose corners are all kept, and all about the mouth."""
    kept = triangles[(triangles >= 0).all(axis=1)]
    return kept[(nearness[kept] > NEAR).all(axis=1)]


def _inverse(matrix: np.ndarray, lips: Sequence[int]) -> np.ndarray:
    """The weighted least-squares inverse, by the normal equations in 64 bits."""
    wide = matrix.astype(np.float64)
    weights = np.ones(wide.shape[1])
    weights[list(lips)] = LIPS_COUNT
    weighted = wide * weights
    return (weighted.T @ np.linalg.inv(weighted @ wide.T)).astype(np.float32)

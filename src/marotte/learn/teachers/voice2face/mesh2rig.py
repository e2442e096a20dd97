"""Mesh2Rig: vertices in, controls out, by a network that learns through the head itself.

After Rig Inversion (Marquis Bolduc and Phan 2022): the loss compares not controls but meshes, the
one that came in and the one that the predicted controls give through the rig. There the rig is
learnt too; the head of Marotte is linear, so here it is exact. For the same reason the mesh is
first brought onto the head's basis by least squares, which for a mesh of the rig is the answer
already; what is left to the network is the nearest face where these are not within 0..1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from marotte.learn.teachers.voice2face.face_mesh import FaceMesh

HIDDEN = 512
EDGE = 1e-3  # controls are kept this far from 0 and 1, where a sigmoid never comes


class Mesh2Rig(nn.Module):
    """Offsets [..., n_vertices * 3] in mm to controls [..., n_controls] within 0..1."""

    inverse: Tensor

    def __init__(self, mesh: FaceMesh) -> None:
        super().__init__()
        n_controls = len(mesh.names)
        self.register_buffer("inverse", mesh.inverse, persistent=False)
        self.hidden = nn.Linear(n_controls, HIDDEN)
        self.change = nn.Linear(HIDDEN, n_controls)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)

    def forward(self, offsets: Tensor) -> Tensor:
        """The controls."""
        nearest = offsets @ self.inverse
        change = self.change(torch.nn.functional.gelu(self.hidden(nearest)))
        return torch.sigmoid(torch.logit(nearest.clamp(EDGE, 1 - EDGE)) + change)

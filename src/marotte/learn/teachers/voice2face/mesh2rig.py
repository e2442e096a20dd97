"""Mesh2Rig: vertices in, controls out, by a network that is trained through the rig.

Based on Rig Inversion (Marquis Bolduc and Phan 2022): the loss compares meshes instead of controls,
namely the input mesh and the mesh of the predicted controls. That paper learns an approximation of
the rig; Marotte's head is linear, so here the rig is exact. The mesh is first projected onto the
head's controls by least squares, which is exact for a mesh of the rig. The network only has to find
the nearest face where these controls are outside 0..1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from marotte.learn.teachers.voice2face.face_mesh import FaceMesh

HIDDEN = 512
EDGE = 1e-3  # controls are limited to EDGE..1 - EDGE, as the sigmoid never reaches 0 and 1


class Mesh2Rig(nn.Module):
    """Maps offsets [..., n_vertices * 3] in mm to controls [..., n_controls] within 0..1."""

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
        """Return the controls [..., n_controls]."""
        nearest = offsets @ self.inverse
        change = self.change(torch.nn.functional.gelu(self.hidden(nearest)))
        return torch.sigmoid(torch.logit(nearest.clamp(EDGE, 1 - EDGE)) + change)

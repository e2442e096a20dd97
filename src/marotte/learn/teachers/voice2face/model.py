"""A Voice2Face from features to controls: decoder and Mesh2Rig, and how they are kept in a file."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from marotte.config import strict
from marotte.learn.teachers.encoders.checkpoint import checksum
from marotte.learn.teachers.voice2face.decoder import CONTEXT_FRAMES, MeshDecoder
from marotte.learn.teachers.voice2face.examples import frame_bins
from marotte.learn.teachers.voice2face.face_mesh import FaceMesh
from marotte.learn.teachers.voice2face.mesh2rig import Mesh2Rig
from marotte.learn.teachers.voice2face.recipe import TeachRecipe

BLOCK_FRAMES = 512  # decoded at a time: 17 MB of vertices


class Voice2Face(nn.Module):
    """Decoder and Mesh2Rig on one mesh.

    Args:
        names: the controls.
        n_features: what the encoder gives.
        n_components: principal components of the decoder's last layer.
        recipe: whose decoder this is.
    """

    def __init__(
        self, names: tuple[str, ...], n_features: int, n_components: int, recipe: TeachRecipe
    ) -> None:
        super().__init__()
        self.recipe, self.face = recipe, FaceMesh.of(names)
        n_values = self.face.matrix.shape[1]
        self.decoder = MeshDecoder(n_features, n_values, n_components, recipe.decoder)
        self.mesh2rig = Mesh2Rig(self.face)

    def controls(self, features: Tensor, first_s: float, n_frames: int) -> Tensor:
        """The controls [n_frames, n_controls] of a whole utterance's features [n, n_features]."""
        blocks = []
        for first in range(0, n_frames, BLOCK_FRAMES):
            count = min(BLOCK_FRAMES, n_frames - first)
            heard = self.decoder.encode_windows(frame_bins(features, first_s, first, count)[None])
            blocks.append(self.mesh2rig(self.decoder.infer(heard)[0]))
        return torch.cat(blocks)

    def controls_of_windows(self, heard: Tensor) -> Tensor:
        """The controls [n_frames, n_controls] where each frame was heard by itself.

        Args:
            heard: [n_frames, channels], `MeshDecoder.encode_windows` of each frame's own sound.
        """
        ends = CONTEXT_FRAMES
        padded = torch.cat([heard[:1].expand(ends, -1), heard, heard[-1:].expand(ends, -1)])
        return torch.cat(
            [
                self.mesh2rig(self.decoder.infer(padded[None, first : first + BLOCK_FRAMES + 2])[0])
                for first in range(0, len(heard), BLOCK_FRAMES)
            ]
        )

    def state(self) -> dict[str, Any]:
        """What `restore` makes the same network of."""
        return {
            "recipe": asdict(self.recipe),
            "names": list(self.face.names),
            "n_features": len(self.decoder.feature_mean),
            "n_components": self.decoder.mesh.in_features,
            "net": self.state_dict(),
        }

    def version(self) -> str:
        """Changes whenever anything does that its curves depend on."""
        digest = hashlib.sha256(checksum(self.state_dict()).encode())
        digest.update(repr(sorted(asdict(self.recipe.encoder).items())).encode())
        return digest.hexdigest()[:12]


def restore(state: dict[str, Any], where: str) -> Voice2Face:
    """The network that a state was taken of, in evaluation mode."""
    recipe = strict(TeachRecipe, state["recipe"], where)
    net = Voice2Face(tuple(state["names"]), state["n_features"], state["n_components"], recipe)
    net.load_state_dict(state["net"])
    return net.eval()

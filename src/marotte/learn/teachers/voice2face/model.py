"""The whole Voice2Face network: features in, controls out; and its state in a checkpoint."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from marotte.config import strict
from marotte.learn.teachers.encoders import N_PROSODY, PROSODY
from marotte.learn.teachers.encoders.checkpoint import checksum
from marotte.learn.teachers.voice2face.decoder import CONTEXT_FRAMES, MeshDecoder
from marotte.learn.teachers.voice2face.examples import frame_bins
from marotte.learn.teachers.voice2face.face_mesh import FaceMesh
from marotte.learn.teachers.voice2face.mesh2rig import Mesh2Rig
from marotte.learn.teachers.voice2face.recipe import TeachRecipe, with_current_keys
from marotte.learn.train.checkpoint import damage_refused

BLOCK_FRAMES = 512  # frames decoded at a time: 17 MB of vertices


class Voice2Face(nn.Module):
    """Decoder and Mesh2Rig for one mesh.

    Args:
        names: the controls.
        n_features: number of features of the encoder.
        n_components: number of principal components in the decoder's last layer.
        recipe: recipe with the decoder's sizes.
    """

    def __init__(
        self, names: tuple[str, ...], n_features: int, n_components: int, recipe: TeachRecipe
    ) -> None:
        super().__init__()
        self.recipe, self.face = recipe, FaceMesh.of(names)
        n_values = self.face.matrix.shape[1]
        n_prosody = N_PROSODY if recipe.encoder.model.endswith(PROSODY) else 0
        self.decoder = MeshDecoder(n_features, n_values, n_components, recipe.decoder, n_prosody)
        self.mesh2rig = Mesh2Rig(self.face)

    def controls(self, features: Tensor, first_s: float, n_frames: int) -> Tensor:
        """Return the controls [n_frames, n_controls] of an utterance.

        Args:
            features: features of the whole utterance [n, n_features].
            first_s: time of the first features.
            n_frames: number of frames.
        """
        blocks = []
        for first in range(0, n_frames, BLOCK_FRAMES):
            count = min(BLOCK_FRAMES, n_frames - first)
            encoded = self.decoder.encode_windows(frame_bins(features, first_s, first, count)[None])
            blocks.append(self.mesh2rig(self.decoder.infer(encoded)[0]))
        return torch.cat(blocks)

    def controls_of_windows(self, encoded: Tensor) -> Tensor:
        """Return the controls [n_frames, n_controls] of frames that were encoded separately.

        Args:
            encoded: output of `MeshDecoder.encode_windows` for each frame [n_frames, channels].
        """
        padding = CONTEXT_FRAMES
        padded = torch.cat(
            [encoded[:1].expand(padding, -1), encoded, encoded[-1:].expand(padding, -1)]
        )
        return torch.cat(
            [
                self.mesh2rig(self.decoder.infer(padded[None, first : first + BLOCK_FRAMES + 2])[0])
                for first in range(0, len(encoded), BLOCK_FRAMES)
            ]
        )

    def state(self) -> dict[str, Any]:
        """Return the state from which `restore` builds the same network."""
        return {
            "recipe": asdict(self.recipe),
            "names": list(self.face.names),
            "n_features": len(self.decoder.feature_mean),
            "n_components": self.decoder.mesh.in_features,
            "net": self.state_dict(),
        }

    def version(self) -> str:
        """Return a digest of everything that the network's curves depend on."""
        digest = hashlib.sha256(checksum(self.state_dict()).encode())
        digest.update(repr(sorted(asdict(self.recipe.encoder).items())).encode())
        return digest.hexdigest()[:12]


def restore(state: dict[str, Any], path: str) -> Voice2Face:
    """Build the network of a state, in evaluation mode; `path` is for error messages.

    Raises:
        MarotteError: the state is not whole.
    """
    recipe = strict(TeachRecipe, with_current_keys(state["recipe"]), path)
    with damage_refused(path):
        net = Voice2Face(tuple(state["names"]), state["n_features"], state["n_components"], recipe)
        net.load_state_dict(state["net"])
    return net.eval()

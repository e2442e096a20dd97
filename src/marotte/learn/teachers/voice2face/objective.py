"""What Voice2Face is told it did wrong: one function an equation, all means over their batch.

Appendix A: the vertices' distance, the cosine distance of their normals, and the divergence of the
latent. Ours beside them: the vertices about the mouth count more, and so does the lip gap
(`marotte.learn.train.losses.lip_gap`): a mean over 2764 vertices hardly sees whether the lips
touch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from marotte.learn.teachers.voice2face.decoder import Decoded
from marotte.learn.teachers.voice2face.face_mesh import FaceMesh
from marotte.learn.teachers.voice2face.recipe import Voice2FaceLossWeights
from marotte.learn.train import losses

NORMALS_EVERY = 8  # frames: normals cost more than all else, and neighbours have much the same

_HEIGHTS = torch.tensor([1.0, -1.0])  # the lip gap is the upper lip's height less the lower's


class Voice2FaceObjective:
    """The weighted losses of a recipe."""

    def __init__(self, weights: Voice2FaceLossWeights, mesh: FaceMesh) -> None:
        self.weights, self.mesh = weights, mesh
        per_vertex = 1 + weights.lips * mesh.nearness
        self.per_value = (per_vertex / per_vertex.mean()).repeat_interleave(3)

    def __call__(self, decoded: Decoded, layer: nn.Linear, controls: Tensor) -> dict[str, Tensor]:
        """Each loss, unweighted, and their weighted `total`.

        Args:
            decoded: what the decoder gave.
            layer: its last, from components to offsets.
            controls: of the face it should have given [batch, n_frames, n_controls].
        """
        components, matrix = decoded.components, self.mesh.matrix
        error = VertexError(layer, matrix, self.per_value)
        lips = list(self.mesh.lips)
        seen = nn.functional.linear(components, layer.weight[lips], layer.bias[lips])
        parts = {
            "vertex": error(components, controls).mean(),
            "lip_gap": self.lip_gap(seen, controls @ matrix[:, lips]),
            "kl": kl_divergence(decoded.mean, decoded.log_variance),
        }
        if self.weights.normal:
            some = slice(NORMALS_EVERY // 2, None, NORMALS_EVERY)
            offsets, wanted = layer(components[:, some]), controls[:, some] @ matrix
            parts["normal"] = self.normal(offsets.flatten(0, 1), wanted.flatten(0, 1))
        if self.weights.velocity:
            moved = error(components.diff(dim=1), controls.diff(dim=1), still=True)
            parts["velocity"] = moved.mean()
        total = torch.stack([getattr(self.weights, name) * loss for name, loss in parts.items()])
        return {**parts, "total": total.sum()}

    def lip_gap(self, seen: Tensor, wanted: Tensor) -> Tensor:
        """The error of the lips' distance, as an eye weighs it, from lip heights [..., 2] in mm."""
        return losses.lip_gap(seen, wanted, self.mesh.rest_mm, _HEIGHTS, self.weights.closure)

    def normal(self, offsets: Tensor, wanted: Tensor) -> Tensor:
        """Mean of 1 - cos between the vertex normals of both [n, n_vertices * 3]."""
        with torch.no_grad():
            normals = self.mesh.normals(wanted)
        return (1 - (self.mesh.normals(offsets) * normals).sum(-1)).mean()


class VertexError:
    """The vertices' squared error, of components and controls, without writing out a mesh.

    Both meshes are linear, so with `A` the rows of the last layer's weight, of its bias and of the
    controls' matrix, and `v` the components, 1 and the controls with their sign turned, the error
    of a frame is `|v A|^2 = v (A A') v'`. `A A'` is a small matrix, and the same for all frames.
    It is kept in 64 bits, as the difference of large meshes is small.

    Args:
        layer: from components to offsets.
        matrix: from controls to offsets [n_controls, n_vertices * 3].
        per_value: how much each coordinate counts [n_vertices * 3].
    """

    def __init__(self, layer: nn.Linear, matrix: Tensor, per_value: Tensor) -> None:
        rows = torch.cat([layer.weight.T, layer.bias[None], matrix]) * per_value.sqrt()
        self.gram = (rows @ rows.T).double() / len(per_value)

    def __call__(self, components: Tensor, controls: Tensor, still: bool = False) -> Tensor:
        """Mean squared error of the coordinates in mm^2 [...]; without the bias where `still`."""
        one = torch.full_like(components[..., :1], 0.0 if still else 1.0)
        vector = torch.cat([components, one, -controls], dim=-1).double()
        return ((vector @ self.gram) * vector).sum(-1).float()


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The Kullback-Leibler divergence of N(mean, variance) from N(0, 1), a number of the latent."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()

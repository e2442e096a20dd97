"""Training losses of Voice2Face, one function per equation; each is a mean over the batch.

The losses of Appendix A are the distance of the vertices, the cosine distance of their normals, and
the divergence of the latent. We add a higher weight for the vertices around the mouth, and the lip
gap (`marotte.learn.train.losses.lip_gap`), because the lips hardly affect a mean over 2764
vertices.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from marotte.learn.teachers.voice2face.decoder import Decoded
from marotte.learn.teachers.voice2face.face_mesh import FaceMesh
from marotte.learn.teachers.voice2face.recipe import Voice2FaceLossWeights
from marotte.learn.train import losses

NORMALS_EVERY = 8  # frames: normals are the slowest loss, and neighbouring frames are similar

_HEIGHTS = torch.tensor([1.0, -1.0])  # the lip gap is the height of the upper minus the lower lip


class Voice2FaceObjective:
    """Computes the weighted losses of a recipe."""

    def __init__(self, weights: Voice2FaceLossWeights, mesh: FaceMesh) -> None:
        self.weights, self.mesh = weights, mesh
        per_vertex = 1 + weights.lips * mesh.nearness
        self.per_value = (per_vertex / per_vertex.mean()).repeat_interleave(3)

    def __call__(
        self, decoded: Decoded, layer: nn.Linear, controls: Tensor, known: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return each unweighted loss by name, and their weighted sum as `total`.

        The target of an unknown control is the prediction itself, which has no gradient. The lip
        gap is that of the known controls, as it was captured.

        Args:
            decoded: output of the decoder.
            layer: last layer of the decoder, from components to offsets.
            controls: controls of the target face [batch, n_frames, n_controls].
            known: the controls that the target knows [batch, n_controls]; None if it knows all.
        """
        components, matrix = decoded.components, self.mesh.matrix
        error = VertexError(layer, matrix, self.per_value)
        lips = list(self.mesh.lips)
        heights = nn.functional.linear(components, layer.weight[lips], layer.bias[lips])
        gap = self.lip_gap(heights, controls @ matrix[:, lips])
        if known is not None:
            predicted = self._controls(components.detach(), layer)
            controls = torch.where(known[:, None], controls, predicted.detach())
        parts = {
            "vertex": error(components, controls).mean(),
            "lip_gap": gap,
            "kl": kl_divergence(decoded.mean, decoded.log_variance),
        }
        if self.weights.normal:
            frames = slice(NORMALS_EVERY // 2, None, NORMALS_EVERY)
            offsets, target = layer(components[:, frames]), controls[:, frames] @ matrix
            parts["normal"] = self.normal(offsets.flatten(0, 1), target.flatten(0, 1))
        if self.weights.velocity:
            velocity = error(components.diff(dim=1), controls.diff(dim=1), differences=True)
            parts["velocity"] = velocity.mean()
        total = torch.stack([getattr(self.weights, name) * loss for name, loss in parts.items()])
        return {**parts, "total": total.sum()}

    def _controls(self, components: Tensor, layer: nn.Linear) -> Tensor:
        """Return the controls [..., n_controls] nearest to the meshes of components."""
        inverse = self.mesh.inverse
        return components @ (layer.weight.T @ inverse) + layer.bias @ inverse

    def lip_gap(self, heights: Tensor, target: Tensor) -> Tensor:
        """Return the perceptual error of the lip gap, from lip heights [..., 2] in mm."""
        return losses.lip_gap(heights, target, self.mesh.rest_mm, _HEIGHTS, self.weights.closure)

    def normal(self, offsets: Tensor, target: Tensor) -> Tensor:
        """Return the mean of 1 - cos between the vertex normals of two [n, n_vertices * 3]."""
        with torch.no_grad():
            normals = self.mesh.normals(target)
        return (1 - (self.mesh.normals(offsets) * normals).sum(-1)).mean()


class VertexError:
    """Computes the squared error of the vertices from components and controls, without a mesh.

    Both meshes are linear. Let the rows of `A` be those of the last layer's weight, of its bias and
    of the controls' matrix, and let `v` be the components, 1 and the negative controls. The error
    of a frame is then `|v A|^2 = v (A A') v'`, where `A A'` is a small matrix and the same for all
    frames. It is stored in 64 bits, because the difference of large meshes is small.

    Args:
        layer: last layer of the decoder, from components to offsets.
        matrix: map from controls to offsets [n_controls, n_vertices * 3].
        per_value: weight of each coordinate [n_vertices * 3].
    """

    def __init__(self, layer: nn.Linear, matrix: Tensor, per_value: Tensor) -> None:
        rows = torch.cat([layer.weight.T, layer.bias[None], matrix]) * per_value.sqrt()
        self.gram = (rows @ rows.T).double() / len(per_value)

    def __call__(self, components: Tensor, controls: Tensor, differences: bool = False) -> Tensor:
        """Return the mean squared error of the coordinates in mm^2 [...].

        Args:
            components: [..., n_components].
            controls: [..., n_controls].
            differences: whether the arguments are differences between frames, in which the bias
                cancels.
        """
        one = torch.full_like(components[..., :1], 0.0 if differences else 1.0)
        vector = torch.cat([components, one, -controls], dim=-1).double()
        return ((vector @ self.gram) * vector).sum(-1).float()


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence of N(mean, variance) from N(0, 1), per dimension."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()

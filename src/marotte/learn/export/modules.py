"""The torch modules that are exported: a network in, one with the inputs and outputs of a file out.

Names of submodules and parameters become names in the ONNX file, which `train.warm_start` reads.
"""

from __future__ import annotations

from copy import deepcopy
from typing import cast

import torch
from torch import Tensor, nn

from marotte.face.mesh import Mesh
from marotte.learn.models.face_net import FaceNet
from marotte.learn.models.student import GLOBAL_KERNEL, GlobalConvolution, StudentNet


class WindowModule(nn.Module):
    """A network whose only output is its controls."""

    def __init__(self, net: FaceNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, samples: Tensor) -> Tensor:
        """Return controls [batch, n_controls] of windows [batch, n_samples]."""
        return self.net(samples).controls


class MeshModule(nn.Module):
    """A network whose controls are components of a mesh; it also gives the vertices."""

    def __init__(self, net: FaceNet, mesh: Mesh) -> None:
        super().__init__()
        self.net = net
        self.components = nn.Parameter(torch.from_numpy(mesh.components.copy()))
        self.rest = nn.Parameter(torch.from_numpy(mesh.rest.copy()))

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Return controls [batch, n_controls], and vertices [batch, n_vertices * 3] in mm."""
        controls = self.net(samples).controls
        return controls, controls @ self.components + self.rest


class StreamedModule(nn.Module):
    """A student that takes the samples of new steps and keeps the steps before them.

    It keeps steps after layer 8: up to there, a step does not depend on its window.
    """

    def __init__(self, net: StudentNet) -> None:
        super().__init__()
        self.net = deepcopy(net)
        whole = cast(GlobalConvolution, net.global_context[0])
        self.net.global_context = nn.Sequential(_HalvedConvolution(whole, net.n_steps))

    def forward(self, samples: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Return controls [1, n_controls], and the steps [1, channels, n_steps] of their window.

        Args:
            samples: [1, n], the receptive field of the new steps.
            steps: [1, channels, n_steps], the steps of the previous window.
        """
        new = self.net.project(self.net.steps(samples))
        steps = torch.cat([steps, new], dim=2)[:, :, -self.net.n_steps :]
        return self.net.predict_from_projected(steps).controls, steps


class _HalvedConvolution(nn.Module):
    """Layer 9 for windows of one length, with half of the products.

    For the first half of the steps, only the upper taps of the kernel meet steps of the window; for
    the second half, only the lower taps. The other taps would meet the padding.
    """

    def __init__(self, whole: GlobalConvolution, n_steps: int) -> None:
        super().__init__()
        middle, zero = (n_steps + 1) // 2, GLOBAL_KERNEL // 2
        self.halves = nn.ModuleList()
        for first, last in ((0, middle), (middle, n_steps)):
            # Tap s - t + 32 leads from step s to step t.
            low, high = zero - (last - 1), zero + n_steps - first
            half = nn.Conv1d(
                whole.in_channels,
                whole.out_channels,
                high - low,
                padding=last - 1 - first,
                groups=whole.groups,
                bias=whole.bias is not None,
            )
            half.weight = nn.Parameter(whole.weight[:, :, low:high].detach().clone())
            half.bias = whole.bias
            self.halves.append(half)

    def forward(self, steps: Tensor) -> Tensor:
        """Return steps [batch, channels, n_steps], as many as in the input."""
        return torch.cat([half(steps) for half in self.halves], dim=2)

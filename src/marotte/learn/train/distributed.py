"""Training in several processes, with the same result as in one.

`torchrun` starts the processes. In a single process, each function does the ordinary thing.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor, distributed, nn

from marotte.errors import MarotteError
from marotte.learn.models.face_net import FaceNet


def world_size() -> int:
    """Return the number of processes that train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Return the number of this process. Process 0 writes all files and messages."""
    return int(os.environ.get("RANK", "0"))


def usable_precision(precision: str) -> str:
    """Return the precision to train with on this machine.

    On a CPU without instructions for bfloat16, `bf16-mixed` takes about ten times as long as 32
    bits and is less exact, so it becomes `32-true`.
    """
    if precision != "bf16-mixed" or torch.cuda.is_available():
        return precision
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()  # absent in some versions
    return precision if supported else "32-true"


def open_fabric(precision: Any, shards: int) -> Any:
    """Open Lightning Fabric on the GPUs, or on the CPU without GPUs, and join all processes.

    Args:
        precision: as Fabric names it, e.g. `bf16-mixed`.
        shards: the number of parts of a batch.

    Raises:
        MarotteError: the processes can't share a batch evenly.
    """
    from lightning_fabric import Fabric

    size = world_size()
    if shards % size:
        raise MarotteError(
            f"{size} processes can't share a batch of {shards} shards: "
            f"set train.shards to a multiple of {size}"
        )
    accelerator = "cuda" if torch.cuda.is_available() else "cpu"
    if size == 1:
        return Fabric(accelerator=accelerator, devices=1, precision=precision)
    local_size = int(os.environ.get("LOCAL_WORLD_SIZE", str(size)))
    fabric = Fabric(
        accelerator=accelerator,
        devices=local_size,
        num_nodes=size // local_size,
        strategy="ddp",
        precision=precision,
    )
    fabric.launch()
    return fabric


def mean_over_processes(value: Tensor) -> Tensor:
    """Return the mean of each process's value; no gradient flows through it."""
    if world_size() == 1:
        return value
    total = value.detach().clone()
    distributed.all_reduce(total)
    return total / world_size()


def join_batch_norms(net: FaceNet) -> None:
    """Make the batch norms of a network use the statistics of all processes.

    `torch.nn.SyncBatchNorm` does the same, but only on GPUs.
    """
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.__class__ = _JoinedBatchNorm


class _JoinedBatchNorm(nn.BatchNorm1d):
    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        axes = [axis for axis in range(input.ndim) if axis != 1]
        count = input.numel() // input.shape[1] * world_size()
        shape = [1, -1] + [1] * (input.ndim - 2)
        mean = _Sum.apply(input.sum(axes)) / count
        centred = input - mean.view(shape)
        # The mean of squares minus the square of the mean would lose digits far from zero.
        variance = _Sum.apply(centred.square().sum(axes)) / count
        with torch.no_grad():
            momentum = self.momentum or 0.1
            self.running_mean.lerp_(mean, momentum)  # pyright: ignore[reportOptionalMemberAccess]
            self.running_var.lerp_(variance * count / (count - 1), momentum)  # pyright: ignore[reportOptionalMemberAccess]
            self.num_batches_tracked.add_(1)  # pyright: ignore[reportOptionalMemberAccess]
        scale = self.weight / torch.sqrt(variance + self.eps)
        return centred * scale.view(shape) + self.bias.view(shape)


class _Sum(torch.autograd.Function):
    """The sum of each process's tensor. Gradients are summed likewise."""

    @staticmethod
    def forward(context: Any, value: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        total = value.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _Sum.forward(context, gradient)

"""Training in several processes: what they have to agree on, so that one would do the same.

Processes are started by `torchrun`; in a single one, everything here is the plain thing.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor, distributed, nn

from marotte.errors import MarotteError


def world_size() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Which of them this is; the first, 0, writes and speaks for all."""
    return int(os.environ.get("RANK", "0"))


def open_fabric(precision: Any, shards: int) -> Any:
    """Lightning Fabric on the GPUs there are, else the CPU, with all processes joined.

    Raises:
        MarotteError: a batch can't be shared evenly among the processes.
    """
    from lightning_fabric import Fabric

    size = world_size()
    if shards % size:
        raise MarotteError(
            f"{size} processes can't share a batch of {shards} parts: "
            f"set train.shards to a multiple of {size}"
        )
    accelerator = "cuda" if torch.cuda.is_available() else "cpu"
    if size == 1:
        return Fabric(accelerator=accelerator, devices=1, precision=precision)
    here = int(os.environ.get("LOCAL_WORLD_SIZE", str(size)))
    fabric = Fabric(
        accelerator=accelerator,
        devices=here,
        num_nodes=size // here,
        strategy="ddp",
        precision=precision,
    )
    fabric.launch()
    return fabric


def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of a number that each process has its own of; no gradient flows through it."""
    if world_size() == 1:
        return value
    total = value.detach().clone()
    distributed.all_reduce(total)
    return total / world_size()


def join_batch_norms(net: nn.Module) -> None:
    """Let batch norms take their statistics over the crops of all processes.

    `torch.nn.SyncBatchNorm` does the same, but on GPUs alone.
    """
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.__class__ = _JoinedBatchNorm


class _JoinedBatchNorm(nn.BatchNorm1d):
    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        from torch.distributed.nn.functional import all_reduce

        over = [axis for axis in range(input.ndim) if axis != 1]
        count = input.numel() // input.shape[1] * world_size()
        sums = torch.stack([input.sum(over), input.square().sum(over)])
        mean, square = all_reduce(sums) / count
        variance = square - mean.square()
        with torch.no_grad():
            momentum = self.momentum or 0.1
            self.running_mean.lerp_(mean, momentum)  # pyright: ignore[reportOptionalMemberAccess]
            self.running_var.lerp_(variance * count / (count - 1), momentum)  # pyright: ignore[reportOptionalMemberAccess]
            self.num_batches_tracked.add_(1)  # pyright: ignore[reportOptionalMemberAccess]
        shape = [1, -1] + [1] * (input.ndim - 2)
        scale = self.weight / torch.sqrt(variance + self.eps)
        return (input - mean.view(shape)) * scale.view(shape) + self.bias.view(shape)

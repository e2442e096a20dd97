"""Layer 9 for all overlapping windows of a crop at once, with features last.

Each window is padded with zeros, so two windows never share an output. They do share products:
input step i contributes to output step a through tap i - a in every window that contains both.
Each product is computed once per crop, which is 49 products per step instead of 625 per frame.
For each step, one small product with ones and zeros then sums the products that lie inside each of
its windows.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from marotte.learn.models.student import GLOBAL_GROUPS, GLOBAL_KERNEL


def convolve_windows(steps: Tensor, weight: Tensor, n_frames: int, n_steps: int) -> Tensor:
    """Return layer 9, without its bias, for all windows of crops.

    Args:
        steps: the output of layer 8 [batch, n, channels], n at least n_frames + n_steps - 1.
        weight: the weight of layer 9 [channels, channels / 4, 64].
        n_frames: windows per crop, one step apart.
        n_steps: steps per window.

    Returns:
        [batch, n_frames, n_steps, channels].
    """
    taps = _used_taps(weight, n_steps, steps.dtype)
    return _ConvolveWindows.apply(steps.contiguous(), taps, n_frames, n_steps)


def _used_taps(weight: Tensor, n_steps: int, dtype: torch.dtype) -> Tensor:
    """Return the taps that a window of `n_steps` uses, as matrices [group, in, tap * out].

    Tap d, from 1 - n_steps to n_steps - 1, leads from step i to step i - d.
    """
    half = GLOBAL_KERNEL // 2
    used = weight[..., half - n_steps + 1 : half + n_steps].unflatten(0, (GLOBAL_GROUPS, -1))
    return used.permute(0, 2, 3, 1).flatten(2).to(dtype)


def _taps_inside(n_steps: int, like: Tensor) -> Tensor:
    """Return 1 for taps whose input is inside the window, per position [n_steps, 2 * n_steps - 1].

    Position t uses the taps from -t to n_steps - 1 - t.
    """
    tap = torch.arange(1 - n_steps, n_steps, device=like.device)
    position = torch.arange(n_steps, device=like.device)[:, None]
    return ((tap >= -position) & (tap < n_steps - position)).to(like.dtype)


def _by_output_step(products: Tensor, rows: int, n_taps: int) -> Tensor:
    """View products [group, rows + ..., tap, c] by their output step [group, rows, tap, c].

    The product of output step a with tap k is at step a + k: padding shifts it by n_steps - 1.
    """
    channels = products.shape[-1]
    group = products.shape[1] * n_taps * channels
    row = n_taps * channels
    return products.as_strided(
        (GLOBAL_GROUPS, rows, n_taps, channels), (group, row, row + channels, 1)
    )


def _by_window(sums: Tensor, shape: tuple[int, int, int], n_frames: int) -> Tensor:
    """View sums per step and position as windows [group, batch, n_frames, n_steps, c].

    Position t of window w is step w + t.
    """
    batch, n, n_steps = shape
    channels = sums.shape[-1]
    row = n_steps * channels
    return sums.as_strided(
        (GLOBAL_GROUPS, batch, n_frames, n_steps, channels),
        (batch * n * row, n * row, row, row + channels, 1),
    )


_Gradients = tuple[Tensor, Tensor, None, None]  # with respect to the inputs of `forward`


class _ConvolveWindows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, steps: Tensor, taps: Tensor, n_frames: int, n_steps: int) -> Tensor:
        ctx.save_for_backward(steps, taps)
        ctx.shape = n_frames, n_steps
        batch, n, channels = steps.shape
        rows, n_taps, edge = batch * n, 2 * n_steps - 1, n_steps - 1
        width = channels // GLOBAL_GROUPS
        grouped = steps.view(rows, GLOBAL_GROUPS, width).transpose(0, 1)
        # Zeros before the first crop and after the last one. No window spans two crops.
        products = steps.new_zeros(GLOBAL_GROUPS, rows + 2 * edge, n_taps * width)
        products[:, edge : edge + rows] = torch.bmm(grouped, taps)
        by_output = _by_output_step(products.unflatten(2, (n_taps, width)), rows, n_taps)
        inside = _taps_inside(n_steps, steps).expand(rows, -1, -1)
        sums = steps.new_empty(GLOBAL_GROUPS, rows, n_steps, width)
        for target, group in zip(sums, by_output, strict=True):
            torch.bmm(inside, group, out=target)
        windows = _by_window(sums, (batch, n, n_steps), n_frames)
        return windows.permute(1, 2, 3, 0, 4).reshape(batch, n_frames, n_steps, channels)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> _Gradients:  # pyright: ignore[reportIncompatibleMethodOverride]
        (steps, taps), (n_frames, n_steps) = ctx.saved_tensors, ctx.shape
        batch, n, channels = steps.shape
        rows, n_taps, edge = batch * n, 2 * n_steps - 1, n_steps - 1
        width = channels // GLOBAL_GROUPS
        sums_grad = steps.new_zeros(GLOBAL_GROUPS, rows, n_steps, width)
        windows = _by_window(sums_grad, (batch, n, n_steps), n_frames)
        windows.copy_(grad.unflatten(3, (GLOBAL_GROUPS, width)).permute(3, 0, 1, 2, 4))
        products_grad = steps.new_zeros(GLOBAL_GROUPS, rows + 2 * edge, n_taps, width)
        by_output = _by_output_step(products_grad, rows, n_taps)
        inside = _taps_inside(n_steps, steps).t().expand(rows, -1, -1)
        for target, group in zip(by_output, sums_grad, strict=True):
            target.copy_(torch.bmm(inside, group))
        products_grad = products_grad.flatten(2)[:, edge : edge + rows]
        grouped = steps.view(rows, GLOBAL_GROUPS, width).transpose(0, 1)
        taps_grad = torch.bmm(grouped.transpose(1, 2), products_grad)
        steps_grad = torch.bmm(products_grad, taps.transpose(1, 2))
        return steps_grad.transpose(0, 1).reshape(steps.shape), taps_grad, None, None

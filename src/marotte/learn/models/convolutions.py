"""Convolutions with features last, as matrix products over strided views of their input.

One row of the product is `kernel * channels` neighbouring numbers. The rows of a kernel that is
longer than its stride overlap. Such a kernel is split into parts no longer than the stride: each
part is one product over a view of the input, and the products are added up. Nothing is copied.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

SHORT_STEPS = 64  # with fewer outputs, one product per sequence is too small to be fast


class RowConvolution(nn.Conv1d):
    """A convolution of many short sequences, which is trained as one matrix product.

    On a processor this is up to three times as fast as the ordinary convolution, which it is
    outside training.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return features [batch, out, n_out] of features [batch, in, n]."""
        if not self.training or torch.is_autocast_enabled(input.device.type):
            return super().forward(input)
        (padding,) = self.padding
        steps = functional.pad(input.transpose(1, 2), (0, 0, int(padding), int(padding)))
        return convolve(steps, self).transpose(1, 2)


def kernel_matrix(weight: Tensor) -> Tensor:
    """Return a convolution's weight [out, in, kernel] as a matrix [kernel * in, out]."""
    return weight.permute(2, 1, 0).reshape(-1, weight.shape[0])


def convolve(
    steps: Tensor, layer: nn.Conv1d, weight: Tensor | None = None, stride: int = 0
) -> Tensor:
    """Return an unpadded convolution [batch, n_out, out] of `steps` [batch, n, in].

    Args:
        steps: features last.
        layer: a convolution with one group; gives kernel size, stride, weight and bias.
        weight: replaces the layer's weight, [out, in, kernel]; None keeps it.
        stride: replaces the layer's stride; 0 keeps it.
    """
    kernel, stride = layer.kernel_size[0], stride or layer.stride[0]
    matrix = kernel_matrix(layer.weight if weight is None else weight).to(steps.dtype)
    n_out = (steps.shape[1] - kernel) // stride + 1
    product = _CopiedRows if n_out < SHORT_STEPS or steps.shape[2] == 1 else _StridedRows
    output: Tensor = product.apply(steps.contiguous(), matrix, kernel, stride)
    return output if layer.bias is None else output + layer.bias.to(output.dtype)


def strided_rows(steps: Tensor, stride: int, width: int, first: int, count: int) -> Tensor:
    """Return overlapping rows [batch, count, width] of `steps` [batch, n, channels], as a view.

    Args:
        steps: a contiguous tensor.
        stride: steps from row to row.
        width: numbers per row; they may span several steps.
        first: the step at which the first row starts.
        count: number of rows.
    """
    batch, n, channels = steps.shape
    offset = steps.storage_offset() + first * channels
    return steps.as_strided((batch, count, width), (n * channels, stride * channels, 1), offset)


def _kernel_parts(kernel: int, stride: int) -> list[tuple[int, int]]:
    """Return the parts of a kernel no longer than its stride, as ranges of taps."""
    return [(first, min(kernel, first + stride)) for first in range(0, kernel, stride)]


_Gradients = tuple[Tensor | None, Tensor, None, None]  # with respect to the inputs of `forward`


class _StridedRows(torch.autograd.Function):
    """Long sequences: one batched product over views for each part of the kernel."""

    @staticmethod
    def forward(ctx: Any, steps: Tensor, matrix: Tensor, kernel: int, stride: int) -> Tensor:
        ctx.save_for_backward(steps, matrix)
        ctx.shape = kernel, stride
        (batch, n, channels), n_out = steps.shape, matrix.shape[1]
        count = (n - kernel) // stride + 1
        output = steps.new_empty(batch, count, n_out)
        for first, after in _kernel_parts(kernel, stride):
            rows = strided_rows(steps, stride, (after - first) * channels, first, count)
            part = matrix[first * channels : after * channels].expand(batch, -1, -1)
            if first:
                output.baddbmm_(rows, part)
            else:
                torch.bmm(rows, part, out=output)
        return output

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> _Gradients:  # pyright: ignore[reportIncompatibleMethodOverride]
        (steps, matrix), (kernel, stride) = ctx.saved_tensors, ctx.shape
        (batch, _, channels), count = steps.shape, grad.shape[1]
        grad = grad.contiguous()
        matrix_grad = torch.empty_like(matrix)
        steps_grad = torch.zeros_like(steps) if ctx.needs_input_grad[0] else None
        for first, after in _kernel_parts(kernel, stride):
            width = (after - first) * channels
            rows = strided_rows(steps, stride, width, first, count)
            part = slice(first * channels, after * channels)
            torch.sum(torch.bmm(rows.transpose(1, 2), grad), 0, out=matrix_grad[part])
            if steps_grad is not None:
                target = strided_rows(steps_grad, stride, width, first, count)
                target.baddbmm_(grad, matrix[part].t().expand(batch, -1, -1))
        return steps_grad, matrix_grad, None, None


class _CopiedRows(torch.autograd.Function):
    """Short sequences, or one channel: the rows of the whole batch are copied for one product."""

    @staticmethod
    def forward(ctx: Any, steps: Tensor, matrix: Tensor, kernel: int, stride: int) -> Tensor:
        batch, n, channels = steps.shape
        count = (n - kernel) // stride + 1
        rows = strided_rows(steps, stride, kernel * channels, 0, count)
        rows = rows.reshape(-1, kernel * channels)
        ctx.save_for_backward(rows, matrix)
        ctx.shape = steps.shape, kernel, stride
        return torch.mm(rows, matrix).view(batch, count, -1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> _Gradients:  # pyright: ignore[reportIncompatibleMethodOverride]
        (rows, matrix), (shape, kernel, stride) = ctx.saved_tensors, ctx.shape
        channels, count = shape[2], grad.shape[1]
        flat = grad.reshape(-1, grad.shape[2])
        matrix_grad = torch.mm(rows.t(), flat)
        if not ctx.needs_input_grad[0]:
            return None, matrix_grad, None, None
        rows_grad = torch.mm(flat, matrix.t()).view(shape[0], count, kernel * channels)
        steps_grad = rows_grad.new_zeros(shape)
        for first, after in _kernel_parts(kernel, stride):
            width = (after - first) * channels
            target = strided_rows(steps_grad, stride, width, first, count)
            target.add_(rows_grad[..., first * channels : after * channels])
        return steps_grad, matrix_grad, None, None

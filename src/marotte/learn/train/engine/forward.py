"""A student's predictions for crops, with features last: the same function, several times faster.

The weights and the running statistics of the batch norms are those of an ordinary `StudentNet`, so
a student that this trains is saved, validated and exported like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from marotte.learn.models.convolutions import convolve
from marotte.learn.models.frontends import (
    ChannelNorm,
    MelFrontend,
    SincConvolution,
    WaveformFrontend,
)
from marotte.learn.models.student import Prediction, StudentNet
from marotte.learn.train.engine.global_layer import convolve_windows
from marotte.model.timing import STEP_SAMPLES

SHARED_WINDOWS = 16  # with fewer windows per crop, sharing products costs more than it saves


class CropShape(NamedTuple):
    """The frames of a crop.

    Attributes:
        n_frames: frames per crop; a multiple of 320 / hop_length.
        hop_length: samples from frame to frame; must divide 320.
    """

    n_frames: int
    hop_length: int = STEP_SAMPLES

    @property
    def phases(self) -> int:
        """The number of positions that a frame can have within a step of the front end."""
        return STEP_SAMPLES // self.hop_length


def predict(
    net: StudentNet, samples: Tensor, shape: CropShape, dtype: torch.dtype = torch.float32
) -> Prediction:
    """Return what `StudentNet.crops` returns.

    Args:
        net: the student; in training mode, its batch norms update their running statistics.
        samples: [batch, window + (n_frames - 1) * hop_length].
        shape: the frames of each crop.
        dtype: the type of the convolutions; the log-mel and the last layers keep 32 bits.

    Returns:
        Predictions [batch * n_frames, ...], crop by crop.
    """
    if net.config.norm == "window":
        windows = samples.unfold(1, net.config.window.n_samples, shape.hop_length)
        return _predict(net, windows.reshape(-1, windows.shape[2]), 1, dtype)
    phases, per_phase = shape.phases, shape.n_frames // shape.phases
    length = net.config.window.n_samples + (per_phase - 1) * STEP_SAMPLES
    starts = range(0, phases * shape.hop_length, shape.hop_length)
    if phases > 1:
        samples = torch.cat([samples[:, start:][:, :length] for start in starts])
    prediction = _predict(net, samples[:, :length], per_phase, dtype)
    return prediction if phases == 1 else _interleave(prediction, phases, per_phase)


def _predict(net: StudentNet, samples: Tensor, n_frames: int, dtype: torch.dtype) -> Prediction:
    """Predict crops whose frames are 20 ms apart."""
    projected = _project(net, _front_end(net.frontend, samples, dtype))
    layer_9: Any = net.global_context[0]
    n_steps, channels = net.n_steps, net.config.channels
    windows = projected.unfold(1, n_steps, 1)[:, :n_frames].flatten(0, 1)
    if n_frames < SHARED_WINDOWS:
        context = layer_9.sums(windows).transpose(1, 2)
    else:
        context = convolve_windows(projected, layer_9.weight, n_frames, n_steps)
        context = context.view(-1, n_steps, channels)
    return _from_layer_9(net, windows, context)


def steps_at_half_hop(net: StudentNet, samples: Tensor) -> Tensor:
    """Return steps after layer 8 every 10 ms instead of 20 [batch, n, channels].

    Every second one makes the steps of windows that begin a multiple of 20 ms apart, and the others
    those of windows half a step later. The front end is computed once for both.

    Args:
        net: a student whose steps don't depend on the window (norm `step`).
        samples: [batch, n].
    """
    return _project(net, _front_end(net.frontend, samples, samples.dtype, half_hop=True))


def predict_windows(net: StudentNet, windows: Tensor) -> Prediction:
    """Return what `StudentNet.predict_from_projected` returns, for windows [n, channels, n_steps].

    Outside training it is twice as fast.
    """
    layer_9: Any = net.global_context[0]
    return _from_layer_9(net, windows, layer_9.sums(windows).transpose(1, 2))


def _project(net: StudentNet, steps: Tensor) -> Tensor:
    """Apply layer 8 to steps [batch, n, channels]."""
    norm, linear = net.project
    return convolve(_normalise(norm, steps), linear)  # pyright: ignore[reportArgumentType]


def _from_layer_9(net: StudentNet, windows: Tensor, context: Tensor) -> Prediction:
    """Return the prediction for windows [n, channels, n_steps].

    Args:
        net: the student.
        windows: the output of layer 8.
        context: the products of layer 9, without its bias [n, n_steps, channels].
    """
    layer_9: Any = net.global_context[0]
    if layer_9.bias is not None:
        context = context + layer_9.bias.to(context.dtype)
    context = functional.gelu(_batch_norms(list(net.global_context)[1:], context))
    context = context + windows.transpose(1, 2)
    x = _normalise(net.norm, context)
    for layer in net.reduce:
        x = _layer(layer, x)
    with torch.autocast(x.device.type, enabled=False):
        first = functional.gelu(net.hidden[0](x.squeeze(1).to(net.output.weight.dtype)))
        second = functional.gelu(net.hidden[1](first))
        last = net.output(second)
    maps = (windows, context.transpose(1, 2))
    return Prediction(torch.tanh(last), (first, second, last), maps)


def _front_end(
    frontend: MelFrontend | WaveformFrontend,
    samples: Tensor,
    dtype: torch.dtype,
    half_hop: bool = False,
) -> Tensor:
    """Return steps [batch, n_steps, channels] of samples [batch, n], 20 or 10 ms apart.

    The last convolution has a stride of two, so that a stride of one gives twice the steps.
    """
    last = len(frontend.convolutions) - 1
    if isinstance(frontend, MelFrontend):
        with torch.autocast(samples.device.type, enabled=False):
            x = frontend.log_mel(samples).transpose(1, 2).to(dtype)
        for i, layer in enumerate(frontend.convolutions):
            x = _layer(layer, x, stride=int(half_hop and i == last))
        return x
    x = samples.unsqueeze(2).to(dtype)
    for i, layer in enumerate(frontend.convolutions):
        norm = frontend.norm if i == 0 else None
        x = _layer(layer, x, norm, stride=int(half_hop and i == last))
    return x


def _layer(layer: Any, x: Tensor, norm: nn.Module | None = None, stride: int = 0) -> Tensor:
    """Apply a convolution, its batch norm if it has one, `norm` if there is one, and GELU.

    `stride` replaces the convolution's, unless it is 0.
    """
    first = layer[0]
    if isinstance(first, SincConvolution):
        weight = first.filters()
        n_out, _, kernel = weight.shape
        plain = nn.Conv1d(1, n_out, kernel, first.stride, bias=False, device="meta")
        x = convolve(x, plain, weight)
    else:
        x = convolve(x, first, stride=stride)
    x = _batch_norms(layer[1:], x)
    return functional.gelu(x if norm is None else _normalise(norm, x))


def _batch_norms(norms: Iterable[nn.Module], x: Tensor) -> Tensor:
    """Apply batch norms, of which there is one or none, to [batch, n, channels]."""
    for norm in norms:
        x = norm(x.flatten(0, 1)).view_as(x)
    return x


def _normalise(norm: nn.Module, x: Tensor) -> Tensor:
    """Apply a student's norm to [batch, n, channels]: over each step, or over the window."""
    if isinstance(norm, ChannelNorm):
        inner = norm.norm
        weight, bias = inner.weight.to(x.dtype), inner.bias.to(x.dtype)
        return functional.layer_norm(x, inner.normalized_shape, weight, bias, inner.eps)
    assert isinstance(norm, nn.GroupNorm)
    # The paper's group norm has one group per channel, so each channel is normalised over time.
    exact = x.to(norm.weight.dtype)
    variance, mean = torch.var_mean(exact, dim=1, correction=0, keepdim=True)
    normed = (exact - mean) * torch.rsqrt(variance + norm.eps) * norm.weight + norm.bias
    return normed.to(x.dtype)


def _interleave(prediction: Prediction, phases: int, per_phase: int) -> Prediction:
    """Sort predictions [phases * batch * per_phase, ...] by the frames of each crop."""

    def order(values: Tensor) -> Tensor:
        parts = values.unflatten(0, (phases, -1, per_phase))
        return parts.permute(1, 2, 0, *range(3, parts.dim())).flatten(0, 2)

    first, second, last = map(order, prediction.taps)
    maps = tuple(map(order, prediction.maps))
    return Prediction(order(prediction.controls), (first, second, last), maps)

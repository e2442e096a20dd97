"""Front ends: samples in, one C-channel feature vector every 20 ms out.

All front ends turn `samples` [batch, n] into `steps` [batch, channels, n_steps]. A step depends
only on the samples under its receptive field, unless the waveform front end normalises over the
window as the paper does; so for all others the steps of overlapping windows are one computation.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional

from marotte.audio.resampling import SAMPLE_RATE
from marotte.model.timing import STEP_SAMPLES

# The paper's Table 1, layers 1-7: HuBERT's kernels and strides.
WAVEFORM_KERNELS = (10, 3, 3, 3, 3, 2, 2)
WAVEFORM_STRIDES = (5, 2, 2, 2, 2, 2, 2)

# The same with SincNet's band passes of 8 ms for a first layer; it too makes a step every 20 ms.
SINC_KERNELS = (129, 3, 3, 3, 2, 2)
SINC_STRIDES = (10, 2, 2, 2, 2, 2)

MEL_BANDS = 56
MEL_HOP_SAMPLES = 160  # 10 ms
MEL_FRAME_SAMPLES = 2 * MEL_HOP_SAMPLES  # 20 ms
MEL_KERNELS = (3, 3)
MEL_STRIDES = (1, 2)
MEL_LOWEST_HZ = 50.0
MEL_HIGHEST_HZ = 7600.0
LOG_FLOOR = 1e-6  # mel power of a digital silence; about -60 dB under soft speech


def in_full(sample: Tensor) -> AbstractContextManager[object]:
    """Where products are as precise as their numbers, within a training of mixed precision.

    Power in soft bands, and the small steps from frame to frame, drown in eight bits.
    """
    device = sample.device.type
    mixed = torch.is_autocast_enabled(device)
    return torch.autocast(device, enabled=False) if mixed else nullcontext()


def n_outputs(n_inputs: int, kernels: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Steps that a stack of unpadded convolutions gives for `n_inputs` steps."""
    for kernel, stride in zip(kernels, strides, strict=True):
        n_inputs = (n_inputs - kernel) // stride + 1
    return n_inputs


def reach(kernels: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Inputs that one output of such a stack is made of."""
    n_inputs = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        n_inputs = (n_inputs - 1) * stride + kernel
    return n_inputs


def convolution(
    n_in: int, n_out: int, kernel: int, stride: int, *, batch_norm: bool, groups: int = 1
) -> nn.Sequential:
    """An unpadded convolution, and a batch norm after it where asked (folded on export)."""
    layers: list[nn.Module] = [
        nn.Conv1d(n_in, n_out, kernel, stride, groups=groups, bias=not batch_norm)
    ]
    if batch_norm:
        layers.append(nn.BatchNorm1d(n_out))
    return nn.Sequential(*layers)


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each step of [batch, channels, n_steps]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, steps: Tensor) -> Tensor:
        """Normalise every step by its own mean and variance."""
        return self.norm(steps.transpose(1, 2)).transpose(1, 2)


class SincConvolution(nn.Module):
    """Band passes whose edges are learned: SincNet's first layer (Ravanelli and Bengio 2018).

    Filter i lets through low_hz[i] to low_hz[i] + band_hz[i], the difference of two low passes
    2 f sinc(2 f t) under a Hamming window (their eqs 4-7). They begin evenly spaced in mel.
    """

    time_s: Tensor
    hamming: Tensor

    def __init__(self, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        edges = mel_edges(channels).float()
        self.low_hz = nn.Parameter(edges[:-2].clone())
        self.band_hz = nn.Parameter(edges[2:] - edges[:-2])
        time_s = (torch.arange(kernel) - (kernel - 1) / 2) / SAMPLE_RATE
        self.register_buffer("time_s", time_s, persistent=False)
        hamming = torch.hamming_window(kernel, periodic=False)
        self.register_buffer("hamming", hamming, persistent=False)

    def filters(self) -> Tensor:
        """The band passes as a convolution's weight [channels, 1, kernel]."""
        low = self.low_hz.abs()[:, None]
        high = (low + self.band_hz.abs()[:, None]).clamp(max=SAMPLE_RATE / 2)

        def low_pass(hertz: Tensor) -> Tensor:
            return 2 * hertz / SAMPLE_RATE * torch.sinc(2 * hertz * self.time_s)

        return ((low_pass(high) - low_pass(low)) * self.hamming)[:, None]

    def forward(self, input: Tensor) -> Tensor:
        """Filtered samples [batch, channels, n] of samples [batch, 1, n]."""
        return functional.conv1d(input, self.filters(), stride=self.stride)


class WaveformFrontend(nn.Module):
    """The paper's: seven convolutions on raw samples, total stride 320 (Table 1, layers 1-7).

    `norm` is `window` (group norm, each channel over the whole window, as HuBERT's first layer)
    or `step` (over the channels at each moment, so that no step knows its window).
    """

    kernels, strides = WAVEFORM_KERNELS, WAVEFORM_STRIDES
    reach_samples = reach(WAVEFORM_KERNELS, WAVEFORM_STRIDES)  # of one step: 25 ms

    def __init__(self, channels: int, *, norm: str, batch_norm: bool) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            convolution(1 if i == 0 else channels, channels, kernel, stride, batch_norm=batch_norm)
            for i, (kernel, stride) in enumerate(zip(self.kernels, self.strides, strict=True))
        )
        self.norm: nn.Module = (
            nn.GroupNorm(channels, channels) if norm == "window" else ChannelNorm(channels)
        )

    @classmethod
    def n_steps(cls, n_samples: int) -> int:
        """Steps that `n_samples` give: 25 for the 512 ms window."""
        return n_outputs(n_samples, cls.kernels, cls.strides)

    def forward(self, samples: Tensor) -> Tensor:
        """Steps [batch, channels, n_steps] of samples [batch, n]."""
        x = samples.unsqueeze(1)
        for i, layer in enumerate(self.convolutions):
            x = layer(x)
            if i == 0:
                x = self.norm(x)
            x = functional.gelu(x)
        return x


class SincFrontend(WaveformFrontend):
    """Band passes with learned edges, then five convolutions: fewer and plainer first products."""

    kernels, strides = SINC_KERNELS, SINC_STRIDES
    reach_samples = reach(SINC_KERNELS, SINC_STRIDES)

    def __init__(self, channels: int, *, norm: str, batch_norm: bool) -> None:
        super().__init__(channels, norm=norm, batch_norm=batch_norm)
        self.convolutions[0][0] = SincConvolution(channels, SINC_KERNELS[0], SINC_STRIDES[0])  # pyright: ignore[reportIndexIssue]

    def fix(self, *, bias: bool = False) -> None:
        """Make a plain convolution of the band passes, as they stand now."""
        first = self.convolutions[0][0]  # pyright: ignore[reportIndexIssue]
        weight = first.filters().detach()
        plain = nn.Conv1d(1, len(weight), weight.shape[2], first.stride, bias=bias)
        plain.weight = nn.Parameter(weight)
        self.convolutions[0][0] = plain  # pyright: ignore[reportIndexIssue]


class MelFrontend(nn.Module):
    """Log-mel power at 100 Hz, then two small convolutions down to 50 steps a second."""

    cosine: Tensor
    sine: Tensor
    bands: Tensor

    def __init__(self, channels: int, *, batch_norm: bool) -> None:
        super().__init__()
        cosine, sine = fourier_halves(MEL_FRAME_SAMPLES)
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)
        self.register_buffer("bands", mel_bands(MEL_FRAME_SAMPLES, MEL_BANDS), persistent=False)
        self.convolutions = nn.ModuleList(
            convolution(MEL_BANDS if i == 0 else channels, channels, k, s, batch_norm=batch_norm)
            for i, (k, s) in enumerate(zip(MEL_KERNELS, MEL_STRIDES, strict=True))
        )

    # Of one step: 60 ms.
    reach_samples = reach((MEL_FRAME_SAMPLES, *MEL_KERNELS), (MEL_HOP_SAMPLES, *MEL_STRIDES))

    @staticmethod
    def n_steps(n_samples: int) -> int:
        """Steps that `n_samples` give: 23 for the 512 ms window."""
        n_frames = n_outputs(n_samples, (MEL_FRAME_SAMPLES,), (MEL_HOP_SAMPLES,))
        return n_outputs(n_frames, MEL_KERNELS, MEL_STRIDES)

    @classmethod
    def unheard(cls, n_samples: int) -> int:
        """How many of `n_samples`, the last ones, are part of no step."""
        return n_samples - cls.reach_samples - (cls.n_steps(n_samples) - 1) * STEP_SAMPLES

    def log_mel(self, samples: Tensor) -> Tensor:
        """Log-mel power [batch, bands, n_frames] of samples [batch, n].

        A frame is two hops long, and a cosine about its middle is the same on either side: the
        second half is folded onto the first, and the Fourier transform is two products a quarter
        the size. They are plain products so that an exported student needs no operator beyond
        those of its own network. The last line brings the range of speech near -1..1.
        """
        n_hops = samples.shape[1] // MEL_HOP_SAMPLES
        hops = samples[:, : n_hops * MEL_HOP_SAMPLES].reshape(-1, n_hops, MEL_HOP_SAMPLES)
        first, second = hops[:, :-1], hops[:, 1:].flip(-1)
        cosine = torch.matmul(first + second, self.cosine)
        sine = torch.matmul(first - second, self.sine)
        power = torch.matmul(cosine.square() + sine.square(), self.bands)
        return ((torch.log(power + LOG_FLOOR) + 5.0) / 5.0).transpose(1, 2)

    def forward(self, samples: Tensor) -> Tensor:
        """Steps [batch, channels, n_steps] of samples [batch, n]."""
        with in_full(samples):
            x = self.log_mel(samples)
        for layer in self.convolutions:
            x = functional.gelu(layer(x))
        return x


def fourier_halves(n: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines about the middle of a Hann-windowed frame of n samples.

    Returns:
        Their first halves [n / 2, n / 2 bins], scaled so that a sine of amplitude 1 has power 1.
    """
    hann = torch.hann_window(n, periodic=False, dtype=torch.float64)
    time = torch.arange(n // 2, dtype=torch.float64) + 0.5 - n / 2
    angle = 2 * math.pi / n * time[:, None] * torch.arange(n // 2, dtype=torch.float64)
    scale = (2 * hann / hann.sum())[: n // 2, None]
    return (torch.cos(angle) * scale).float(), (torch.sin(angle) * scale).float()


def mel_edges(n_bands: int) -> Tensor:
    """The edges of overlapping bands, evenly spaced in mel = 2595 log10(1 + f / 700).

    Returns:
        Hz [n_bands + 2]: band i rises from edge i, peaks at i + 1 and ends at i + 2.
    """

    def to_mel(hertz: float) -> float:
        return 2595 * math.log10(1 + hertz / 700)

    mel = torch.linspace(to_mel(MEL_LOWEST_HZ), to_mel(MEL_HIGHEST_HZ), n_bands + 2).double()
    return 700 * (10 ** (mel / 2595) - 1)


def mel_bands(n: int, n_bands: int) -> Tensor:
    """Triangular filters [n / 2 bins, n_bands], evenly spaced in mel."""
    edges = mel_edges(n_bands)
    hertz = torch.arange(n // 2, dtype=torch.float64) * (SAMPLE_RATE / n)
    # A triangle narrower than the bin spacing could fall between two bins: none is.
    width = torch.clamp(edges[1:] - edges[:-1], min=SAMPLE_RATE / n)
    centre = edges[1:-1, None]
    rising = 1 - (centre - hertz) / width[:-1, None]
    falling = 1 - (hertz - centre) / width[1:, None]
    return torch.clamp(torch.minimum(rising, falling), min=0).float().T.contiguous()

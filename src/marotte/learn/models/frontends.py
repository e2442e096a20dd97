"""Front ends: samples in, one feature vector ("step") per 20 ms out.

Every front end turns `samples` [batch, n] into `steps` [batch, channels, n_steps]. A step depends
only on the samples in its receptive field, so overlapping windows can share their steps. The one
exception is the waveform front end with the paper's norm, which normalises over the whole window.
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

# The same, but the first layer is SincNet's band-pass filters of 8 ms. The hop stays 20 ms.
SINC_KERNELS = (129, 3, 3, 3, 2, 2)
SINC_STRIDES = (10, 2, 2, 2, 2, 2)

MEL_BANDS = 56
MEL_HOP_SAMPLES = 160  # 10 ms
MEL_FRAME_SAMPLES = 2 * MEL_HOP_SAMPLES  # 20 ms
MEL_KERNELS = (3, 3)
MEL_STRIDES = (1, 2)
MEL_LOWEST_HZ = 50.0
MEL_HIGHEST_HZ = 7600.0
LOG_FLOOR = 1e-6  # added to mel power, so that digital silence is about 60 dB below soft speech


def full_precision(sample: Tensor) -> AbstractContextManager[object]:
    """Return a context in which mixed-precision training computes in 32 bits.

    bfloat16 has eight significant bits: too few for the power in quiet bands, and for the small
    changes from frame to frame.

    Args:
        sample: any tensor on the device in use.
    """
    device = sample.device.type
    mixed = torch.is_autocast_enabled(device)
    return torch.autocast(device, enabled=False) if mixed else nullcontext()


def n_outputs(n_inputs: int, kernels: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return the output length of a stack of unpadded convolutions."""
    for kernel, stride in zip(kernels, strides, strict=True):
        n_inputs = (n_inputs - kernel) // stride + 1
    return n_inputs


def receptive_field(kernels: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return how many inputs one output of a stack of unpadded convolutions depends on."""
    n_inputs = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        n_inputs = (n_inputs - 1) * stride + kernel
    return n_inputs


def convolution(
    n_in: int, n_out: int, kernel: int, stride: int, *, batch_norm: bool, groups: int = 1
) -> nn.Sequential:
    """Return an unpadded convolution, optionally with a batch norm after it.

    Export folds the batch norm into the convolution.
    """
    layers: list[nn.Module] = [
        nn.Conv1d(n_in, n_out, kernel, stride, groups=groups, bias=not batch_norm)
    ]
    if batch_norm:
        layers.append(nn.BatchNorm1d(n_out))
    return nn.Sequential(*layers)


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each step in [batch, channels, n_steps]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, steps: Tensor) -> Tensor:
        """Normalise each step by its own mean and variance."""
        return self.norm(steps.transpose(1, 2)).transpose(1, 2)


class SincConvolution(nn.Module):
    """Band-pass filters with learned edges: SincNet's first layer (Ravanelli and Bengio 2018).

    Filter i passes low_hz[i] to low_hz[i] + band_hz[i]. It is the difference of two low-pass
    filters 2 f sinc(2 f t) under a Hamming window (their eqs 4-7). Before training, the filters
    are evenly spaced in mel.
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
        """Return the filters as the weight [channels, 1, kernel] of a convolution."""
        low = self.low_hz.abs()[:, None]
        high = (low + self.band_hz.abs()[:, None]).clamp(max=SAMPLE_RATE / 2)

        def low_pass(hertz: Tensor) -> Tensor:
            return 2 * hertz / SAMPLE_RATE * torch.sinc(2 * hertz * self.time_s)

        return ((low_pass(high) - low_pass(low)) * self.hamming)[:, None]

    def forward(self, input: Tensor) -> Tensor:
        """Return filtered samples [batch, channels, n] of samples [batch, 1, n]."""
        return functional.conv1d(input, self.filters(), stride=self.stride)


class WaveformFrontend(nn.Module):
    """The paper's front end: seven convolutions on samples, total stride 320 (Table 1, layers 1-7).

    `norm` is `window` (a group norm of each channel over the whole window, as in HuBERT's first
    layer) or `step` (a norm over the channels of each step, so that steps do not depend on the
    window).
    """

    kernels, strides = WAVEFORM_KERNELS, WAVEFORM_STRIDES
    receptive_field_samples = receptive_field(WAVEFORM_KERNELS, WAVEFORM_STRIDES)  # 25 ms

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
        """Return the number of steps of `n_samples`; 25 for the 512 ms window."""
        return n_outputs(n_samples, cls.kernels, cls.strides)

    def forward(self, samples: Tensor) -> Tensor:
        """Return steps [batch, channels, n_steps] of samples [batch, n]."""
        x = samples.unsqueeze(1)
        for i, layer in enumerate(self.convolutions):
            x = layer(x)
            if i == 0:
                x = self.norm(x)
            x = functional.gelu(x)
        return x


class SincFrontend(WaveformFrontend):
    """Band-pass filters with learned edges, then five convolutions."""

    kernels, strides = SINC_KERNELS, SINC_STRIDES
    receptive_field_samples = receptive_field(SINC_KERNELS, SINC_STRIDES)

    def __init__(self, channels: int, *, norm: str, batch_norm: bool) -> None:
        super().__init__(channels, norm=norm, batch_norm=batch_norm)
        self.convolutions[0][0] = SincConvolution(channels, SINC_KERNELS[0], SINC_STRIDES[0])  # pyright: ignore[reportIndexIssue]

    def freeze_filters(self, *, bias: bool = False) -> None:
        """Replace the learned filters by a plain convolution with the same weights."""
        first = self.convolutions[0][0]  # pyright: ignore[reportIndexIssue]
        weight = first.filters().detach()
        plain = nn.Conv1d(1, len(weight), weight.shape[2], first.stride, bias=bias)
        plain.weight = nn.Parameter(weight)
        self.convolutions[0][0] = plain  # pyright: ignore[reportIndexIssue]


class MelFrontend(nn.Module):
    """Log-mel at 100 Hz, then two small convolutions down to 50 steps per second."""

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

    receptive_field_samples = receptive_field(  # 60 ms
        (MEL_FRAME_SAMPLES, *MEL_KERNELS), (MEL_HOP_SAMPLES, *MEL_STRIDES)
    )

    @staticmethod
    def n_steps(n_samples: int) -> int:
        """Return the number of steps of `n_samples`; 23 for the 512 ms window."""
        n_frames = n_outputs(n_samples, (MEL_FRAME_SAMPLES,), (MEL_HOP_SAMPLES,))
        return n_outputs(n_frames, MEL_KERNELS, MEL_STRIDES)

    @classmethod
    def unused_samples(cls, n_samples: int) -> int:
        """Return how many samples at the end of `n_samples` are in no step's receptive field."""
        used = cls.receptive_field_samples + (cls.n_steps(n_samples) - 1) * STEP_SAMPLES
        return n_samples - used

    def log_mel(self, samples: Tensor) -> Tensor:
        """Return the log-mel [batch, bands, n_frames] of samples [batch, n]."""
        return log_mel_frames(samples, self.cosine, self.sine, self.bands).transpose(1, 2)

    def forward(self, samples: Tensor) -> Tensor:
        """Return steps [batch, channels, n_steps] of samples [batch, n]."""
        with full_precision(samples):
            x = self.log_mel(samples)
        for layer in self.convolutions:
            x = functional.gelu(layer(x))
        return x


def log_mel_frames(samples: Tensor, cosine: Tensor, sine: Tensor, bands: Tensor) -> Tensor:
    """Return the log-mel [batch, n_frames, bands] of samples [batch, n], for speech about -1..1.

    A frame is two hops long. Cosines about its middle are symmetric and sines antisymmetric, so
    the second half is folded onto the first, and each matrix of the Fourier transform is a quarter
    of the size. The transform is a matrix product so that the exported student needs no extra ONNX
    operators.

    Args:
        samples: [batch, n].
        cosine: see `fourier_halves`; [hop length, n_bins].
        sine: see `fourier_halves`.
        bands: see `mel_bands`.
    """
    hop_length = cosine.shape[0]
    n_hops = samples.shape[1] // hop_length
    hops = samples[:, : n_hops * hop_length].reshape(-1, n_hops, hop_length)
    first, second = hops[:, :-1], hops[:, 1:].flip(-1)
    real = torch.matmul(first + second, cosine)
    imaginary = torch.matmul(first - second, sine)
    power = torch.matmul(real.square() + imaginary.square(), bands)
    return (torch.log(power + LOG_FLOOR) + 5.0) / 5.0


def fourier_halves(n: int) -> tuple[Tensor, Tensor]:
    """Return cosines and sines about the middle of a Hann-windowed frame of n samples.

    Returns:
        Their first halves [n / 2, n / 2 bins], scaled so that a sine of amplitude 1 has power 1.
    """
    hann = torch.hann_window(n, periodic=False, dtype=torch.float64)
    time = torch.arange(n // 2, dtype=torch.float64) + 0.5 - n / 2
    angle = 2 * math.pi / n * time[:, None] * torch.arange(n // 2, dtype=torch.float64)
    scale = (2 * hann / hann.sum())[: n // 2, None]
    return (torch.cos(angle) * scale).float(), (torch.sin(angle) * scale).float()


def mel_edges(n_bands: int) -> Tensor:
    """Return the edges of overlapping bands, evenly spaced in mel = 2595 log10(1 + f / 700).

    Returns:
        Hz [n_bands + 2]: band i rises from edge i, peaks at edge i + 1 and ends at edge i + 2.
    """

    def to_mel(hertz: float) -> float:
        return 2595 * math.log10(1 + hertz / 700)

    mel = torch.linspace(to_mel(MEL_LOWEST_HZ), to_mel(MEL_HIGHEST_HZ), n_bands + 2).double()
    return 700 * (10 ** (mel / 2595) - 1)


def mel_bands(n: int, n_bands: int) -> Tensor:
    """Return triangular filters [n / 2 bins, n_bands], evenly spaced in mel."""
    edges = mel_edges(n_bands)
    hertz = torch.arange(n // 2, dtype=torch.float64) * (SAMPLE_RATE / n)
    # At least one bin wide, so that no triangle falls between two bins.
    width = torch.clamp(edges[1:] - edges[:-1], min=SAMPLE_RATE / n)
    centre = edges[1:-1, None]
    rising = 1 - (centre - hertz) / width[:-1, None]
    falling = 1 - (hertz - centre) / width[1:, None]
    return torch.clamp(torch.minimum(rising, falling), min=0).float().T.contiguous()

"""Baselines on frozen convolutions: those of HuBERT, as in the paper, or of a packaged Whisper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from marotte.errors import MarotteError, missing_extra
from marotte.learn.models.baselines import Baseline
from marotte.learn.models.convolutions import RowConvolution
from marotte.learn.models.frontends import WAVEFORM_KERNELS, WAVEFORM_STRIDES
from marotte.learn.models.student import StudentConfig
from marotte.learn.models.whisper_weights import (
    FRAME_SAMPLES,
    HOP_SAMPLES,
    N_MELS,
    mel_filters,
    read_package,
)

LOWEST_POWER = 1e-6  # some 80 dB below loud speech


class FrozenEncoderNet(Baseline):
    """Frozen convolutions of an encoder, then four trained ones (layers 10-13 of Table 1)."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__(config)
        n = config.channels
        self.reduce = nn.ModuleList(RowConvolution(n, n, kernel, 2) for kernel in (3, 3, 3, 2))

    def summary(self, steps: Tensor) -> Tensor:
        """Convolve a window's steps down to one vector [batch, channels]."""
        for layer in self.reduce:
            steps = functional.gelu(layer(steps))
        return steps.squeeze(-1)

    def load_encoder(self, name: str) -> None:
        """Load the weights of the frozen convolutions.

        Raises:
            MarotteError: they are missing, damaged, or of another shape.
        """
        raise NotImplementedError


class HubertNet(FrozenEncoderNet):
    """HuBERT's seven convolutions; the first one is normalised over the window."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__(config)
        channels = config.channels
        shapes = list(zip(WAVEFORM_KERNELS, WAVEFORM_STRIDES, strict=True))
        self.encoder = nn.ModuleList(
            nn.Conv1d(1 if i == 0 else channels, channels, kernel, stride, bias=False)
            for i, (kernel, stride) in enumerate(shapes)
        )
        self.encoder_norm = nn.GroupNorm(channels, channels)
        for layer in self.encoder:
            nn.init.kaiming_normal_(layer.weight)  # pyright: ignore[reportArgumentType]
        for module in (self.encoder, self.encoder_norm):
            module.requires_grad_(False)

    def steps(self, samples: Tensor) -> Tensor:
        """Return steps [batch, channels, n_steps] of samples [batch, n]."""
        x = samples.unsqueeze(1)
        for i, layer in enumerate(self.encoder):
            x = layer(x)
            if i == 0:
                x = self.encoder_norm(x)
            x = functional.gelu(x)
        return x

    def load_encoder(self, name: str) -> None:
        """Load the convolutions of a HuBERT checkpoint in the format of transformers."""
        path = Path(name).expanduser()
        state = _hubert_state(path)
        with torch.no_grad():
            for i, layer in enumerate(self.encoder):
                layer.weight.copy_(_tensor(state, f"conv_layers.{i}.conv.weight", layer, path))  # pyright: ignore[reportCallIssue]
            for name, own in self.encoder_norm.named_parameters():
                own.copy_(_tensor(state, f"conv_layers.0.layer_norm.{name}", None, path))


class WhisperNet(FrozenEncoderNet):
    """Whisper's log-mel and two convolutions, without padding: 23 steps of a 512 ms window.

    Whisper limits a sound's dynamic range to 80 dB below its maximum. Here the floor is fixed, so
    that steps do not depend on the window.
    """

    step_samples = 2 * HOP_SAMPLES
    fourier: Tensor
    bands: Tensor

    def __init__(self, config: StudentConfig) -> None:
        super().__init__(config)
        self.register_buffer("fourier", _fourier_kernels(FRAME_SAMPLES), persistent=False)
        self.register_buffer("bands", mel_filters(), persistent=False)
        n = config.channels
        self.encoder = nn.ModuleList([nn.Conv1d(N_MELS, n, 3), nn.Conv1d(n, n, 3, 2)])
        self.encoder.requires_grad_(False)

    def steps(self, samples: Tensor) -> Tensor:
        """Return steps [batch, channels, n_steps] of samples [batch, n]."""
        parts = functional.conv1d(samples.unsqueeze(1), self.fourier, stride=HOP_SAMPLES)
        real, imaginary = parts.square().chunk(2, dim=1)
        power = torch.matmul(self.bands, real + imaginary)
        x = (power.clamp(min=LOWEST_POWER).log10() + 4.0) / 4.0
        for layer in self.encoder:
            x = functional.gelu(layer(x))
        return x

    def load_encoder(self, name: str) -> None:
        """Load the convolutions of a packaged Whisper, e.g. `whisper-base`."""
        variables = read_package(name)
        with torch.no_grad():
            for i, layer in enumerate(self.encoder, start=1):
                for key in ("weight", "bias"):
                    value = torch.from_numpy(variables[f"encoder/conv{i}/{key}"].astype("float32"))
                    own = getattr(layer, key)
                    if value.shape != own.shape:
                        raise MarotteError(
                            f"{name} has {value.shape[0]} channels, expected {own.shape[0]}: set "
                            f"student.channels = {value.shape[0]}"
                        )
                    own.copy_(value)


def _fourier_kernels(n: int) -> Tensor:
    """Return cosines and sines under a Hann window [2 * (n / 2 + 1), 1, n], as convolutions."""
    time = torch.arange(n, dtype=torch.float64)
    angle = 2 * torch.pi / n * torch.arange(n // 2 + 1, dtype=torch.float64)[:, None] * time
    hann = torch.hann_window(n, dtype=torch.float64)
    return (torch.cat([torch.cos(angle), torch.sin(angle)]) * hann).float().unsqueeze(1)


def _hubert_state(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            try:
                from safetensors.torch import load_file
            except ImportError as error:
                raise missing_extra("safetensors", "train") from error
            return load_file(path)
        return torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError as error:
        raise MarotteError(f"no HuBERT checkpoint at {path}") from error
    except MarotteError:
        raise
    except Exception as error:  # torch, pickle, zip and safetensors each raise their own
        raise MarotteError(f"{path} is not a checkpoint that torch can read: {error}") from error


def _tensor(state: dict[str, Tensor], ending: str, layer: Any, path: Path) -> Tensor:
    """Return the tensor of a checkpoint whose name ends with `ending`."""
    for name, value in state.items():
        if name.endswith(f"feature_extractor.{ending}"):
            if layer is None or value.shape == layer.weight.shape:
                return value
            raise MarotteError(
                f"{name} of {path} has the shape {list(value.shape)}, expected "
                f"{list(layer.weight.shape)}: set student.channels = {value.shape[0]}"
            )
    raise MarotteError(
        f"{path} has no tensor feature_extractor.{ending}: give a HuBERT checkpoint of transformers"
    )

"""The paper's baselines (section 4.1.2): windows of samples in, rig controls out.

They differ from the student in their features: MFCCs, and HuBERT's convolutions. Both are trained
like a student, but have no streamed form. HuBERT's features are normalised over the window, so each
window is computed by itself.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from marotte.errors import MarotteError, missing_extra
from marotte.learn.models.frontends import (
    WAVEFORM_KERNELS,
    WAVEFORM_STRIDES,
    fourier_halves,
    log_mel_frames,
    mel_bands,
)
from marotte.learn.models.student import HIDDEN, Prediction, StudentConfig
from marotte.model.timing import STEP_SAMPLES

MFCC_HOP_SAMPLES = 128  # 8 ms; a frame is two hops long
MFCC_BANDS = 40
MFCC_COEFFICIENTS = 32
MFCC_LAYERS = (5, 6)  # layers that halve the 32 coefficients, then layers that halve the 63 frames


class Baseline(nn.Module):
    """The common part of both: features of a window, then three fully connected layers."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        self.config = config
        self.hidden = nn.ModuleList([nn.Linear(config.channels, HIDDEN), nn.Linear(HIDDEN, HIDDEN)])
        self.output = nn.Linear(HIDDEN, len(config.names))

    def features(self, samples: Tensor) -> Tensor:
        """Return features [batch, channels] of windows [batch, n_samples]."""
        raise NotImplementedError

    def forward(self, samples: Tensor) -> Prediction:
        """Predict one frame per window; samples [batch, n_samples] are the windows."""
        return self.predict(self.features(samples))

    def predict(self, features: Tensor) -> Prediction:
        """Predict frames from features [batch, channels]."""
        first = functional.gelu(self.hidden[0](features))
        second = functional.gelu(self.hidden[1](first))
        last = self.output(second)
        return Prediction(torch.tanh(last), (first, second, last), ())

    def crops(self, samples: Tensor, n_frames: int, hop_length: int = STEP_SAMPLES) -> Prediction:
        """Predict several frames per crop of a recording; see `StudentNet.crops`."""
        windows = samples.unfold(1, self.config.window.n_samples, hop_length)[:, :n_frames]
        return self(windows.reshape(-1, windows.shape[2]))


class MfccNet(Baseline):
    """MFCCs, convolved along frequency down to one row, then along time (Karras et al. 2017).

    The paper does not give the sizes of the layers. These come to the paper's 2.0 M parameters.
    """

    cosine: Tensor
    sine: Tensor
    bands: Tensor
    dct: Tensor

    def __init__(self, config: StudentConfig) -> None:
        super().__init__(config)
        cosine, sine = fourier_halves(2 * MFCC_HOP_SAMPLES)
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)
        bands = mel_bands(2 * MFCC_HOP_SAMPLES, MFCC_BANDS)
        self.register_buffer("bands", bands, persistent=False)
        self.register_buffer(
            "dct", cosine_transform(MFCC_BANDS, MFCC_COEFFICIENTS), persistent=False
        )
        along_frequency, along_time = MFCC_LAYERS
        shapes = [((3, 1), (2, 1), (1, 0))] * along_frequency + [
            ((1, 3), (1, 2), (0, 1))
        ] * along_time
        self.convolutions = nn.ModuleList(
            nn.Conv2d(1 if i == 0 else config.channels, config.channels, kernel, stride, padding)
            for i, (kernel, stride, padding) in enumerate(shapes)
        )

    def mfcc(self, samples: Tensor) -> Tensor:
        """Return MFCCs [batch, coefficients, n_frames] of samples [batch, n]."""
        log_mel = log_mel_frames(samples, self.cosine, self.sine, self.bands)
        return torch.matmul(log_mel, self.dct).transpose(1, 2)

    def features(self, samples: Tensor) -> Tensor:
        """Return features [batch, channels] of windows [batch, n_samples]."""
        return self._along_time(self._along_frequency(samples))

    def _along_frequency(self, samples: Tensor) -> Tensor:
        """Return the MFCC frames of samples [batch, n] as features [batch, channels, 1, frames]."""
        x = self.mfcc(samples).unsqueeze(1)
        for layer in self.convolutions[: MFCC_LAYERS[0]]:
            x = functional.gelu(layer(x))
        return x

    def _along_time(self, x: Tensor) -> Tensor:
        """Return features [batch, channels] of windows of MFCC frames [batch, channels, 1, 63]."""
        for layer in self.convolutions[MFCC_LAYERS[0] :]:
            x = functional.gelu(layer(x))
        return x.flatten(1)

    def crops(self, samples: Tensor, n_frames: int, hop_length: int = STEP_SAMPLES) -> Prediction:
        """Predict several frames per crop of a recording; see `StudentNet.crops`.

        Windows a whole number of MFCC hops apart share their MFCC frames, and what is computed
        along frequency.
        """
        phases = math.lcm(hop_length, MFCC_HOP_SAMPLES) // hop_length
        features = samples.new_empty(len(samples), n_frames, self.config.channels)
        for phase in range(min(phases, n_frames)):
            count = len(range(phase, n_frames, phases))
            start = samples[:, phase * hop_length :]
            features[:, phase::phases] = self._spaced(start, count, phases * hop_length)
        return self.predict(features.flatten(0, 1))

    def _spaced(self, samples: Tensor, count: int, spacing: int) -> Tensor:
        """Return features [batch, count, channels] of windows a multiple of the MFCC hop apart."""
        shared = self._along_frequency(
            samples[:, : self.config.window.n_samples + (count - 1) * spacing]
        )
        hops = spacing // MFCC_HOP_SAMPLES
        windows = shared.unfold(3, shared.shape[3] - (count - 1) * hops, hops)
        windows = windows.permute(0, 3, 1, 2, 4).flatten(0, 1).contiguous()
        return self._along_time(windows).unflatten(0, (-1, count))


class HubertNet(Baseline):
    """HuBERT's seven convolutions, frozen, then four trained ones (layers 10-13 of Table 1)."""

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
        self.reduce = nn.ModuleList(nn.Conv1d(channels, channels, k, 2) for k in (3, 3, 3, 2))

    def features(self, samples: Tensor) -> Tensor:
        """Return features [batch, channels] of windows [batch, n_samples]."""
        x = samples.unsqueeze(1)
        for i, layer in enumerate(self.encoder):
            x = layer(x)
            if i == 0:
                x = self.encoder_norm(x)
            x = functional.gelu(x)
        for layer in self.reduce:
            x = functional.gelu(layer(x))
        return x.squeeze(-1)

    def load_encoder(self, path: Path) -> None:
        """Load the frozen convolutions from a HuBERT checkpoint in the format of transformers.

        Raises:
            MarotteError: the checkpoint is missing, damaged, or of another shape.
        """
        state = _hubert_state(Path(path))
        with torch.no_grad():
            for i, layer in enumerate(self.encoder):
                layer.weight.copy_(_tensor(state, f"conv_layers.{i}.conv.weight", layer, path))  # pyright: ignore[reportCallIssue]
            for name, own in self.encoder_norm.named_parameters():
                own.copy_(_tensor(state, f"conv_layers.0.layer_norm.{name}", None, path))


def cosine_transform(n_bands: int, n_coefficients: int) -> Tensor:
    """Return the orthonormal DCT-II [n_bands, n_coefficients], which turns log-mel into MFCCs."""
    band = torch.arange(n_bands, dtype=torch.float64)[:, None] + 0.5
    coefficient = torch.arange(n_coefficients, dtype=torch.float64)
    matrix = torch.cos(torch.pi / n_bands * band * coefficient) * (2 / n_bands) ** 0.5
    matrix[:, 0] /= 2**0.5
    return matrix.float()


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

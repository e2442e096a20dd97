"""Whisper's encoder (Radford et al. 2022): 16 kHz sound in, the features of one layer out.

The network was trained on clips that are padded with silence to 30 s. Here a shorter sound is not
padded, so its cost is proportional to its length, and the features are as useful (docs/log.md). A
sound longer than 30 s is cut into overlapping pieces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from marotte.learn.models.whisper_weights import (
    FRAME_SAMPLES,
    HOP_SAMPLES,
    PACKAGES,
    mel_filters,
    read_package,
)
from marotte.learn.teachers.encoders import STEP_SAMPLES, Encoder, layer_index

OVERLAP_STEPS = 100  # between pieces of a long sound; each piece drops half of the overlap


def open_whisper(name: str, layer: int | None) -> WhisperEncoder:
    """Open a packaged Whisper encoder.

    Raises:
        MarotteError: there is no such model, or its package is not installed or damaged.
    """
    variables = read_package(name)
    package = PACKAGES[name]
    layer = package.layer if layer is None else layer
    return WhisperEncoder(name, variables, layer, package.sha256)


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

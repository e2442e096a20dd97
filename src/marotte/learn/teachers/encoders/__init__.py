"""Speech encoders: a whole utterance in, one vector of features every 20 ms out.

`whisper-base` and `whisper-tiny` come in Python packages, `mfcc-ssc` is computed; any other name is
a checkpoint of transformers: a folder, or an id of the Hugging Face hub.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError

FEATURE_RATE = 50
STEP_SAMPLES = SAMPLE_RATE // FEATURE_RATE
LONGEST_SAMPLES = round(73.6 * SAMPLE_RATE)
"""What is longer is encoded in halves, as the paper does (its section 3.1.1)."""


class Encoder(ABC):
    """Something that turns speech into features.

    Attributes:
        name: what `open_encoder` opens it by.
        layer: whose output the features are; 0 is what enters the first layer.
        dim: how many features there are.
        first_s: the moment that the first features stand for; the next are 20 ms later each.
        weights: SHA-256 of the weights, empty where there are none.
    """

    name: str
    layer: int
    dim: int
    first_s: float
    weights: str

    @abstractmethod
    def features(self, clips: Tensor) -> Tensor:
        """Features [batch, ceil(n / 320), dim] of clips [batch, n] of 16 kHz sound."""

    @property
    def provenance(self) -> dict[str, Any]:
        """What a label has to say of where its features came from."""
        return {"encoder": self.name, "layer": self.layer, "weights": self.weights}

    def encode(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features [ceil(n / 320), dim] of a whole sound [n]; a long one is parted, recursively."""
        n = len(samples)
        if n > LONGEST_SAMPLES:
            half = n // 2 // STEP_SAMPLES * STEP_SAMPLES
            return np.concatenate([self.encode(samples[:half]), self.encode(samples[half:])])
        if n == 0:
            return np.zeros((0, self.dim), np.float32)
        with torch.inference_mode():
            return self.features(torch.from_numpy(samples)[None])[0].numpy()


def open_encoder(name: str, layer: int | None = None, *, download: bool = False) -> Encoder:
    """The encoder of that name.

    Args:
        name: see the module.
        layer: whose output to take, negative ones counted from the last; None is the layer that
            serves best: of a checkpoint the last but one, as in the paper.
        download: whether a checkpoint may be fetched from the hub.

    Raises:
        MarotteError: it is not here, or has no such layer; the message says what to do.
    """
    if name == "mfcc-ssc":
        from marotte.learn.teachers.encoders.spectral import SpectralEncoder

        if layer:
            raise MarotteError(f"the encoder 'mfcc-ssc' has no layers: leave out layer = {layer}")
        return SpectralEncoder()
    if name.startswith("whisper-"):
        from marotte.learn.teachers.encoders.whisper import open_whisper

        return open_whisper(name, layer)
    from marotte.learn.teachers.encoders.checkpoint import open_checkpoint

    return open_checkpoint(name, -2 if layer is None else layer, download=download)


def layer_index(name: str, layer: int, n_layers: int) -> int:
    """A layer's number from 0 to `n_layers`, where it may be counted from the last.

    Raises:
        MarotteError: there is no such layer.
    """
    index = layer if layer >= 0 else n_layers + 1 + layer
    if not 0 <= index <= n_layers:
        raise MarotteError(f"{name} has the layers 0 to {n_layers}, got layer = {layer}")
    return index

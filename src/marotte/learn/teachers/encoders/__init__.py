"""Speech encoders: a whole utterance in, one feature vector every 20 ms out.

`whisper-base` and `whisper-tiny` are Python packages, and `mfcc-ssc` is computed without a network.
Any other name is a transformers checkpoint: a folder, or an id of the Hugging Face hub. `+prosody`
after any name adds loudness, voicing and pitch.
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
PROSODY = "+prosody"  # at the end of an encoder's name
N_PROSODY = 3  # features of `prosody.ProsodyEncoder`
LONGEST_SAMPLES = round(73.6 * SAMPLE_RATE)
"""A longer sound is encoded in halves, as in the paper (section 3.1.1)."""


class Encoder(ABC):
    """Turns speech into features.

    Attributes:
        name: name that `open_encoder` takes.
        layer: layer whose output the features are; 0 is the input of the first layer.
        dim: number of features.
        first_s: time of the first feature vector; each following one is 20 ms later.
        weights: SHA-256 of the weights; empty for an encoder without weights.
    """

    name: str
    layer: int
    dim: int
    first_s: float
    weights: str

    @abstractmethod
    def features(self, clips: Tensor) -> Tensor:
        """Return features [batch, ceil(n / 320), dim] of clips [batch, n] of 16 kHz sound."""

    @property
    def provenance(self) -> dict[str, Any]:
        """The encoder's part of a label's provenance."""
        return {"encoder": self.name, "layer": self.layer, "weights": self.weights}

    def encode(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return features [ceil(n / 320), dim] of a sound [n]; a long sound is encoded in halves.

        The halves are split again until they are no longer than `LONGEST_SAMPLES`.
        """
        n = len(samples)
        if n > LONGEST_SAMPLES:
            half = n // 2 // STEP_SAMPLES * STEP_SAMPLES
            return np.concatenate([self.encode(samples[:half]), self.encode(samples[half:])])
        if n == 0:
            return np.zeros((0, self.dim), np.float32)
        with torch.inference_mode():
            return self.features(torch.from_numpy(samples)[None])[0].numpy()


def open_encoder(name: str, layer: int | None = None, *, download: bool = False) -> Encoder:
    """Open an encoder by name.

    Args:
        name: see the module.
        layer: layer whose output to use; negative numbers count from the last layer. None is
            the best layer; for a checkpoint it is the last but one, as in the paper.
        download: whether a checkpoint may be downloaded from the hub.

    Raises:
        MarotteError: the encoder is not installed, or has no such layer; the message says what to
            do.
    """
    if name.endswith(PROSODY):
        from marotte.learn.teachers.encoders.prosody import JoinedEncoder, ProsodyEncoder

        plain = open_encoder(name.removesuffix(PROSODY), layer, download=download)
        return JoinedEncoder([plain, ProsodyEncoder()])
    if name == "mfcc-ssc":
        from marotte.learn.teachers.encoders.spectral import SpectralEncoder

        if layer:
            raise MarotteError(f"the encoder 'mfcc-ssc' has no layers: remove layer = {layer}")
        return SpectralEncoder()
    if name.startswith("whisper-"):
        from marotte.learn.teachers.encoders.whisper import open_whisper

        return open_whisper(name, layer)
    from marotte.learn.teachers.encoders.checkpoint import open_checkpoint

    return open_checkpoint(name, -2 if layer is None else layer, download=download)


def layer_index(name: str, layer: int, n_layers: int) -> int:
    """Return a layer's number from 0 to `n_layers`; a negative number counts from the last.

    Raises:
        MarotteError: there is no such layer.
    """
    index = layer if layer >= 0 else n_layers + 1 + layer
    if not 0 <= index <= n_layers:
        raise MarotteError(f"{name} has the layers 0 to {n_layers}, got layer = {layer}")
    return index

"""HuBERT, wav2vec 2.0, WavLM: any checkpoint of transformers that hears raw sound at 50 Hz.

The paper's teacher hears through HuBERT-xlarge's last layer but one. No package carries such
weights: a user names a folder that holds them, or an id of the Hugging Face hub and, once, that
it may be downloaded.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError, missing_extra
from marotte.learn.teachers.encoders import STEP_SAMPLES, Encoder, layer_index

HUBERT_XLARGE = "facebook/hubert-xlarge-ll60k"
_KNOWN = {HUBERT_XLARGE: "3.9 GB, licence Apache-2.0"}
_VARIANCE_FLOOR = 1e-7


def open_checkpoint(name: str, layer: int, *, download: bool) -> CheckpointEncoder:
    """A checkpoint in a folder, or in transformers' own cache by its id.

    Args:
        name: of the folder, or the id.
        layer: whose output to take, negative ones counted from the last.
        download: whether what is not here may be fetched from the hub.

    Raises:
        MarotteError: it is not here, or is of another kind; the message says what to do.
    """
    try:
        from transformers import AutoConfig, AutoModel
    except ImportError as error:
        raise missing_extra("transformers", "hubert") from error
    try:
        config = AutoConfig.from_pretrained(name, local_files_only=not download)
        _check(name, config)
        model = AutoModel.from_pretrained(name, local_files_only=not download)
    except (OSError, ValueError) as error:  # transformers tells all that is wrong by these two
        raise MarotteError(_refusal(name, download, error)) from error
    return CheckpointEncoder(name, model.eval(), layer, _normalises(name, config))


def _refusal(name: str, download: bool, error: Exception) -> str:
    if download or Path(name).exists():
        return f"can't open the speech encoder {name}: {error}"
    about = _KNOWN.get(name, "its size and licence stand on its page there")
    return (
        f"there is no speech encoder {name!r} here: give whisper-base, whisper-tiny, mfcc-ssc or a "
        "folder of a transformers checkpoint; or, if this is an id of the Hugging Face hub, let "
        f"`marotte teach --download` fetch it ({about})"
    )


def _check(name: str, config: Any) -> None:
    """Refuse what does not turn raw sound into a feature vector every 20 ms."""
    strides = getattr(config, "conv_stride", None)
    if not strides:
        raise MarotteError(
            f"{name} is a model of the kind {config.model_type!r}, which does not hear raw sound: "
            "give one of HuBERT, wav2vec 2.0, WavLM or their like"
        )
    if math.prod(strides) != STEP_SAMPLES:
        raise MarotteError(
            f"{name} gives features every {math.prod(strides)} samples, "
            f"where a speech encoder has to give them every {STEP_SAMPLES}"
        )


def _normalises(name: str, config: Any) -> bool:
    """Whether the model wants sound of mean 0 and variance 1."""
    path = Path(name) / "preprocessor_config.json"
    if not Path(name).is_dir():
        from transformers.utils.hub import cached_file

        try:
            path = Path(cached_file(name, path.name, local_files_only=True) or "")
        except OSError:
            path = Path()
    if path.is_file():
        return bool(json.loads(path.read_text(encoding="utf-8")).get("do_normalize", True))
    return config.feat_extract_norm == "layer"  # as these families were trained


class CheckpointEncoder(Encoder):
    """One hidden state of a model of transformers.

    Args:
        name: of the checkpoint.
        model: the model, in evaluation mode.
        layer: whose output to take, negative ones counted from the last.
        normalise: whether the model wants sound of mean 0 and variance 1.
    """

    def __init__(self, name: str, model: Any, layer: int, normalise: bool) -> None:
        config = model.config
        self.name, self.model, self.normalise = name, model, normalise
        self.layer = layer_index(name, layer, config.num_hidden_layers)
        self.dim = config.hidden_size
        # Features k are of `field` samples from 320 k on: they stand for the middle of these.
        self.field_samples, stride = 1, 1
        for kernel, step in zip(config.conv_kernel, config.conv_stride, strict=True):
            self.field_samples += (kernel - 1) * stride
            stride *= step
        self.first_s = (self.field_samples - 1) / 2 / SAMPLE_RATE
        self.weights = checksum(model.state_dict())

    def features(self, clips: Tensor) -> Tensor:
        """Features [batch, ceil(n / 320), dim] of clips [batch, n] of 16 kHz sound."""
        n = clips.shape[1]
        n_steps = math.ceil(n / STEP_SAMPLES)
        if self.normalise:
            variance, mean = torch.var_mean(clips, dim=1, keepdim=True, correction=0)
            clips = (clips - mean) / (variance + _VARIANCE_FLOOR).sqrt()
        wanted = STEP_SAMPLES * (n_steps - 1) + self.field_samples
        states = self.model(
            functional.pad(clips, (0, max(0, wanted - n))), output_hidden_states=True
        ).hidden_states
        return states[self.layer][:, :n_steps]


def checksum(state: dict[str, Tensor]) -> str:
    """SHA-256 over the names and values of a network's weights."""
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(name.encode())
        digest.update(value.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()

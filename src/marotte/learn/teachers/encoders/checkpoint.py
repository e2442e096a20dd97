"""Encoders from transformers checkpoints: 16 kHz sound in, features out.

Any HuBERT, wav2vec 2.0 or WavLM checkpoint can be used, and similar models. A checkpoint must take
raw sound and give 50 feature vectors per second. The paper's teacher uses the last layer but one of
HuBERT-xlarge. No Python package contains such weights: the user gives the folder of a checkpoint,
or an id of the Hugging Face hub, with permission to download it once.
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

_KNOWN = {"facebook/hubert-xlarge-ll60k": "3.9 GB, licence Apache-2.0"}
_VARIANCE_FLOOR = 1e-7


def open_checkpoint(name: str, layer: int, *, download: bool) -> CheckpointEncoder:
    """Open a checkpoint in a folder, or by its id in the cache of transformers.

    Args:
        name: path of the folder, or the id.
        layer: layer whose output to use; negative numbers count from the last layer.
        download: whether to download a checkpoint that is not in the cache.

    Raises:
        MarotteError: there is no such checkpoint, or its model does not fit; the message says
            what to do.
    """
    try:
        from transformers import AutoConfig, AutoModel
    except ImportError as error:
        raise missing_extra("transformers", "hubert") from error
    try:
        config = AutoConfig.from_pretrained(name, local_files_only=not download)
        _check(name, config)
        model = AutoModel.from_pretrained(name, local_files_only=not download)
    except (OSError, ValueError) as error:  # transformers raises only these two
        raise MarotteError(_error_message(name, download, error)) from error
    return CheckpointEncoder(name, model.eval(), layer, _normalises(name, config))


def _error_message(name: str, download: bool, error: Exception) -> str:
    if download or Path(name).exists():
        return f"can't open the speech encoder {name}: {error}"
    about = _KNOWN.get(name, "see its page there for its size and licence")
    return (
        f"there is no speech encoder {name!r}: give whisper-base, whisper-tiny, mfcc-ssc or the "
        "folder of a transformers checkpoint; or, if this is an id of the Hugging Face hub, "
        f"download it by `marotte teach --download` ({about})"
    )


def _check(name: str, config: Any) -> None:
    """Raise if a model does not turn raw sound into a feature vector every 20 ms."""
    strides = getattr(config, "conv_stride", None)
    if not strides:
        raise MarotteError(
            f"{name} is a {config.model_type!r} model, which does not take raw sound: "
            "give a HuBERT, wav2vec 2.0, WavLM or similar model"
        )
    if math.prod(strides) != STEP_SAMPLES:
        raise MarotteError(
            f"{name} gives features every {math.prod(strides)} samples, "
            f"but a speech encoder must give them every {STEP_SAMPLES}: give another model"
        )


def _normalises(name: str, config: Any) -> bool:
    """Return whether the model expects sound of mean 0 and variance 1."""
    path = Path(name) / "preprocessor_config.json"
    if not Path(name).is_dir():
        from transformers.utils.hub import cached_file

        try:
            path = Path(cached_file(name, path.name, local_files_only=True) or "")
        except OSError:
            path = Path()
    if path.is_file():
        return bool(json.loads(path.read_text(encoding="utf-8")).get("do_normalize", True))
    return config.feat_extract_norm == "layer"  # as these model families were trained


class CheckpointEncoder(Encoder):
    """Returns one hidden state of a transformers model as features.

    Args:
        name: name of the checkpoint.
        model: the model, in evaluation mode.
        layer: layer whose output to use; negative numbers count from the last layer.
        normalise: whether the model expects sound of mean 0 and variance 1.
    """

    def __init__(self, name: str, model: Any, layer: int, normalise: bool) -> None:
        config = model.config
        self.name, self.model, self.normalise = name, model, normalise
        self.layer = layer_index(name, layer, config.num_hidden_layers)
        self.dim = config.hidden_size
        # The receptive field of features k starts at sample 320 k; its middle is their time.
        self.receptive_field, stride = 1, 1
        for kernel, step in zip(config.conv_kernel, config.conv_stride, strict=True):
            self.receptive_field += (kernel - 1) * stride
            stride *= step
        self.first_s = (self.receptive_field - 1) / 2 / SAMPLE_RATE
        self.weights = checksum(model.state_dict())

    def features(self, clips: Tensor) -> Tensor:
        """Return features [batch, ceil(n / 320), dim] of clips [batch, n] of 16 kHz sound."""
        n = clips.shape[1]
        n_steps = math.ceil(n / STEP_SAMPLES)
        if self.normalise:
            variance, mean = torch.var_mean(clips, dim=1, keepdim=True, correction=0)
            clips = (clips - mean) / (variance + _VARIANCE_FLOOR).sqrt()
        needed = STEP_SAMPLES * (n_steps - 1) + self.receptive_field
        states = self.model(
            functional.pad(clips, (0, max(0, needed - n))), output_hidden_states=True
        ).hidden_states
        return states[self.layer][:, :n_steps]


def checksum(state: dict[str, Tensor]) -> str:
    """Return the SHA-256 of the names and values of a network's weights."""
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(name.encode())
        digest.update(value.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()

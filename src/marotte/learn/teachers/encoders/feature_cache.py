"""An encoder's features of sounds it has heard before, from Marotte's cache folder."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.learn.teachers.encoders import Encoder
from marotte.paths import cache_folder, replacing


class FeatureCache:
    """Features by encoder and by sound: each is computed once, on this machine, and kept.

    Each sound's are one file, written whole, so that a run that was stopped goes on where it was.

    Args:
        encoder: what computes them.
        folder: where to keep them; `features` in Marotte's cache folder by default.
    """

    def __init__(self, encoder: Encoder, folder: Path | None = None) -> None:
        plain = re.sub(r"[^\w-]+", "-", encoder.name).strip("-")[-40:]
        key = f"{plain}-{encoder.layer}-{encoder.weights[:12] or 'computed'}"
        self.encoder = encoder
        self.folder = (folder or cache_folder() / "features") / key
        self.folder.mkdir(parents=True, exist_ok=True)

    def encode(self, samples: NDArray[np.float32]) -> NDArray[np.float16]:
        """Features [ceil(n / 320), dim] of a whole sound [n] at 16 kHz."""
        digest = hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()
        path = self.folder / f"{digest[:32]}.npy"
        try:
            return np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):  # not there yet, or damaged: make it anew
            features = self.encoder.encode(samples).astype(np.float16)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.save(file, features, allow_pickle=False)
        return features

"""Cache of speech features: a sound in, an encoder's features out, computed once and stored."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.archives import open_array
from marotte.learn.teachers.encoders import Encoder
from marotte.learn.teachers.encoders.prosody import JoinedEncoder
from marotte.paths import cache_folder, replacing


class FeatureCache:
    """Features by encoder and by sound, stored in float16 on this machine.

    The features of each sound are one file, written completely or not at all, so a run that was
    stopped resumes where it stopped. A joined encoder uses the caches of its parts.

    Args:
        encoder: encoder that computes the features.
        folder: folder of the cache; `features` in Marotte's cache folder by default.
    """

    def __init__(self, encoder: Encoder, folder: Path | None = None) -> None:
        self.parts = (
            [FeatureCache(part, folder) for part in encoder.encoders]
            if isinstance(encoder, JoinedEncoder)
            else []
        )
        plain = re.sub(r"[^\w-]+", "-", encoder.name).strip("-")[-40:]
        key = f"{plain}-{encoder.layer}-{encoder.weights[:12] or 'computed'}"
        self.encoder = encoder
        self.folder = (folder or cache_folder() / "features") / key
        if not self.parts:
            self.folder.mkdir(parents=True, exist_ok=True)

    def encode(self, samples: NDArray[np.float32], *, keep: bool = True) -> NDArray[np.float16]:
        """Return features [ceil(n / 320), dim] of a whole sound [n] at 16 kHz.

        Args:
            samples: the sound.
            keep: whether to store features that were not in the cache.
        """
        if self.parts:
            return np.concatenate([part.encode(samples, keep=keep) for part in self.parts], axis=1)
        digest = hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()
        path = self.folder / f"{digest[:32]}.npy"
        try:
            return np.array(open_array(path))
        except (OSError, ValueError):  # missing or damaged
            features = self.encoder.encode(samples).astype(np.float16)
        if not keep:
            return features
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.save(file, features, allow_pickle=False)
        return features

"""Hundreds of virtual speakers by the neural voice hibari, reading made-up sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from marotte.learn.corpora.virtual import MultiSpeakerSource, Spoken
from marotte.learn.speech.synthesisers.hibari import RATE, hibari_voice, random_speaker


@dataclass(frozen=True)
class Hibari(MultiSpeakerSource):
    """Made-up sentences by virtual speakers; see `MultiSpeakerSource`."""

    name: ClassVar[str] = "hibari"
    digits: ClassVar[int] = 4
    speakers: int = 320
    sentences: int = 25

    def _check(self) -> None:
        hibari_voice()

    def _say(self, text: str, somebody: np.random.Generator, rng: np.random.Generator) -> Spoken:
        seed = int(rng.integers(2**31))
        samples, phones = hibari_voice().say(text, random_speaker(somebody), seed)
        return samples, RATE, phones

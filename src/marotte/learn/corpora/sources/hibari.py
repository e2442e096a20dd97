"""Hundreds of virtual speakers of the neural voice hibari, reading random sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from marotte.learn.corpora.virtual import MultiSpeakerSource, SynthesisedSpeech
from marotte.learn.speech.synthesisers.hibari import RATE, hibari_voice, random_speaker


@final
@dataclass(frozen=True)
class Hibari(MultiSpeakerSource):
    """Random English sentences by virtual speakers; see `MultiSpeakerSource`."""

    name: ClassVar[str] = "hibari"
    digits: ClassVar[int] = 4
    speakers: int = 320
    sentences: int = 25

    def _check(self) -> None:
        hibari_voice()

    def _say(
        self, text: str, speaker_rng: np.random.Generator, rng: np.random.Generator
    ) -> SynthesisedSpeech:
        seed = int(rng.integers(2**31))
        samples, phones = hibari_voice().say(text, random_speaker(speaker_rng), seed)
        return samples, RATE, phones

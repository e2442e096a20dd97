"""Mixtures of the five speakers of the neural voice Kokoro, reading made-up sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from marotte.learn.corpora.virtual import MultiSpeakerSource, Spoken
from marotte.learn.speech.synthesisers.kokoro import RATE, kokoro_voice


@dataclass(frozen=True)
class Kokoro(MultiSpeakerSource):
    """Made-up sentences by mixtures; a second of sound takes a third of one.

    See `MultiSpeakerSource`.
    """

    name: ClassVar[str] = "kokoro"
    digits: ClassVar[int] = 3
    speakers: int = 20
    sentences: int = 20

    def _check(self) -> None:
        kokoro_voice()

    def _say(self, text: str, somebody: np.random.Generator, rng: np.random.Generator) -> Spoken:
        # Mostly one or two of the speakers: the mean of all has little of a voice.
        mixture = somebody.dirichlet(np.full(kokoro_voice().speakers, 0.4))
        samples, phones = kokoro_voice().say(text, mixture, rng.uniform(0.85, 1.15))
        return samples, RATE, phones

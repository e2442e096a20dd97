"""Mixtures of the five speakers of the neural voice Kokoro, reading random sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from marotte.learn.corpora.virtual import MultiSpeakerSource, SynthesisedSpeech
from marotte.learn.speech.synthesisers.kokoro import RATE, kokoro_voice


@final
@dataclass(frozen=True)
class Kokoro(MultiSpeakerSource):
    """Random English sentences by mixtures of speakers; see `MultiSpeakerSource`.

    One second of sound takes a third of a second to make.
    """

    name: ClassVar[str] = "kokoro"
    digits: ClassVar[int] = 3
    speakers: int = 20
    sentences: int = 20

    def _check(self) -> None:
        kokoro_voice()

    def _say(
        self, text: str, speaker_rng: np.random.Generator, rng: np.random.Generator
    ) -> SynthesisedSpeech:
        # Most mixtures have one or two main speakers: the mean of all speakers sounds bland.
        mixture = speaker_rng.dirichlet(np.full(kokoro_voice().speakers, 0.4))
        samples, phones = kokoro_voice().say(text, mixture, rng.uniform(0.85, 1.15))
        return samples, RATE, phones

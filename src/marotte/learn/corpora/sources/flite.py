"""The voices of flite, as speakers of different size, reading random sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from marotte.learn.corpora.virtual import ResizedVoiceSource, SynthesisedSpeech
from marotte.learn.speech.synthesisers.flite import VOICES, say
from marotte.learn.speech.synthesisers.programs import find_program
from marotte.learn.speech.synthesisers.texts import sentence


@final
@dataclass(frozen=True)
class Flite(ResizedVoiceSource):
    """Random English sentences; see `ResizedVoiceSource`."""

    name: ClassVar[str] = "flite"
    voices: tuple[str, ...] = VOICES
    speakers: int = 16
    sentences: int = 40

    def _check(self) -> None:
        find_program("flite")

    def _text(self, voice: str, rng: np.random.Generator) -> str:
        return sentence(rng)

    def _say(
        self, text: str, voice: str, pace: float, speaker_rng: np.random.Generator
    ) -> SynthesisedSpeech:
        return say(text, voice, pace, speaker_rng.uniform(0.8, 1.2))

    def _language(self, voice: str) -> str:
        return "en"

    def _licence(self, voice: str) -> str:
        return "MIT-Festival"

"""The voices of festival in three languages, as speakers of different size.

English sentences are random. Czech and Italian ones are lines of the game Fish Fillets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from marotte.errors import MarotteError
from marotte.learn.corpora import debian
from marotte.learn.corpora.sources.fillets import game_sentences
from marotte.learn.corpora.virtual import ResizedVoiceSource, SynthesisedSpeech
from marotte.learn.speech.synthesisers.festival import VOICES, festival, missing_packages
from marotte.learn.speech.synthesisers.texts import sentence


@final
@dataclass(frozen=True)
class Festival(ResizedVoiceSource):
    """Sentences by the voices of festival; see `ResizedVoiceSource`."""

    name: ClassVar[str] = "festival"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.FILLETS_TEXT,)
    voices: tuple[str, ...] = tuple(VOICES)
    speakers: int = 8
    sentences: int = 25

    def _check(self) -> None:
        if unknown := [voice for voice in self.voices if voice not in VOICES]:
            raise MarotteError(
                f"festival has no voice {unknown[0]!r}: choose one of {', '.join(VOICES)}"
            )
        if missing := missing_packages(self.voices):
            raise MarotteError(
                f"festival lacks voices: install the Debian packages {', '.join(missing)}"
            )
        for language in {VOICES[voice].language for voice in self.voices} - {"en"}:
            game_sentences(language)

    def _text(self, voice: str, rng: np.random.Generator) -> str:
        language = self._language(voice)
        return sentence(rng) if language == "en" else str(rng.choice(game_sentences(language)))

    def _say(
        self, text: str, voice: str, pace: float, speaker_rng: np.random.Generator
    ) -> SynthesisedSpeech:
        return festival(voice).say(text, pace)

    def _language(self, voice: str) -> str:
        return VOICES[voice].language

    def _licence(self, voice: str) -> str:
        return VOICES[voice].licence

"""The formant voices of espeak-ng: random English sentences in several accents, and ten languages.

The texts in other languages are lines of the game Fish Fillets, which has many translations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from marotte.learn.corpora import debian
from marotte.learn.corpora.source import Source
from marotte.learn.corpora.sources.fillets import game_sentences
from marotte.learn.corpora.virtual import NOTHING_SAID, sentence_keys
from marotte.learn.errors import Skip
from marotte.learn.speech.synthesisers.espeak import espeak
from marotte.learn.speech.synthesisers.texts import sentence
from marotte.learn.utterance import Utterance

_VOICES = (
    "en-us", "en-us+f1", "en-us+f3", "en-us+m2", "en-us+m5", "en-us+klatt2", "en-us+Annie",
    "en-us-nyc+m3", "en-us-nyc+f4", "en", "en+f2", "en+m7", "en+klatt4", "en+Michael",
    "en-gb-x-rp+f2", "en-gb-x-rp+m1", "en-gb-scotland+f5", "en-gb-scotland+m4",
    "en-gb-x-gbclan+m3", "en-029+f1",
)  # fmt: skip


@final
@dataclass(frozen=True)
class Espeak(Source):
    """Random English sentences by the voices of espeak-ng.

    Attributes:
        voices: accents, each with an optional variant; each is a speaker.
        sentences: number of sentences per speaker; one takes about three seconds.
        seed: another seed gives other sentences.
    """

    name: ClassVar[str] = "espeak"
    real: ClassVar[bool] = False
    voices: tuple[str, ...] = _VOICES
    sentences: int = 45
    seed: int = 1

    def items(self) -> Sequence[str]:
        """Return the keys `voice/sentence`."""
        espeak()
        return sentence_keys(self.voices, self.sentences)

    def utterance(self, key: str) -> Utterance:
        """Make one sentence of one voice, with a random pace and pitch."""
        voice, number = key.split("/")
        rng = np.random.default_rng([self.seed, self.voices.index(voice), int(number)])
        text = sentence(rng)
        return _utterance(self.name, key, voice, "en", text, rng)


@final
@dataclass(frozen=True)
class EspeakLanguages(Source):
    """Lines of a game in many languages by the voices of espeak-ng.

    Attributes:
        languages: ISO 639-1 codes; the game must be translated into each.
        variants: variants of the voice of each language; each is a speaker.
        sentences: number of sentences per speaker; one takes about four seconds.
        seed: another seed gives other lines.
    """

    name: ClassVar[str] = "espeak_languages"
    real: ClassVar[bool] = False
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.FILLETS_TEXT,)
    languages: tuple[str, ...] = ("bg", "cs", "de", "es", "fr", "it", "nl", "pl", "ru", "sv")
    variants: tuple[str, ...] = ("f1", "f4", "m1", "m3", "m7", "klatt2", "Annie", "Michael")
    sentences: int = 30
    seed: int = 1

    def items(self) -> Sequence[str]:
        """Return the keys `language+variant/sentence`."""
        for language in self.languages:
            espeak().words("", language)
            game_sentences(language)
        voices = (
            f"{language}+{variant}" for language in self.languages for variant in self.variants
        )
        return sentence_keys(voices, self.sentences)

    def utterance(self, key: str) -> Utterance:
        """Make one line of one voice, with a random pace and pitch."""
        voice, number = key.split("/")
        language, variant = voice.split("+")
        speaker = [self.languages.index(language), self.variants.index(variant)]
        rng = np.random.default_rng([self.seed, *speaker, int(number)])
        texts = game_sentences(language)
        text = texts[int(rng.integers(len(texts)))]
        return _utterance(self.name, key, voice, language, text, rng)


def _utterance(
    source: str, key: str, voice: str, language: str, text: str, rng: np.random.Generator
) -> Utterance:
    """Speak a text with a random pace, pitch and pitch range."""
    samples, phones = espeak().say(
        text,
        voice,
        words_per_minute=int(rng.integers(130, 200)),
        pitch=int(rng.integers(30, 71)),
        pitch_range=int(rng.integers(20, 81)),
    )
    if not phones:
        raise Skip(NOTHING_SAID)
    return Utterance(
        id=f"{source}/{key}",
        source=source,
        speaker=voice,
        language=language,
        licence="GPL-3.0-or-later",
        text=text,
        samples=samples,
        rate=espeak().rate,
        phones=phones,
    )

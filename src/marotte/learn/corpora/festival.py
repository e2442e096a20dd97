"""The voices of festival in three languages, made larger and smaller.

English sentences are made up; Czech and Italian ones are the lines of the game Fish Fillets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from marotte.errors import MarotteError
from marotte.learn.corpora import debian
from marotte.learn.corpora.espeak import game_sentences
from marotte.learn.corpora.flite import played_faster, random_size
from marotte.learn.corpora.source import Skip, Source
from marotte.learn.utterance import Utterance
from marotte.learn.voices.festival import VOICES, festival, missing_packages
from marotte.learn.voices.texts import sentence


@dataclass(frozen=True)
class Festival(Source):
    """Sentences by festival's voices.

    Attributes:
        voices: which of them.
        speakers: how many speakers are made of each voice.
        sentences: how many each of them says; one takes about three seconds.
        seed: another seed gives other speakers and sentences.
    """

    name: ClassVar[str] = "festival"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.FILLETS_TEXT,)
    voices: tuple[str, ...] = tuple(VOICES)
    speakers: int = 8
    sentences: int = 25
    seed: int = 1

    def items(self) -> Sequence[str]:
        """Keys `voice+speaker/sentence`."""
        if unknown := [voice for voice in self.voices if voice not in VOICES]:
            raise MarotteError(
                f"no voice {unknown[0]!r} of festival: there are {', '.join(VOICES)}"
            )
        if missing := missing_packages(self.voices):
            raise MarotteError(f"festival lacks voices: install the packages {', '.join(missing)}")
        for language in {VOICES[voice].language for voice in self.voices} - {"en"}:
            game_sentences(language)
        return [
            f"{voice}+{speaker:02d}/{each:04d}"
            for voice in self.voices
            for speaker in range(self.speakers)
            for each in range(self.sentences)
        ]

    def utterance(self, key: str) -> Utterance:
        """One sentence by one speaker."""
        speaker, each = key.split("/")
        voice, number = speaker.split("+")
        who = [self.seed, self.voices.index(voice), int(number)]
        size = random_size(np.random.default_rng(who))
        rng = np.random.default_rng([*who, int(each)])
        language = VOICES[voice].language
        text = sentence(rng) if language == "en" else str(rng.choice(game_sentences(language)))
        # Played faster it must be spoken slower, to keep the pace.
        samples, rate, phones = festival(voice).say(text, rng.uniform(0.85, 1.15) / size)
        if not phones:
            raise Skip("nothing was said")
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=speaker,
            language=language,
            licence=VOICES[voice].licence,
            text=text,
            samples=samples,
            rate=round(rate * size),
            phones=played_faster(phones, round(rate * size) / rate),
        )

"""The voices of flite, made larger and smaller, reading made-up sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from marotte.learn.corpora.source import Skip, Source
from marotte.learn.utterance import Utterance
from marotte.learn.voices.flite import VOICES, flite_program, say
from marotte.learn.voices.texts import sentence

_SIZES = (0.86, 1.2)  # sound played slower or faster: a longer or shorter vocal tract


@dataclass(frozen=True)
class Flite(Source):
    """Made-up English sentences.

    Attributes:
        voices: flite's own.
        speakers: how many speakers are made of each voice.
        sentences: how many each of them says; one takes about three seconds.
        seed: another seed gives other speakers and sentences.
    """

    name: ClassVar[str] = "flite"
    voices: tuple[str, ...] = VOICES
    speakers: int = 16
    sentences: int = 40
    seed: int = 1

    def items(self) -> Sequence[str]:
        """Keys `voice+speaker/sentence`."""
        flite_program()
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
        somebody = np.random.default_rng(who)
        size, pitch = somebody.uniform(*_SIZES), somebody.uniform(0.8, 1.2)
        rng = np.random.default_rng([*who, int(each)])
        text = sentence(rng)
        # Played faster it must be spoken slower, to keep the pace.
        samples, rate, phones = say(text, voice, rng.uniform(0.85, 1.15) / size, pitch)
        if not phones:
            raise Skip("nothing was said")
        played = round(rate * size)
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=speaker,
            language="en",
            licence="LicenseRef-Flite",
            text=text,
            samples=samples,
            rate=played,
            phones=tuple(
                replace(
                    phone, start_s=phone.start_s * rate / played, end_s=phone.end_s * rate / played
                )
                for phone in phones
            ),
        )

"""The voices of flite, made larger and smaller, reading made-up sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from marotte.learn.corpora.source import Skip, Source
from marotte.learn.utterance import Phone, Utterance
from marotte.learn.voices.flite import VOICES, flite_program, say
from marotte.learn.voices.texts import sentence


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
        size, pitch = random_size(somebody), somebody.uniform(0.8, 1.2)
        rng = np.random.default_rng([*who, int(each)])
        text = sentence(rng)
        # Played faster it must be spoken slower, to keep the pace.
        samples, rate, phones = say(text, voice, rng.uniform(0.85, 1.15) / size, pitch)
        if not phones:
            raise Skip("nothing was said")
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=speaker,
            language="en",
            licence="MIT-Festival",
            text=text,
            samples=samples,
            rate=round(rate * size),
            phones=played_faster(phones, round(rate * size) / rate),
        )


def random_size(rng: np.random.Generator) -> float:
    """How much faster a voice is played: more is a shorter vocal tract and a higher voice."""
    return float(rng.uniform(0.86, 1.2))


def played_faster(phones: Sequence[Phone], factor: float) -> tuple[Phone, ...]:
    """The phones of a sound that is played faster."""
    return tuple(
        replace(phone, start_s=phone.start_s / factor, end_s=phone.end_s / factor)
        for phone in phones
    )

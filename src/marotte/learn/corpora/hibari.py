"""Hundreds of virtual speakers by the neural voice hibari, reading made-up sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from marotte.learn.corpora.source import Source
from marotte.learn.corpora.virtual import at_some_level, sentence_keys
from marotte.learn.utterance import Utterance
from marotte.learn.voices.hibari import RATE, hibari_voice, random_speaker
from marotte.learn.voices.texts import sentence


@dataclass(frozen=True)
class Hibari(Source):
    """Made-up sentences by virtual speakers.

    Attributes:
        speakers: how many speakers.
        sentences: how many each of them says; one takes about three seconds.
        seed: another seed gives other speakers and sentences.
    """

    name: ClassVar[str] = "hibari"
    real: ClassVar[bool] = False
    speakers: int = 320
    sentences: int = 25
    seed: int = 1

    def items(self) -> Sequence[str]:
        """Keys `speaker/sentence`."""
        hibari_voice()
        return sentence_keys((f"{each:04d}" for each in range(self.speakers)), self.sentences)

    def utterance(self, key: str) -> Utterance:
        """One sentence by one virtual speaker."""
        speaker, each = map(int, key.split("/"))
        somebody = random_speaker(np.random.default_rng([self.seed, speaker]))
        rng = np.random.default_rng([self.seed, speaker, each])
        text = sentence(rng)
        samples, phones = hibari_voice().say(text, somebody, int(rng.integers(2**31)))
        return Utterance(
            id=f"{self.name}/s{self.seed}-{key}",
            source=self.name,
            speaker=f"s{self.seed}-{speaker:04d}",
            language="en",
            licence="Apache-2.0",
            text=text,
            samples=at_some_level(samples, phones, rng),
            rate=RATE,
            phones=phones,
        )

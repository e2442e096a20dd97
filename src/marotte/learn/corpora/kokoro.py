"""Mixtures of the five speakers of the neural voice Kokoro, reading made-up sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from marotte.learn.corpora.source import Source
from marotte.learn.corpora.virtual import at_some_level, sentence_keys
from marotte.learn.utterance import Utterance
from marotte.learn.voices.kokoro import RATE, kokoro_voice
from marotte.learn.voices.texts import sentence


@dataclass(frozen=True)
class Kokoro(Source):
    """Made-up English sentences; a second of sound takes a third of one to make.

    Attributes:
        speakers: how many mixtures.
        sentences: how many each of them says; one takes about three seconds.
        seed: another seed gives other speakers and sentences.
    """

    name: ClassVar[str] = "kokoro"
    real: ClassVar[bool] = False
    speakers: int = 20
    sentences: int = 20
    seed: int = 1

    def items(self) -> Sequence[str]:
        """Keys `speaker/sentence`."""
        kokoro_voice()
        return sentence_keys((f"{each:03d}" for each in range(self.speakers)), self.sentences)

    def utterance(self, key: str) -> Utterance:
        """One sentence by one mixture."""
        speaker, each = map(int, key.split("/"))
        somebody = np.random.default_rng([self.seed, speaker])
        # Mostly one or two of the speakers: the mean of all has little of a voice.
        mixture = somebody.dirichlet(np.full(kokoro_voice().speakers, 0.4))
        rng = np.random.default_rng([self.seed, speaker, each])
        text = sentence(rng)
        samples, phones = kokoro_voice().say(text, mixture, rng.uniform(0.85, 1.15))
        return Utterance(
            id=f"{self.name}/s{self.seed}-{key}",
            source=self.name,
            speaker=f"s{self.seed}-{speaker:03d}",
            language="en",
            licence="Apache-2.0",
            text=text,
            samples=at_some_level(samples, phones, rng),
            rate=RATE,
            phones=phones,
        )

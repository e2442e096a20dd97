"""The formant voices of espeak-ng, reading made-up sentences in several accents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from marotte.learn.corpora.source import Skip, Source
from marotte.learn.utterance import Utterance
from marotte.learn.voices.espeak import espeak
from marotte.learn.voices.texts import sentence

_VOICES = (
    "en-us", "en-us+f1", "en-us+f3", "en-us+m2", "en-us+m5", "en-us+klatt2", "en-us+Annie",
    "en-us-nyc+m3", "en-us-nyc+f4", "en", "en+f2", "en+m7", "en+klatt4", "en+Michael",
    "en-gb-x-rp+f2", "en-gb-x-rp+m1", "en-gb-scotland+f5", "en-gb-scotland+m4",
    "en-gb-x-gbclan+m3", "en-029+f1",
)  # fmt: skip


@dataclass(frozen=True)
class Espeak(Source):
    """Made-up English sentences by espeak-ng's variants.

    Attributes:
        voices: accents, each with an optional variant; each is a speaker.
        sentences: how many each of them says; one takes about three seconds.
        seed: another seed gives other sentences.
    """

    name: ClassVar[str] = "espeak"
    voices: tuple[str, ...] = _VOICES
    sentences: int = 45
    seed: int = 1

    def items(self) -> Sequence[str]:
        """Keys `voice/sentence`."""
        espeak()
        return [f"{voice}/{each:04d}" for voice in self.voices for each in range(self.sentences)]

    def utterance(self, key: str) -> Utterance:
        """One sentence by one voice, at a pace and pitch of its own."""
        voice, each = key.split("/")
        rng = np.random.default_rng([self.seed, self.voices.index(voice), int(each)])
        text = sentence(rng)
        samples, phones = espeak().say(
            text,
            voice,
            words_per_minute=int(rng.integers(130, 200)),
            pitch=int(rng.integers(30, 71)),
            range_=int(rng.integers(20, 81)),
        )
        if not phones:
            raise Skip("nothing was said")
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=voice,
            language="en",
            licence="GPL-3.0-or-later",
            text=text,
            samples=samples,
            rate=espeak().rate,
            phones=phones,
        )

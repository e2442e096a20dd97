"""What sources of synthetic voices share: keys, speakers made of one voice or few, many levels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from marotte.learn.corpora.source import Source
from marotte.learn.errors import Skip
from marotte.learn.speech.synthesisers.texts import sentence
from marotte.learn.utterance import Phone, Utterance

Spoken = tuple[NDArray[np.float32], int, tuple[Phone, ...]]
"""Sound [n_samples], its rate, its phones."""


def sentence_keys(speakers: Iterable[str], sentences: int) -> list[str]:
    """Keys `speaker/sentence`."""
    return [f"{speaker}/{each:04d}" for speaker in speakers for each in range(sentences)]


def at_some_level(
    samples: NDArray[np.float32], phones: Sequence[Phone], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Sound [n_samples] at a random level: people speak at many, a voice speaks at one.

    Raises:
        Skip: there is nothing in it.
    """
    peak = np.abs(samples).max(initial=0.0)
    if not phones or peak == 0:
        raise Skip("nothing was said")
    return samples * np.float32(rng.uniform(0.2, 0.95) / peak)


@dataclass(frozen=True)
class MultiSpeakerSource(Source, ABC):
    """Made-up English sentences by the many speakers of one neural voice.

    Attributes:
        speakers: how many speakers.
        sentences: how many each of them says; one takes about three seconds.
        seed: another seed gives other speakers and sentences.
    """

    real: ClassVar[bool] = False
    digits: ClassVar[int]
    speakers: int = 1
    sentences: int = 1
    seed: int = 1

    def items(self) -> Sequence[str]:
        """Keys `speaker/sentence`."""
        self._check()
        speakers = (f"{each:0{self.digits}d}" for each in range(self.speakers))
        return sentence_keys(speakers, self.sentences)

    def utterance(self, key: str) -> Utterance:
        """One sentence by one speaker."""
        speaker, each = key.split("/")
        somebody = np.random.default_rng([self.seed, int(speaker)])
        rng = np.random.default_rng([self.seed, int(speaker), int(each)])
        text = sentence(rng)
        samples, rate, phones = self._say(text, somebody, rng)
        return Utterance(
            id=f"{self.name}/s{self.seed}-{key}",
            source=self.name,
            speaker=f"s{self.seed}-{speaker}",
            language="en",
            licence="Apache-2.0",
            text=text,
            samples=at_some_level(samples, phones, rng),
            rate=rate,
            phones=phones,
        )

    @abstractmethod
    def _check(self) -> None:
        """Say at once, by a MarotteError, if the voice can't be used here."""

    @abstractmethod
    def _say(self, text: str, somebody: np.random.Generator, rng: np.random.Generator) -> Spoken:
        """Speak it; the speaker is drawn from `somebody`, the manner from `rng`."""


@dataclass(frozen=True)
class ResizedVoiceSource(Source, ABC):
    """A few voices, each made into many speakers: larger and smaller ones.

    Played faster, a voice has a shorter vocal tract and is higher; it must be spoken slower then,
    to keep the pace.

    Attributes:
        voices: which of the synthesiser's.
        speakers: how many speakers are made of each voice.
        sentences: how many each of them says; one takes about three seconds.
        seed: another seed gives other speakers and sentences.
    """

    real: ClassVar[bool] = False
    voices: tuple[str, ...] = ()
    speakers: int = 1
    sentences: int = 1
    seed: int = 1

    def items(self) -> Sequence[str]:
        """Keys `voice+speaker/sentence`."""
        self._check()
        speakers = (f"{voice}+{each:02d}" for voice in self.voices for each in range(self.speakers))
        return sentence_keys(speakers, self.sentences)

    def utterance(self, key: str) -> Utterance:
        """One sentence by one speaker."""
        speaker, each = key.split("/")
        voice, number = speaker.split("+")
        who = [self.seed, self.voices.index(voice), int(number)]
        somebody = np.random.default_rng(who)
        size = float(somebody.uniform(0.86, 1.2))
        rng = np.random.default_rng([*who, int(each)])
        text = self._text(voice, rng)
        pace = rng.uniform(0.85, 1.15) / size
        samples, rate, phones = self._say(text, voice, pace, somebody)
        if not phones:
            raise Skip("nothing was said")
        faster = round(rate * size) / rate
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=speaker,
            language=self._language(voice),
            licence=self._licence(voice),
            text=text,
            samples=samples,
            rate=round(rate * size),
            phones=tuple(
                replace(phone, start_s=phone.start_s / faster, end_s=phone.end_s / faster)
                for phone in phones
            ),
        )

    @abstractmethod
    def _check(self) -> None:
        """Say at once, by a MarotteError, if the voices can't be used here."""

    @abstractmethod
    def _text(self, voice: str, rng: np.random.Generator) -> str:
        """A sentence for a voice."""

    @abstractmethod
    def _say(self, text: str, voice: str, pace: float, somebody: np.random.Generator) -> Spoken:
        """Speak it; what else is the speaker's own is drawn from `somebody`."""

    @abstractmethod
    def _language(self, voice: str) -> str:
        """ISO 639-1."""

    @abstractmethod
    def _licence(self, voice: str) -> str:
        """SPDX identifier or a short name."""

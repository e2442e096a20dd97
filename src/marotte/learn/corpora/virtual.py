"""What the sources of synthetic voices share: item keys, virtual speakers and random levels."""

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

SynthesisedSpeech = tuple[NDArray[np.float32], int, tuple[Phone, ...]]
"""Samples [n_samples], their sample rate, and the phones."""

NOTHING_SAID = "the synthesiser said nothing"


def sentence_keys(speakers: Iterable[str], sentences: int) -> list[str]:
    """Return the keys `speaker/sentence`.

    Example:
        >>> sentence_keys(["slt+00"], 2)
        ['slt+00/0000', 'slt+00/0001']
    """
    return [f"{speaker}/{number:04d}" for speaker in speakers for number in range(sentences)]


def at_random_level(
    samples: NDArray[np.float32], phones: Sequence[Phone], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Scale samples [n_samples] to a random level: people differ in level, one voice does not.

    Raises:
        Skip: there are no phones, or the samples are digital silence.
    """
    peak = np.abs(samples).max(initial=0.0)
    if not phones or peak == 0:
        raise Skip(NOTHING_SAID)
    return samples * np.float32(rng.uniform(0.2, 0.95) / peak)


@dataclass(frozen=True)
class MultiSpeakerSource(Source, ABC):
    """Random English sentences by the many speakers of one neural voice.

    Attributes:
        speakers: number of speakers.
        sentences: number of sentences per speaker; one takes about three seconds.
        seed: another seed gives other speakers and sentences.
    """

    real: ClassVar[bool] = False
    digits: ClassVar[int]
    speakers: int = 1
    sentences: int = 1
    seed: int = 1

    def items(self) -> Sequence[str]:
        """Return the keys `speaker/sentence`."""
        self._check()
        speakers = (f"{number:0{self.digits}d}" for number in range(self.speakers))
        return sentence_keys(speakers, self.sentences)

    def utterance(self, key: str) -> Utterance:
        """Make one sentence of one speaker."""
        speaker, number = key.split("/")
        speaker_rng = np.random.default_rng([self.seed, int(speaker)])
        rng = np.random.default_rng([self.seed, int(speaker), int(number)])
        text = sentence(rng)
        samples, rate, phones = self._say(text, speaker_rng, rng)
        return Utterance(
            id=f"{self.name}/s{self.seed}-{key}",
            source=self.name,
            speaker=f"s{self.seed}-{speaker}",
            language="en",
            licence="Apache-2.0",
            text=text,
            samples=at_random_level(samples, phones, rng),
            rate=rate,
            phones=phones,
        )

    @abstractmethod
    def _check(self) -> None:
        """Raise a MarotteError if the voice can't be used here."""

    @abstractmethod
    def _say(
        self, text: str, speaker_rng: np.random.Generator, rng: np.random.Generator
    ) -> SynthesisedSpeech:
        """Speak a text; draw the speaker from `speaker_rng` and the rest from `rng`."""


@dataclass(frozen=True)
class ResizedVoiceSource(Source, ABC):
    """A few voices, each made into many speakers of different size.

    A voice that is played faster has a shorter vocal tract and a higher pitch. The synthesiser
    speaks more slowly then, to keep the pace.

    Attributes:
        voices: the names of the voices of the synthesiser.
        speakers: number of speakers per voice.
        sentences: number of sentences per speaker; one takes about three seconds.
        seed: another seed gives other speakers and sentences.
    """

    real: ClassVar[bool] = False
    voices: tuple[str, ...] = ()
    speakers: int = 1
    sentences: int = 1
    seed: int = 1

    def items(self) -> Sequence[str]:
        """Return the keys `voice+speaker/sentence`."""
        self._check()
        speakers = (
            f"{voice}+{number:02d}" for voice in self.voices for number in range(self.speakers)
        )
        return sentence_keys(speakers, self.sentences)

    def utterance(self, key: str) -> Utterance:
        """Make one sentence of one speaker."""
        speaker, sentence_number = key.split("/")
        voice, speaker_number = speaker.split("+")
        speaker_seed = [self.seed, self.voices.index(voice), int(speaker_number)]
        speaker_rng = np.random.default_rng(speaker_seed)
        size = float(speaker_rng.uniform(0.86, 1.2))
        rng = np.random.default_rng([*speaker_seed, int(sentence_number)])
        text = self._text(voice, rng)
        pace = rng.uniform(0.85, 1.15) / size
        samples, rate, phones = self._say(text, voice, pace, speaker_rng)
        if not phones:
            raise Skip(NOTHING_SAID)
        speed = round(rate * size) / rate
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
                replace(phone, start_s=phone.start_s / speed, end_s=phone.end_s / speed)
                for phone in phones
            ),
        )

    @abstractmethod
    def _check(self) -> None:
        """Raise a MarotteError if the voices can't be used here."""

    @abstractmethod
    def _text(self, voice: str, rng: np.random.Generator) -> str:
        """Draw a sentence for a voice."""

    @abstractmethod
    def _say(
        self, text: str, voice: str, pace: float, speaker_rng: np.random.Generator
    ) -> SynthesisedSpeech:
        """Speak a text; draw further properties of the speaker from `speaker_rng`."""

    @abstractmethod
    def _language(self, voice: str) -> str:
        """Return the language of a voice, as an ISO 639-1 code."""

    @abstractmethod
    def _licence(self, voice: str) -> str:
        """Return the licence of a voice: its SPDX identifier or a short name."""

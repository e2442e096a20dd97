"""Text and its sound in, phones with times out, by forced alignment: English, or any language.

The acoustic model is pocketsphinx's, of English. English words are pronounced by its dictionary,
and by espeak-ng where that lacks them; espeak-ng also tells the stress. Of other languages
espeak-ng tells all phones, and each is aligned as the nearest English one.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.learn.errors import Skip
from marotte.learn.speech.forced import STEP_S, Forcer, Segment
from marotte.learn.speech.phones import ARPABET, TO_ARPABET, VOWELS
from marotte.learn.speech.synthesisers.espeak import espeak
from marotte.learn.utterance import Phone

MIN_SECONDS = 0.5
_LOUD_DB = -20.0  # below the loudest moments: surely speech, where somebody speaks
_MAX_UNEXPLAINED_SHARE = 0.25  # of the loud moments, outside all phones
_YEARS = range(1500, 2000)
_PIECE_PHONES = 6
_FOREIGN_BEAM = 1e-100

Said = Sequence[tuple[str, int]]
"""Phones in IPA, each with its stress."""


class Aligner(Protocol):
    """Puts a transcript where it is spoken."""

    def align(self, samples: NDArray[np.float32], rate: int, text: str) -> tuple[Phone, ...]:
        """The phones of a text where they are heard; what lies between them is silence.

        Args:
            samples: mono sound [n_samples], within -1..1.
            rate: samples a second.
            text: what is said; digits are read as numbers, what stands in <> or [] is left out.

        Raises:
            Skip: the sound is too short, or the text does not fit it.
        """
        ...


class EnglishAligner:
    """The aligner of English. Slow to make, quick to use again."""

    def __init__(self) -> None:
        self._forcer = Forcer()

    def align(self, samples: NDArray[np.float32], rate: int, text: str) -> tuple[Phone, ...]:
        """See `Aligner`."""
        _check_length(samples, rate)
        words = spoken_words(text)
        if not words:
            raise Skip("no words in the text")
        for word in words:
            self._learn(word)
        found = self._forcer.force(words, samples, rate)
        return _explaining(_phones(found), samples, rate)

    def _learn(self, word: str) -> None:
        """Add a word the dictionary lacks, as espeak-ng would say it."""
        if not self._forcer.knows(word):
            arpabet = [each for ipa, _ in _pronunciation(word) for each in TO_ARPABET[ipa]]
            if not arpabet:
                raise Skip("a word that can't be pronounced")
            self._forcer.learn(word, arpabet)


class IpaAligner:
    """The aligner of phones that are known already, of any language."""

    def __init__(self) -> None:
        self._forcer = Forcer(_FOREIGN_BEAM)

    def align(
        self, samples: NDArray[np.float32], rate: int, words: Iterable[Said]
    ) -> tuple[Phone, ...]:
        """The phones of words where they are heard; what lies between them is silence.

        Raises:
            Skip: the sound is too short, or the phones do not fit it.
        """
        _check_length(samples, rate)
        pieces = [piece for word in words for piece in _pieces(word)]
        if not pieces:
            raise Skip("no words in the text")
        names: list[str] = []
        for piece in pieces:
            arpabet = [each for ipa, _ in piece for each in TO_ARPABET[ipa]]
            names.append("_".join(["piece", *arpabet]))
            if not self._forcer.knows(names[-1]):
                self._forcer.learn(names[-1], arpabet)
        found = self._forcer.force(names, samples, rate)
        segments = [segment for _, word in found for segment in word]
        said = [phone for piece in pieces for phone in piece]
        return _explaining(_told(said, segments), samples, rate)


class LanguageAligner:
    """The aligner of any language that espeak-ng speaks.

    Args:
        language: one of its voices, e.g. `cs` or `pt-br`.
    """

    def __init__(self, language: str) -> None:
        self._language = language

    def align(self, samples: NDArray[np.float32], rate: int, text: str) -> tuple[Phone, ...]:
        """See `Aligner`."""
        words = espeak().words(_without_remarks(text), self._language)
        return ipa_aligner().align(samples, rate, words)


@functools.cache
def aligner(language: str) -> Aligner:
    """The aligner of a language, by ISO 639-1; there is one in a process.

    Raises:
        MarotteError: pocketsphinx or espeak-ng is not installed, or does not know the language.
    """
    if language == "en":
        return english_aligner()
    ipa_aligner()
    espeak().words("", language)
    return LanguageAligner(language)


@functools.cache
def english_aligner() -> EnglishAligner:
    """The one English aligner of this process.

    Raises:
        MarotteError: pocketsphinx is not installed.
    """
    return EnglishAligner()


@functools.cache
def ipa_aligner() -> IpaAligner:
    """The one aligner of known phones of this process.

    Raises:
        MarotteError: pocketsphinx is not installed.
    """
    return IpaAligner()


def spoken_words(text: str) -> list[str]:
    """The words of a text as one says them, in lower case and without punctuation."""
    text = _without_remarks(text).replace("’", "'")
    text = re.sub(r"\d+", lambda found: f" {_number(int(found[0]))} ", text)
    words = re.findall(r"[a-z']+", text.lower())
    return [word for each in words if (word := each.strip("'"))]


def unexplained_share(phones: Sequence[Phone], samples: NDArray[np.float32], rate: int) -> float:
    """The share of the loud moments that lie outside all phones: large where a text is wrong.

    A wrong text is squeezed into a part of the sound, or the sound holds laughter or a cry.
    """
    hop = round(STEP_S * rate)
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop)
    level_db = 10 * np.log10(np.square(frames).mean(1) + 1e-10)
    loud = level_db > np.percentile(level_db, 98) + _LOUD_DB
    covered = np.zeros(len(frames), bool)
    for phone in phones:
        covered[int(phone.start_s / STEP_S) : int(np.ceil(phone.end_s / STEP_S))] = True
    return float((loud & ~covered).sum() / max(1, loud.sum()))


def _without_remarks(text: str) -> str:
    return re.sub(r"<[^>]*>|\[[^\]]*\]", " ", text)


def _number(value: int) -> str:
    try:
        from num2words import num2words
    except ImportError as error:
        raise missing_extra("num2words", "speech") from error
    words = num2words(value, to="year" if value in _YEARS else "cardinal")
    return words.replace("-", " ")


def _check_length(samples: NDArray[np.float32], rate: int) -> None:
    if len(samples) < MIN_SECONDS * rate:
        raise Skip(f"shorter than {MIN_SECONDS} s")


def _explaining(
    phones: Iterable[Phone], samples: NDArray[np.float32], rate: int
) -> tuple[Phone, ...]:
    """The phones that last some time, if they account for the loud moments of the sound."""
    heard = tuple(phone for phone in phones if phone.end_s > phone.start_s)
    if unexplained_share(heard, samples, rate) > _MAX_UNEXPLAINED_SHARE:
        raise Skip("speech that the text does not explain")
    return heard


def _phones(words: Iterable[tuple[str, Sequence[Segment]]]) -> Iterable[Phone]:
    """The phones of English words, by the pronunciation that was found."""
    for name, segments in words:
        stresses = _stresses(name.split("(")[0], [ARPABET[each.arpabet] for each in segments])
        for segment, stress in zip(segments, stresses, strict=True):
            ipa = ARPABET[segment.arpabet]
            ipa = "ə" if ipa == "ʌ" and not stress else ipa
            yield Phone(ipa, segment.start_s, segment.end_s, stress)


def _told(said: Said, segments: Sequence[Segment]) -> Iterable[Phone]:
    """The phones that were asked for, from the one or two segments of each."""
    rest = iter(segments)
    for ipa, stress in said:
        first, *more = (next(rest) for _ in TO_ARPABET[ipa])
        yield Phone(ipa, first.start_s, (more or [first])[-1].end_s, stress)


def _pieces(word: Said) -> list[Said]:
    """A word cut where it is long: silence may stand between pieces."""
    count = max(1, round(len(word) / _PIECE_PHONES))
    bounds = [len(word) * index // count for index in range(count + 1)]
    return [word[first:last] for first, last in itertools.pairwise(bounds) if last > first]


def _stresses(word: str, phones: Sequence[str]) -> list[int]:
    """Each phone's stress; where the pronunciations do not agree, the first vowel's."""
    vowels = [index for index, ipa in enumerate(phones) if ipa in VOWELS]
    said = [stress for ipa, stress in _pronunciation(word) if ipa in VOWELS]
    if len(said) != len(vowels):
        said = [1] + [0] * (len(vowels) - 1)
    stresses = [0] * len(phones)
    for index, stress in zip(vowels, said, strict=False):
        stresses[index] = stress
    return stresses


@functools.lru_cache(maxsize=20_000)
def _pronunciation(word: str) -> tuple[tuple[str, int], ...]:
    """A word's phones and stresses by espeak-ng; none where it does not know what to say."""
    try:
        return espeak().pronunciation(word)
    except MarotteError:
        return ()

"""Sound and its text in, phones with times out, by forced alignment in any language.

The acoustic model is the English one of pocketsphinx. The phones of English words come from its
dictionary, or from espeak-ng for words that the dictionary lacks; the stress comes from espeak-ng.
In other languages all phones come from espeak-ng, and each is aligned as the nearest English phone.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.learn.errors import Skip
from marotte.learn.speech.forced import FRAME_S, ForcedAligner, Segment
from marotte.learn.speech.phones import ARPABET, TO_ARPABET, VOWELS
from marotte.learn.speech.synthesisers.espeak import espeak
from marotte.learn.utterance import Phone

MIN_SECONDS = 0.5
_LOUD_DB = -20.0  # relative to the loudest frames; louder frames must be speech
_MAX_UNEXPLAINED_SHARE = 0.25  # of the loud frames, outside all phones
_YEARS = range(1500, 2000)  # numbers that are read as years
_PIECE_PHONES = 6
_FOREIGN_BEAM = 1e-100  # wider than for English, whose phones the model knows

Pronunciation = Sequence[tuple[str, int]]
"""The phones of a word in IPA, each with its stress."""


class Aligner(Protocol):
    """Finds the times of the phones of a transcript."""

    def align(self, samples: NDArray[np.float32], rate: int, text: str) -> tuple[Phone, ...]:
        """Return the phones of a text with their times; gaps are silence.

        Args:
            samples: mono samples [n_samples], within -1..1.
            rate: sample rate in Hz.
            text: the transcript; digits are read as numbers, remarks in <> or [] are ignored.

        Raises:
            Skip: the sound is too short, or the text does not fit the sound.
        """
        ...


@final
class EnglishAligner:
    """The aligner of English. Slow to create, quick to use again."""

    def __init__(self) -> None:
        self._aligner = ForcedAligner()

    def align(self, samples: NDArray[np.float32], rate: int, text: str) -> tuple[Phone, ...]:
        """See `Aligner`."""
        check_length(samples, rate)
        words = spoken_words(text)
        if not words:
            raise Skip("no words in the text")
        for word in words:
            self._add(word)
        aligned = self._aligner.align(words, samples, rate)
        return _checked(_english_phones(aligned), samples, rate)

    def _add(self, word: str) -> None:
        """Add a word that the dictionary lacks, pronounced by espeak-ng."""
        if not self._aligner.has_word(word):
            arpabet = [name for ipa, _ in _pronunciation(word) for name in TO_ARPABET[ipa]]
            if not arpabet:
                raise Skip("a word that can't be pronounced")
            self._aligner.add_word(word, arpabet)


@final
class IpaAligner:
    """The aligner of known phones in any language."""

    def __init__(self) -> None:
        self._aligner = ForcedAligner(_FOREIGN_BEAM)

    def align(
        self, samples: NDArray[np.float32], rate: int, words: Iterable[Pronunciation]
    ) -> tuple[Phone, ...]:
        """Return the phones of words with their times; gaps are silence.

        Args:
            samples: mono samples [n_samples], within -1..1.
            rate: sample rate in Hz.
            words: the pronunciation of each word.

        Raises:
            Skip: the sound is too short, or the phones do not fit the sound.
        """
        check_length(samples, rate)
        pieces = [piece for word in words for piece in _pieces(word)]
        if not pieces:
            raise Skip("no words in the text")
        names: list[str] = []
        for piece in pieces:
            arpabet = [name for ipa, _ in piece for name in TO_ARPABET[ipa]]
            names.append("_".join(["piece", *arpabet]))
            if not self._aligner.has_word(names[-1]):
                self._aligner.add_word(names[-1], arpabet)
        aligned = self._aligner.align(names, samples, rate)
        segments = [segment for _, word in aligned for segment in word]
        pronunciation = [phone for piece in pieces for phone in piece]
        return _checked(_foreign_phones(pronunciation, segments), samples, rate)


@final
class LanguageAligner:
    """The aligner of a language that espeak-ng speaks.

    Args:
        language: a voice of espeak-ng, e.g. `cs` or `pt-br`.
    """

    def __init__(self, language: str) -> None:
        self._language = language

    def align(self, samples: NDArray[np.float32], rate: int, text: str) -> tuple[Phone, ...]:
        """See `Aligner`."""
        words = espeak().words(_without_remarks(text), self._language)
        return ipa_aligner().align(samples, rate, words)


@functools.cache
def aligner(language: str) -> Aligner:
    """Return the aligner of a language, by its ISO 639-1 code; the same object each time.

    Raises:
        MarotteError: pocketsphinx or espeak-ng is not installed, or espeak-ng does not know the
            language.
    """
    if language == "en":
        return english_aligner()
    ipa_aligner()
    espeak().words("", language)
    return LanguageAligner(language)


@functools.cache
def english_aligner() -> EnglishAligner:
    """Return the English aligner of this process.

    Raises:
        MarotteError: pocketsphinx is not installed.
    """
    return EnglishAligner()


@functools.cache
def ipa_aligner() -> IpaAligner:
    """Return the aligner of known phones of this process.

    Raises:
        MarotteError: pocketsphinx is not installed.
    """
    return IpaAligner()


def spoken_words(text: str) -> list[str]:
    """Return the spoken words of a text, in lower case and without punctuation.

    Example:
        >>> spoken_words("It's <cough> me!")
        ["it's", 'me']
    """
    text = _without_remarks(text).replace("’", "'")
    text = re.sub(r"\d+", lambda match: f" {_number(int(match[0]))} ", text)
    quoted = re.findall(r"[a-z']+", text.lower())
    return [word for each in quoted if (word := each.strip("'"))]


def unexplained_share(phones: Sequence[Phone], samples: NDArray[np.float32], rate: int) -> float:
    """Return the share of the loud frames outside all phones; a wrong text gives a large share.

    A wrong text is aligned with a part of the sound only, or the sound contains laughter or a cry.
    """
    hop_length = round(FRAME_S * rate)
    frames = samples[: len(samples) // hop_length * hop_length].reshape(-1, hop_length)
    level_db = 10 * np.log10(np.square(frames).mean(1) + 1e-10)
    loud = level_db > np.percentile(level_db, 98) + _LOUD_DB
    covered = np.zeros(len(frames), bool)
    for phone in phones:
        covered[int(phone.start_s / FRAME_S) : int(np.ceil(phone.end_s / FRAME_S))] = True
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


def check_length(samples: NDArray[np.float32], rate: int) -> None:
    """Skip a sound that is too short to align.

    Raises:
        Skip: the sound is shorter than `MIN_SECONDS`.
    """
    if len(samples) < MIN_SECONDS * rate:
        raise Skip(f"shorter than {MIN_SECONDS} s")


def _checked(phones: Iterable[Phone], samples: NDArray[np.float32], rate: int) -> tuple[Phone, ...]:
    """Return the phones with a duration; skip if too many loud frames are outside of them."""
    timed = tuple(phone for phone in phones if phone.end_s > phone.start_s)
    if unexplained_share(timed, samples, rate) > _MAX_UNEXPLAINED_SHARE:
        raise Skip("speech that the text does not explain")
    return timed


def _english_phones(words: Iterable[tuple[str, Sequence[Segment]]]) -> Iterable[Phone]:
    """Yield the phones of English words, in the pronunciation that fits best."""
    for name, segments in words:
        # A second pronunciation of a word is named `word(2)`.
        stresses = _stresses(name.split("(")[0], [ARPABET[each.arpabet] for each in segments])
        for segment, stress in zip(segments, stresses, strict=True):
            ipa = ARPABET[segment.arpabet]
            ipa = "ə" if ipa == "ʌ" and not stress else ipa
            yield Phone(ipa, segment.start_s, segment.end_s, stress)


def _foreign_phones(pronunciation: Pronunciation, segments: Sequence[Segment]) -> Iterable[Phone]:
    """Yield the given phones with their times; each has one or two segments."""
    remaining = iter(segments)
    for ipa, stress in pronunciation:
        first, *others = (next(remaining) for _ in TO_ARPABET[ipa])
        yield Phone(ipa, first.start_s, (others or [first])[-1].end_s, stress)


def _pieces(word: Pronunciation) -> list[Pronunciation]:
    """Cut a long word into pieces; the aligner allows silence between them."""
    count = max(1, round(len(word) / _PIECE_PHONES))
    bounds = [len(word) * index // count for index in range(count + 1)]
    return [word[first:last] for first, last in itertools.pairwise(bounds) if last > first]


def _stresses(word: str, phones: Sequence[str]) -> list[int]:
    """Return the stress of each phone of a word.

    If espeak-ng pronounces the word with another number of vowels, the first vowel is stressed.
    """
    vowels = [index for index, ipa in enumerate(phones) if ipa in VOWELS]
    vowel_stresses = [stress for ipa, stress in _pronunciation(word) if ipa in VOWELS]
    if len(vowel_stresses) != len(vowels):
        vowel_stresses = [1] + [0] * (len(vowels) - 1)
    stresses = [0] * len(phones)
    for index, stress in zip(vowels, vowel_stresses, strict=False):
        stresses[index] = stress
    return stresses


@functools.lru_cache(maxsize=20_000)
def _pronunciation(word: str) -> tuple[tuple[str, int], ...]:
    """Return the phones and stresses of a word by espeak-ng; none for an unknown word."""
    try:
        return espeak().pronunciation(word)
    except MarotteError:
        return ()

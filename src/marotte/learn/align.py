"""English text and its sound in, phones with times out, by forced alignment.

The acoustic model and most pronunciations are those of pocketsphinx; words it does not know are
pronounced by espeak-ng, which also tells the stress.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.learn.corpora.source import Skip
from marotte.learn.phones import ARPABET, TO_ARPABET, VOWELS
from marotte.learn.utterance import Phone
from marotte.learn.voices.espeak import espeak
from marotte.windows import SAMPLE_RATE

MIN_SECONDS = 0.5
_STEP_S = 0.01  # the recogniser's frame
_PAD_S = 0.2  # silence around the sound, without which the first and last words are cut
_DITHER_LSB = 6.0  # digital silence breaks the recogniser's features
_LOUD_DB = -20.0  # below the loudest moments: surely speech, where somebody speaks
_MAX_UNEXPLAINED_SHARE = 0.25  # of the loud moments, outside all phones
_YEARS = range(1500, 2000)


class EnglishAligner:
    """Puts the words of a transcript where they are spoken. Slow to make, quick to use again."""

    def __init__(self) -> None:
        self._decoder = _decoder()

    def align(self, samples: NDArray[np.float32], rate: int, text: str) -> tuple[Phone, ...]:
        """The phones of a text where they are heard; what lies between them is silence.

        Args:
            samples: mono sound [n_samples], within -1..1.
            rate: samples a second.
            text: what is said; digits are read as numbers, what stands in <> or [] is left out.

        Raises:
            Skip: the sound is too short, or the text does not fit it.
        """
        seconds = len(samples) / rate
        if seconds < MIN_SECONDS:
            raise Skip(f"shorter than {MIN_SECONDS} s")
        words = spoken_words(text)
        if not words:
            raise Skip("no words in the text")
        for word in words:
            self._learn(word)
        found = self._force(words, _prepared(samples, rate))
        phones = tuple(_phones(found, seconds))
        if unexplained_share(phones, samples, rate) > _MAX_UNEXPLAINED_SHARE:
            raise Skip("speech that the text does not explain")
        return phones

    def _learn(self, word: str) -> None:
        """Add a word the dictionary lacks, as espeak-ng would say it."""
        if self._decoder.lookup_word(word) is None:
            arpabet = [each for ipa, _ in _pronunciation(word) for each in TO_ARPABET[ipa]]
            if not arpabet:
                raise Skip("a word that can't be pronounced")
            self._decoder.add_word(word, " ".join(arpabet), True)

    def _force(self, words: list[str], pcm: bytes) -> list[tuple[str, list[Any]]]:
        """Two passes: words into the sound, then phones into the words."""
        try:
            self._decoder.set_align_text(" ".join(words))
            self._run(pcm)
            if self._decoder.hyp() is None:
                raise Skip("the text does not fit the sound")
            self._decoder.set_alignment()
            self._run(pcm)
            alignment = self._decoder.get_alignment()
        except RuntimeError as error:
            # After a failed search the decoder is not usable any more.
            self._decoder = _decoder()
            raise Skip("the text does not fit the sound") from error
        if alignment is None:
            raise Skip("the text does not fit the sound")
        return [(word.name, list(word)) for word in alignment]

    def _run(self, pcm: bytes) -> None:
        self._decoder.start_utt()
        try:
            self._decoder.process_raw(pcm, full_utt=True)
        finally:
            self._decoder.end_utt()


@functools.cache
def english_aligner() -> EnglishAligner:
    """The one aligner of this process.

    Raises:
        MarotteError: pocketsphinx is not installed.
    """
    return EnglishAligner()


def spoken_words(text: str) -> list[str]:
    """The words of a text as one says them, in lower case and without punctuation."""
    text = re.sub(r"<[^>]*>|\[[^\]]*\]", " ", text).replace("’", "'")
    text = re.sub(r"\d+", lambda found: f" {_number(int(found[0]))} ", text)
    words = re.findall(r"[a-z']+", text.lower())
    return [word for each in words if (word := each.strip("'"))]


def unexplained_share(phones: Sequence[Phone], samples: NDArray[np.float32], rate: int) -> float:
    """The share of the loud moments that lie outside all phones: large where a text is wrong.

    A wrong text is squeezed into a part of the sound, or the sound holds laughter or a cry.
    """
    hop = round(_STEP_S * rate)
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop)
    level_db = 10 * np.log10(np.square(frames).mean(1) + 1e-10)
    loud = level_db > np.percentile(level_db, 98) + _LOUD_DB
    covered = np.zeros(len(frames), bool)
    for phone in phones:
        covered[int(phone.start_s / _STEP_S) : int(np.ceil(phone.end_s / _STEP_S))] = True
    return float((loud & ~covered).sum() / max(1, loud.sum()))


def _number(value: int) -> str:
    try:
        from num2words import num2words
    except ImportError as error:
        raise missing_extra("num2words", "speech") from error
    words = num2words(value, to="year" if value in _YEARS else "cardinal")
    return words.replace("-", " ")


def _decoder() -> Any:
    try:
        import pocketsphinx
    except ImportError as error:
        raise missing_extra("pocketsphinx", "speech") from error
    # With its best-path search it fails on every second or third utterance.
    return pocketsphinx.Decoder(
        lm=None, loglevel="FATAL", bestpath=False, beam=1e-80, wbeam=1e-60, pbeam=1e-80
    )


def _prepared(samples: NDArray[np.float32], rate: int) -> bytes:
    """16-bit sound at 16 kHz, padded and dithered."""
    import soxr

    sound = soxr.resample(samples, rate, SAMPLE_RATE) if rate != SAMPLE_RATE else samples
    padded = np.pad(sound * 32767.0, round(_PAD_S * SAMPLE_RATE))
    # A fixed seed: the same sound must give the same phones each time.
    dithered = padded + np.random.default_rng(0).normal(0.0, _DITHER_LSB, len(padded))
    return np.clip(dithered, -32768, 32767).astype("<i2").tobytes()


def _phones(words: Sequence[tuple[str, list[Any]]], seconds: float) -> list[Phone]:
    phones: list[Phone] = []
    for name, segments in words:
        heard = [each for each in segments if each.name in ARPABET]
        stresses = _stresses(name.split("(")[0], [ARPABET[each.name] for each in heard])
        for segment, stress in zip(heard, stresses, strict=True):
            start = max(0.0, segment.start * _STEP_S - _PAD_S)
            end = min(seconds, (segment.start + segment.duration) * _STEP_S - _PAD_S)
            if end > start:
                ipa = ARPABET[segment.name]
                ipa = "ə" if ipa == "ʌ" and not stress else ipa
                phones.append(Phone(ipa, round(start, 4), round(end, 4), stress))
    return phones


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

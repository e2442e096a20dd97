"""Speech without a text in, phones with times out, by the phone recogniser hama.

hama 1.7.0 (Apache-2.0) is a small CTC network that recognises phones in IPA. CTC does not tell when
a phone begins, so the recognised phones are aligned like a text. They are less accurate than a
text: `docs/corpus.md` gives the numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError, missing_extra
from marotte.learn.errors import Skip
from marotte.learn.speech.align import Pronunciation, check_length, ipa_aligner
from marotte.learn.speech.phones import normalise
from marotte.learn.speech.sound_files import to_16_khz
from marotte.learn.utterance import Phone

_MIN_PHONES_PER_SECOND = 1.0  # fewer phones mean noise, a cry or music


@final
class Recogniser:
    """A phone recogniser. Slow to create, quick to use again."""

    def __init__(self) -> None:
        try:
            from hama.asr import ASRModel  # pyright: ignore[reportMissingTypeStubs]
        except ImportError as error:
            raise missing_extra("hama", "speech") from error
        try:
            self._model: Any = ASRModel()
        except (OSError, RuntimeError) as error:
            raise MarotteError(
                f"the phone recogniser hama does not run on this system ({error}): it needs Linux "
                "or macOS; give texts or TextGrids instead"
            ) from error

    def words(self, samples: NDArray[np.float32], rate: int) -> list[Pronunciation]:
        """Return the recognised words, as phones in IPA without stress."""
        result = self._model(to_16_khz(samples, rate), SAMPLE_RATE)
        return parse_words(result.word_phoneme_text)

    def recognise(self, samples: NDArray[np.float32], rate: int) -> tuple[Phone, ...]:
        """Return the recognised phones with their times; gaps are silence.

        Args:
            samples: mono samples [n_samples], within -1..1.
            rate: sample rate in Hz.

        Raises:
            Skip: the sound is too short or contains hardly any speech.
        """
        check_length(samples, rate)
        words = self.words(samples, rate)
        if sum(map(len, words)) < _MIN_PHONES_PER_SECOND * len(samples) / rate:
            raise Skip("hardly any speech was recognised")
        try:
            return ipa_aligner().align(samples, rate, words)
        except Skip as error:
            raise Skip("the recognised phones do not fit the sound") from error


@functools.cache
def recogniser() -> Recogniser:
    """Return the recogniser of this process.

    Raises:
        MarotteError: hama or pocketsphinx is not installed, or does not run on this system.
    """
    ipa_aligner()
    return Recogniser()


def parse_words(text: str) -> list[Pronunciation]:
    """Return the words in an output of hama such as `b ɑ b | p ʊ t`; unknown symbols are dropped.

    Example:
        >>> parse_words("b ɑː | <unk>")
        [[('b', 0), ('ɑ', 0)]]
    """
    words = (_known_phones(word.split()) for word in text.split("|"))
    return [word for word in words if word]


def _known_phones(symbols: Iterable[str]) -> list[tuple[str, int]]:
    phones: list[tuple[str, int]] = []
    for symbol in symbols:
        try:
            phones += [(ipa, 0) for ipa in normalise(symbol)]
        except MarotteError:  # the alphabet of hama contains letters and marks that are not phones
            continue
    return phones

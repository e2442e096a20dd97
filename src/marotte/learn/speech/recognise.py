"""Speech without a text in, phones with times out, by a phone recogniser: `hama`.

hama 1.7.0 (Apache-2.0) is a small CTC network that hears phones in IPA. CTC tells when it was
sure of a phone, not when that began, so what was heard is aligned as a text would be. It is less
sure than a text: `docs/corpus.md` says by how much.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError, missing_extra
from marotte.learn.errors import Skip
from marotte.learn.speech.align import MIN_SECONDS, Said, ipa_aligner
from marotte.learn.speech.phones import normalise
from marotte.learn.utterance import Phone

_MIN_PHONES_A_SECOND = 1.0  # less is a noise, a cry or music


class Recogniser:
    """Hears phones. Slow to make, quick to use again; there is one in a process."""

    def __init__(self) -> None:
        try:
            from hama.asr import ASRModel  # pyright: ignore[reportMissingTypeStubs]
        except ImportError as error:
            raise missing_extra("hama", "speech") from error
        try:
            self._model: Any = ASRModel()
        except (OSError, RuntimeError) as error:
            raise MarotteError(
                f"the phone recogniser hama does not run on this system ({error}): it is built for "
                "Linux and macOS; give texts or TextGrids"
            ) from error

    def heard(self, samples: NDArray[np.float32], rate: int) -> list[Said]:
        """The words that are heard, as phones in IPA without stress."""
        import soxr

        sound = soxr.resample(samples, rate, SAMPLE_RATE) if rate != SAMPLE_RATE else samples
        result = self._model(sound, SAMPLE_RATE)
        return words_of(result.word_phoneme_text)

    def recognise(self, samples: NDArray[np.float32], rate: int) -> tuple[Phone, ...]:
        """The phones that are heard and when; what lies between them is silence.

        Args:
            samples: mono sound [n_samples], within -1..1.
            rate: samples a second.

        Raises:
            Skip: the sound is too short, or there is hardly any speech in it.
        """
        if len(samples) < MIN_SECONDS * rate:
            raise Skip(f"shorter than {MIN_SECONDS} s")
        words = self.heard(samples, rate)
        if sum(map(len, words)) < _MIN_PHONES_A_SECOND * len(samples) / rate:
            raise Skip("hardly any speech is heard in it")
        try:
            return ipa_aligner().align(samples, rate, words)
        except Skip as error:
            raise Skip("what is heard in it can't be placed") from error


@functools.cache
def recogniser() -> Recogniser:
    """The one recogniser of this process.

    Raises:
        MarotteError: hama or pocketsphinx is not installed, or does not run here.
    """
    ipa_aligner()
    return Recogniser()


def words_of(heard: str) -> list[Said]:
    """Words of phones from hama's spelling of them: `b ɑ b | p ʊ t`."""
    words = (word.split() for word in heard.split("|"))
    return [said for word in words if (said := _said(word))]


def _said(symbols: Iterable[str]) -> Sequence[tuple[str, int]]:
    phones: list[tuple[str, int]] = []
    for symbol in symbols:
        try:
            phones += [(ipa, 0) for ipa in normalise(symbol)]
        except MarotteError:  # its alphabet holds letters and marks that are no phones
            continue
    return phones

"""Sound and the words in it, spelled in CMU phones, in; pocketsphinx's segments of phones out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import missing_extra
from marotte.learn.errors import Skip
from marotte.learn.speech.phones import ARPABET

STEP_S = 0.01  # the recogniser's frame
_PAD_S = 0.2  # silence around the sound, without which the first and last words are cut
_DITHER_LSB = 6.0  # digital silence breaks the recogniser's features
_NO_FIT = "the text does not fit the sound"


@dataclass(frozen=True)
class Segment:
    """A CMU phone where it was found, in seconds of the sound."""

    arpabet: str
    start_s: float
    end_s: float


class Forcer:
    """Puts words where they are spoken. Slow to make, quick to use again.

    Args:
        beam: paths less likely than the best by this factor are given up. The more foreign the
            sounds, the smaller it must be.
    """

    def __init__(self, beam: float = 1e-80) -> None:
        self._beam = beam
        self._decoder = _decoder(beam)

    def knows(self, word: str) -> bool:
        """Whether the dictionary has a word."""
        return self._decoder.lookup_word(word) is not None

    def learn(self, word: str, arpabet: Sequence[str]) -> None:
        """Add a word to the dictionary."""
        self._decoder.add_word(word, " ".join(arpabet), True)

    def force(
        self, words: Sequence[str], samples: NDArray[np.float32], rate: int
    ) -> list[tuple[str, list[Segment]]]:
        """Each word with its phones, without the silences; all words must be known.

        Two passes: words into the sound, then phones into the words.

        Raises:
            Skip: the words do not fit the sound.
        """
        pcm = _prepared(samples, rate)
        try:
            self._decoder.set_align_text(" ".join(words))
            self._run(pcm)
            if self._decoder.hyp() is None:
                raise Skip(_NO_FIT)
            self._decoder.set_alignment()
            self._run(pcm)
            alignment = self._decoder.get_alignment()
        except RuntimeError as error:
            # After a failed search the decoder is not usable any more.
            self._decoder = _decoder(self._beam)
            raise Skip(_NO_FIT) from error
        if alignment is None:
            raise Skip(_NO_FIT)
        return [(word.name, _segments(word, len(samples) / rate)) for word in alignment]

    def _run(self, pcm: bytes) -> None:
        self._decoder.start_utt()
        try:
            self._decoder.process_raw(pcm, full_utt=True)
        finally:
            self._decoder.end_utt()


def _decoder(beam: float) -> Any:
    try:
        import pocketsphinx
    except ImportError as error:
        raise missing_extra("pocketsphinx", "speech") from error
    # With its best-path search it fails on every second or third utterance.
    return pocketsphinx.Decoder(
        lm=None, loglevel="FATAL", bestpath=False, beam=beam, wbeam=beam * 1e20, pbeam=beam
    )


def _prepared(samples: NDArray[np.float32], rate: int) -> bytes:
    """16-bit sound at 16 kHz, padded and dithered."""
    import soxr

    sound = soxr.resample(samples, rate, SAMPLE_RATE) if rate != SAMPLE_RATE else samples
    padded = np.pad(sound * 32767.0, round(_PAD_S * SAMPLE_RATE))
    # A fixed seed: the same sound must give the same phones each time.
    dithered = padded + np.random.default_rng(0).normal(0.0, _DITHER_LSB, len(padded))
    return np.clip(dithered, -32768, 32767).astype("<i2").tobytes()


def _segments(word: Any, seconds: float) -> list[Segment]:
    """The phones of one word; those in the padding lie at the sound's ends and last no time."""
    return [
        Segment(
            phone.name,
            round(min(seconds, max(0.0, phone.start * STEP_S - _PAD_S)), 4),
            round(min(seconds, max(0.0, (phone.start + phone.duration) * STEP_S - _PAD_S)), 4),
        )
        for phone in word
        if phone.name in ARPABET
    ]

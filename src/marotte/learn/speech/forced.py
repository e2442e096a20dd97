"""Sound and its words, spelled in CMU phones, in; phones with times out, by pocketsphinx."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import missing_extra
from marotte.learn.errors import Skip
from marotte.learn.speech.phones import ARPABET
from marotte.learn.speech.sound_files import to_16_khz

FRAME_S = 0.01  # duration of a frame of pocketsphinx
_PAD_S = 0.2  # silence around the sound; without it the first and last words are cut
_DITHER_LSB = 6.0  # pocketsphinx's features fail on digital silence
_NO_FIT = "the text does not fit the sound"


@final
@dataclass(frozen=True)
class Segment:
    """A CMU phone with its time, in seconds from the beginning of the sound."""

    arpabet: str
    start_s: float
    end_s: float


@final
class ForcedAligner:
    """Find the times of known words. Slow to create, quick to use again.

    pocketsphinx adapts to the sounds that it aligns: a very different sound before can move the
    phones of an utterance by a frame.

    Args:
        beam: paths less likely than the best one by this factor are given up. The less a language
            sounds like English, the smaller it must be.
    """

    def __init__(self, beam: float = 1e-80) -> None:
        self._beam = beam
        self._decoder = _decoder(beam)

    def has_word(self, word: str) -> bool:
        """Return whether the dictionary has a word."""
        return self._decoder.lookup_word(word) is not None

    def add_word(self, word: str, arpabet: Sequence[str]) -> None:
        """Add a word to the dictionary."""
        self._decoder.add_word(word, " ".join(arpabet), True)

    def align(
        self, words: Sequence[str], samples: NDArray[np.float32], rate: int
    ) -> list[tuple[str, list[Segment]]]:
        """Return each word with its phones, without silences. The dictionary must have all words.

        The first pass aligns the words with the sound, the second one the phones with the words.

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
            # A decoder can't be used again after a failed search.
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
    # pocketsphinx's best-path search fails on every second or third utterance.
    return pocketsphinx.Decoder(
        lm=None, loglevel="FATAL", bestpath=False, beam=beam, wbeam=beam * 1e20, pbeam=beam
    )


def _prepared(samples: NDArray[np.float32], rate: int) -> bytes:
    """Return the sound in 16 bits at 16 kHz, padded and dithered."""
    padded = np.pad(to_16_khz(samples, rate) * 32767.0, round(_PAD_S * SAMPLE_RATE))
    # A fixed seed: the same sound always gets the same dither.
    dithered = padded + np.random.default_rng(0).normal(0.0, _DITHER_LSB, len(padded))
    return np.clip(dithered, -32768, 32767).astype("<i2").tobytes()


def _segments(word: Any, seconds: float) -> list[Segment]:
    """Return the phones of a word; those in the padding get a duration of 0."""
    return [
        Segment(
            phone.name,
            round(min(seconds, max(0.0, phone.start * FRAME_S - _PAD_S)), 4),
            round(min(seconds, max(0.0, (phone.start + phone.duration) * FRAME_S - _PAD_S)), 4),
        )
        for phone in word
        if phone.name in ARPABET
    ]

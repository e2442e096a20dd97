"""The words of a take with their times in, phones with times out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.capture.take import Word
from marotte.learn.errors import Skip
from marotte.learn.speech.align import aligner
from marotte.learn.speech.synthesisers.espeak import espeak
from marotte.learn.utterance import Phone

WORDS_LANGUAGE = "en"  # of the words that takes come with
WORD_EDGE_S = 0.1  # of sound before the first word and after the last that is aligned with them


def words_between(words: Sequence[Word], start_s: float, end_s: float) -> list[Word]:
    """Return the words that begin in a part of a take, with their times in that part.

    Example:
        >>> from marotte.learn.capture.take import Word
        >>> from marotte.learn.capture.words import words_between
        >>> words_between([Word(0.5, 0.75, "set"), Word(1.5, 1.75, "red")], 1.0, 2.0)
        [Word(start_s=0.5, end_s=0.75, text='red')]
    """
    return [
        Word(word.start_s - start_s, word.end_s - start_s, word.text)
        for word in words
        if start_s <= word.start_s < end_s
    ]


def phones_of_words(samples: NDArray[np.float32], words: Sequence[Word]) -> tuple[Phone, ...]:
    """Return the phones of English words whose times are known; none without words.

    The phones are found by forced alignment in the sound from the first word to the last. Where the
    words do not fit the sound, the phones of each word share its time equally.

    Args:
        samples: the sound at 16 kHz [n_samples].
        words: the words in order, with their times in this sound.

    Raises:
        MarotteError: the packages of the aligner are not installed.
    """
    if not words:
        return ()
    start_s = max(0.0, words[0].start_s - WORD_EDGE_S)
    end_s = words[-1].end_s + WORD_EDGE_S
    piece = samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]
    try:
        found = aligner(WORDS_LANGUAGE).align(piece, SAMPLE_RATE, " ".join(w.text for w in words))
    except Skip:
        return tuple(phone for word in words for phone in _evenly(word))
    return tuple(
        Phone(each.ipa, each.start_s + start_s, each.end_s + start_s, each.stress) for each in found
    )


def _evenly(word: Word) -> list[Phone]:
    """Return the phones of a word, which share its time equally."""
    pronunciation = espeak().pronunciation(word.text)
    edges = np.linspace(word.start_s, word.end_s, len(pronunciation) + 1).tolist()
    return [
        Phone(ipa, first, last, stress)
        for (ipa, stress), first, last in zip(pronunciation, edges[:-1], edges[1:], strict=True)
    ]

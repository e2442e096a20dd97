"""Letters of a phonetic alphabet with their durations in, phones with times out.

The neural voices hibari and kokoro spell a sentence in the same alphabet. Both predict the duration
of every letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.learn.speech.phones import STRESS_MARKS, VOWELS, normalise
from marotte.learn.utterance import Phone

_DURATION_STEP_S = 0.025
# Letters that differ from IPA.
_LETTERS = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "oʊ", "W": "aʊ", "Y": "ɔɪ", "T": "d"}
_MIN_PHONE_S = 0.04
_AUDIBLE_DB = -38.0  # relative to the loudest moment of the sentence


def timed_phones(
    letters: Sequence[str],
    ends: NDArray[Any],
    lag_s: float,
    samples: NDArray[np.floating],
    rate: int,
) -> tuple[Phone, ...]:
    """Return the phones of a sentence with their times.

    Args:
        letters: the spelling of the sentence.
        ends: the ends of the silence before the first letter and of each letter, in steps of 25 ms;
            further values are ignored.
        lag_s: how much later the sound is than the durations.
        samples: the sound [n_samples].
        rate: its sample rate in Hz.
    """
    bounds = np.ravel(ends)[: len(letters) + 1] * _DURATION_STEP_S - lag_s
    return _trimmed(_spelled_phones(letters, bounds), samples, rate)


def _spelled_phones(letters: Sequence[str], bounds: NDArray[np.float64]) -> list[Phone]:
    """Return phones from letters and their bounds [len(letters) + 1] in seconds.

    A stress mark is the beginning of its vowel, and a length mark is the end of its vowel. A space
    between two words is shared by its neighbours. A space beside punctuation is a pause.
    """
    phones: list[Phone] = []
    start_s, stress = None, 0
    for index, letter in enumerate(letters):
        first_s, last_s = float(bounds[index]), float(bounds[index + 1])
        if letter in STRESS_MARKS:
            start_s, stress = first_s if start_s is None else start_s, STRESS_MARKS[letter]
        elif letter == " ":
            middle_s = (first_s + last_s) / 2
            if _is_speech(letters, index - 1) and _is_speech(letters, index + 1):
                phones[-1] = _ending_at(phones[-1], middle_s)
                start_s = middle_s
        elif letter == "ː":
            phones[-1] = _ending_at(phones[-1], last_s)
        elif _is_speech(letters, index):
            for ipa in normalise(_LETTERS.get(letter, letter)):
                is_vowel = ipa in VOWELS
                begin_s = first_s if start_s is None else start_s
                phones.append(Phone(ipa, begin_s, last_s, stress if is_vowel else 0))
                start_s, stress = None, 0 if is_vowel else stress
    return phones


def _is_speech(letters: Sequence[str], index: int) -> bool:
    if not 0 <= index < len(letters):
        return False
    return letters[index].isalpha() or letters[index] in STRESS_MARKS


def _ending_at(phone: Phone, end_s: float) -> Phone:
    return Phone(phone.ipa, phone.start_s, end_s, phone.stress)


def _trimmed(
    phones: Sequence[Phone], samples: NDArray[np.floating], rate: int
) -> tuple[Phone, ...]:
    """Move the edges of phones beside pauses to where the sound ends and begins again.

    The predicted durations give a part of each pause to the phone before it.
    """
    hop_length = rate // 100
    frames = samples[: len(samples) // hop_length * hop_length].reshape(-1, hop_length)
    level_db = 10 * np.log10((frames**2).mean(1) + 1e-12)
    is_audible = level_db > level_db.max() + _AUDIBLE_DB
    trimmed: list[Phone] = []
    for index, phone in enumerate(phones):
        start_s, end_s = max(0.0, phone.start_s), min(phone.end_s, len(samples) / rate)
        if index + 1 == len(phones) or phones[index + 1].start_s > phone.end_s + 1e-6:
            audible = np.flatnonzero(is_audible[: round(end_s * 100)])
            last_s = (audible[-1] + 1) / 100 if len(audible) else start_s
            end_s = min(end_s, max(start_s + _MIN_PHONE_S, float(last_s)))
        previous_end_s = trimmed[-1].end_s if trimmed else 0.0
        if start_s > previous_end_s + 1e-6:
            silent = np.flatnonzero(~is_audible[: round(start_s * 100)])
            first_s = (silent[-1] + 1) / 100 if len(silent) else previous_end_s
            start_s = min(start_s, max(previous_end_s, float(first_s)))
        if end_s > start_s:
            trimmed.append(Phone(phone.ipa, round(start_s, 4), round(end_s, 4), phone.stress))
    return tuple(trimmed)

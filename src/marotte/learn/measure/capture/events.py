"""What happens in a take's sound: utterances, pauses and words in, frames of a scene out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.learn.capture.expression import RESTED_S
from marotte.learn.capture.sound_frames import (
    PAUSE_S,
    SHORTEST_S,
    Flags,
    Spans,
    joined,
    utterances,
    word_spans,
)
from marotte.learn.capture.take import Take, Word
from marotte.learn.measure.capture.pitch import Voice

QUIET_S = 0.4  # of silence before the first sound of an utterance whose words are not known
LIPS_MEET = ("b", "m", "p", "f", "v", "w")  # utterances that begin so begin with near lips
NOT_BILABIAL = ("ph", "ps", "pn")
WIDE_WORDS = frozenset({"now", "white", "i", "nine", "five", "o", "again"})
"""Words with a wide open vowel; those of the GRID corpus."""


class Place(NamedTuple):
    """A clip or a whole take: its frames in the take, and what to add for frames of the scene."""

    first: int
    last: int
    offset: int


@dataclass(frozen=True, eq=False)
class Events:
    """What happens in the sound; frames of the scene.

    Attributes:
        utterances: the utterances of 0.3 s or more [n, 2].
        loudness: the loudness of each of these in dB [n].
        pitch_range: the standard deviation of the pitch of each in semitones [n]; NaN if unvoiced.
        onsets: the first frames of utterances that begin with an open sound [k].
        windows: the frames of each of these, from 0.3 s after the utterance before [k, 2].
        pauses: the frames after utterances, up to the next one [p, 2].
        initial: the first frames of words that begin with /p b m/ [i].
        final: the last frames of words that end with one [j].
        wide: the frames of words with a wide open vowel [w, 2].
    """

    utterances: Spans
    loudness: NDArray[np.float64]
    pitch_range: NDArray[np.float64]
    onsets: NDArray[np.int64]
    windows: Spans
    pauses: Spans
    initial: NDArray[np.int64]
    final: NDArray[np.int64]
    wide: Spans


def find_events(take: Take, places: Sequence[Place], active: Flags, fps: float) -> Events:
    """Find what happens in the clips of a take, or in the whole take.

    Args:
        take: the take.
        places: its clips that count, or the whole take.
        active: which of its frames sound [n_frames].
        fps: frames per second.
    """
    voice = Voice.of(take.samples)
    return pool_events([_in_place(take, place, active, voice, fps) for place in places])


def pool_events(parts: Sequence[Events]) -> Events:
    """Concatenate the events of several parts."""
    return Events(
        *(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Events))
    )


def _in_place(take: Take, place: Place, active: Flags, voice: Voice, fps: float) -> Events:
    start_s, end_s = place.first / fps, place.last / fps
    words = [word for word in take.words if start_s <= word.start_s < end_s]
    if take.words:
        spans, is_opening = _spoken_by_words(words, fps)
    else:
        spans, is_opening = _spoken_by_sound(active, place, fps)
    long = spans[spans[:, 1] - spans[:, 0] >= SHORTEST_S * fps]
    measured = [voice.measure(first / fps, last / fps) for first, last in long]
    loudness, pitch_range = np.array(measured, np.float64).reshape(-1, 2).T
    limits = np.concatenate([spans[1:, 0], [place.last]])[: len(spans)]
    pauses = np.stack([spans[:, 1], limits], 1) if len(spans) else spans
    pauses = pauses[pauses[:, 1] - pauses[:, 0] >= PAUSE_S * fps]
    rested = np.concatenate([[place.first], spans[:-1, 1] + round(RESTED_S * fps)])[: len(spans)]
    windows = np.stack([rested, spans[:, 1]], 1)
    return Events(
        long + place.offset,
        loudness,
        pitch_range,
        spans[is_opening, 0] + place.offset,
        windows[is_opening] + place.offset,
        pauses + place.offset,
        _spans(words, _begins_closed, fps)[:, 0] + place.offset,
        _spans(words, _ends_closed, fps)[:, 1] + place.offset,
        _spans(words, _is_wide, fps) + place.offset,
    )


def _spoken_by_words(words: Sequence[Word], fps: float) -> tuple[Spans, Flags]:
    """Return the utterances, and which begin with an open sound by their first word's spelling."""
    spans = joined(word_spans(words, fps), PAUSE_S * fps)
    begins_open = {
        round(word.start_s * fps): not word.text.startswith(LIPS_MEET) for word in reversed(words)
    }
    return spans, np.array([begins_open[first] for first in spans[:, 0].tolist()], bool)


def _spoken_by_sound(active: Flags, place: Place, fps: float) -> tuple[Spans, Flags]:
    """Return the utterances, and which begin after at least 0.4 s of quiet.

    Utterances that are only partly in the clip are left out.
    """
    spans = utterances(active, fps)
    before = np.concatenate([[0], spans[:-1, 1]])[: len(spans)]
    inside = (spans[:, 0] >= place.first) & (spans[:, 1] <= place.last)
    return spans[inside], (spans[:, 0] - before >= QUIET_S * fps)[inside]


def _spans(words: Sequence[Word], chosen: Callable[[str], bool], fps: float) -> Spans:
    return word_spans([word for word in words if chosen(word.text)], fps)


def _begins_closed(word: str) -> bool:
    """Return whether a word begins with /p b m/, by its spelling; the letter M does not."""
    return word.startswith(("b", "p", "m")) and not word.startswith(NOT_BILABIAL) and word != "m"


def _ends_closed(word: str) -> bool:
    """Return whether a word ends with /p m/, by its spelling."""
    return word.endswith(("p", "m")) and word != "p"


def _is_wide(word: str) -> bool:
    return word in WIDE_WORDS

"""Sounds between the phonemes: a pause and its sound in, articulations out.

A transcript has words, but not laughter, breath or cries. These are recognised by the loudness of a
pause relative to the speech, by its pitch and by its rhythm. All other sounds (silence, steady
noise, clicks, music softer than the speech, humming) leave the face at rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.learn.teachers.phonetic.coarticulation import Articulation
from marotte.learn.teachers.phonetic.prosody import HOP_S, Prosody
from marotte.learn.teachers.phonetic.visemes import (
    BREATH,
    BURST_OF_LAUGHTER,
    LAUGHTER,
    SILENCE,
    VOICE,
)
from marotte.learn.utterance import Phone

MARGIN_S = 0.05  # ignored at both ends of a pause, as phones sound on into it

VOICED_DB = -12.0  # relative to the vowels; a softer voice is ignored
BRIDGE_S = 0.035  # shorter interruptions of a voice are ignored
SHORTEST_VOICE_S = 0.080
HUM_SHARE = 0.08  # with a smaller share of energy above HUM_HZ, a voice is humming, mouth closed
HUM_HZ = 600.0
GAIN_PER_DB = 0.04
SMALLEST_GAIN, LARGEST_GAIN = 0.6, 1.3

# Laughter: bursts of limited duration at a regular rate (Bachorowski et al. 2001: 4.4 per second).
MIN_BURSTS = 4
BURST_S = (0.03, 0.20)  # duration of a burst
BURST_EDGE_S = 0.070  # time to open for a burst and to close after it
PERIOD_S = (0.11, 0.34)  # from the start of a burst to the start of the next
MAX_PERIOD_VARIATION = 0.3  # standard deviation of the periods over their mean

BREATH_DB = (-38.0, -14.0)  # relative to the vowels
ABOVE_FLOOR_DB = 9.0  # breath is louder than the floor by this; steady noise is the floor itself
FLOOR_PERCENTILE = 10
BREATH_S = (0.18, 1.5)  # duration of a breath


@dataclass(frozen=True)
class SpeechLevel:
    """Reference levels for the sounds in pauses.

    Attributes:
        level_db: median loudness of the vowels.
        floor_db: loudness of the quietest parts of the sound.
    """

    level_db: float
    floor_db: float

    @classmethod
    def of(
        cls, prosody: Prosody, phones: Sequence[Phone], vowels: Sequence[bool]
    ) -> SpeechLevel | None:
        """Measure the levels of an utterance; None if it has no vowels."""
        levels = [
            prosody.loudness[prosody.frames(phone.start_s, phone.end_s)].max()
            for phone, vowel in zip(phones, vowels, strict=True)
            if vowel
        ]
        if not levels or not len(prosody.loudness):
            return None
        floor = float(np.percentile(prosody.loudness, FLOOR_PERCENTILE))
        return cls(float(np.median(levels)), floor)


def articulate_pause(
    start_s: float, end_s: float, prosody: Prosody, speech: SpeechLevel | None
) -> list[Articulation]:
    """Return the articulations of a pause, in order and without gaps."""
    sounds = list(_sounds_in_pause(start_s, end_s, prosody, speech)) if speech else []
    result: list[Articulation] = []
    clock_s = start_s
    for sound in sounds:
        if sound.start_s > clock_s:
            result.append(Articulation(SILENCE, clock_s, sound.start_s))
        result.append(sound)
        clock_s = sound.end_s
    if end_s > clock_s:
        result.append(Articulation(SILENCE, clock_s, end_s))
    return result


def _sounds_in_pause(
    start_s: float, end_s: float, prosody: Prosody, speech: SpeechLevel
) -> Iterator[Articulation]:
    """Yield the laughter of a pause; without laughter, its voices and breaths in order."""
    near = prosody.frames(start_s + MARGIN_S, end_s - MARGIN_S)
    loudness, pitch = prosody.loudness[near], prosody.pitch[near]
    if not len(loudness):
        return
    voiced = np.isfinite(pitch) & (loudness > speech.level_db + VOICED_DB)
    first_s = near.start * HOP_S
    voices = [
        (first_s + a * HOP_S, first_s + b * HOP_S)
        for a, b in _runs(voiced, round(BRIDGE_S / HOP_S))
        if (b - a) * HOP_S >= BURST_S[0]
    ]
    voices = [each for each in voices if prosody.brightness(*each, HUM_HZ) > HUM_SHARE]
    if _is_laughter(voices):
        yield from _laughter(voices)
        return
    breathing = (
        (loudness > max(speech.floor_db + ABOVE_FLOOR_DB, speech.level_db + BREATH_DB[0]))
        & (loudness < speech.level_db + BREATH_DB[1])
        & np.isnan(pitch)
    )
    breaths = [
        (first_s + a * HOP_S, first_s + b * HOP_S)
        for a, b in _runs(breathing, round(BRIDGE_S / HOP_S))
    ]
    sounds = [Articulation(BREATH, a, b) for a, b in breaths if BREATH_S[0] <= b - a <= BREATH_S[1]]
    for a, b in voices:
        if b - a >= SHORTEST_VOICE_S:
            louder = prosody.loudness[prosody.frames(a, b)].max() - speech.level_db
            gain = float(np.clip(1 + GAIN_PER_DB * louder, SMALLEST_GAIN, LARGEST_GAIN))
            sounds.append(Articulation(VOICE, a, b, gain))
    clock_s = start_s
    for sound in sorted(sounds, key=lambda each: each.start_s):
        if sound.start_s >= clock_s - 1e-9:
            yield sound
            clock_s = sound.end_s


def _is_laughter(bursts: Sequence[tuple[float, float]]) -> bool:
    if len(bursts) < MIN_BURSTS:
        return False
    lengths = np.array([b - a for a, b in bursts])
    periods = np.diff([a for a, _ in bursts])
    in_range = (periods >= PERIOD_S[0]) & (periods <= PERIOD_S[1])
    regular = periods.std() <= MAX_PERIOD_VARIATION * periods.mean()
    return bool((lengths <= BURST_S[1]).all() and in_range.all() and regular)


def _laughter(bursts: Sequence[tuple[float, float]]) -> Iterator[Articulation]:
    """Yield articulations that open the mouth with each burst and smile throughout."""
    for (start_s, end_s), (next_s, _) in zip(
        bursts, [*bursts[1:], (bursts[-1][1], 0.0)], strict=True
    ):
        yield Articulation(
            BURST_OF_LAUGHTER, start_s, end_s, onset_s=BURST_EDGE_S, decay_s=BURST_EDGE_S
        )
        if next_s > end_s:
            yield Articulation(LAUGHTER, end_s, next_s, onset_s=BURST_EDGE_S, decay_s=BURST_EDGE_S)


def _runs(true: NDArray[np.bool_], bridge: int) -> list[tuple[int, int]]:
    """Return the runs of true values in [n] booleans as (first, last + 1).

    Runs that are at most `bridge` values apart are joined.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], true, [False]]).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for a, b in edges.reshape(-1, 2).tolist():
        if runs and a - runs[-1][1] <= bridge:
            runs[-1] = (runs[-1][0], b)
        else:
            runs.append((a, b))
    return runs

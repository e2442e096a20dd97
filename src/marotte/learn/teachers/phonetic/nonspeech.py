"""What is heard between the phonemes: a pause and its sound in, articulations out.

A transcript tells of words, not of laughter, breath and cries. They are told by how loud a pause
is against the speech beside it, whether that has a pitch, and its rhythm. Whatever passes for none
of them (silence, steady noise, clicks, music below the speech, humming) leaves the face at rest.
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

MARGIN_S = 0.05  # what phones leave behind beside them is no sound of the pause

VOICED_DB = -12.0  # against the vowels: a voice as loud as that is meant to be heard
BRIDGE_S = 0.035  # a voice that stops for less goes on
SHORTEST_VOICE_S = 0.080
HUM_SHARE = 0.08  # of its energy above 600 Hz: a voice with less has its mouth shut
HUM_HZ = 600.0
GAIN_PER_DB = 0.04
SMALLEST_GAIN, LARGEST_GAIN = 0.6, 1.3

BURSTS = 4  # or more, and it is laughter ...
BURST_S = (0.03, 0.20)  # ... if each lasts so long ...
PERIOD_S = (0.11, 0.34)  # ... and they come as fast as that (Bachorowski et al. 2001: 4.4 a second)
UNEVEN = 0.3  # ... their intervals differing by at most this share (deviation over mean)

BREATH_DB = (-38.0, -14.0)  # against the vowels
ABOVE_FLOOR_DB = 9.0  # steady noise is its own floor
FLOOR_PERCENTILE = 10
BREATH_S = (0.18, 1.5)


@dataclass(frozen=True)
class SpeechLevel:
    """What pauses are measured against.

    Attributes:
        level_db: the vowels' median loudness.
        floor_db: the loudness of the sound's most quiet moments.
    """

    level_db: float
    floor_db: float

    @classmethod
    def of(
        cls, prosody: Prosody, phones: Sequence[Phone], vowels: Sequence[bool]
    ) -> SpeechLevel | None:
        """The speech of an utterance; None where it has no vowels to measure."""
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
    """The articulations of a pause, in order and without a gap."""
    heard = list(_sounds(start_s, end_s, prosody, speech)) if speech else []
    result: list[Articulation] = []
    clock_s = start_s
    for sound in heard:
        if sound.start_s > clock_s:
            result.append(Articulation(SILENCE, clock_s, sound.start_s))
        result.append(sound)
        clock_s = sound.end_s
    if end_s > clock_s:
        result.append(Articulation(SILENCE, clock_s, end_s))
    return result


def _sounds(
    start_s: float, end_s: float, prosody: Prosody, speech: SpeechLevel
) -> Iterator[Articulation]:
    """Laughter, else voice and breath, within a pause, in order."""
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
    if len(bursts) < BURSTS:
        return False
    lengths = np.array([b - a for a, b in bursts])
    periods = np.diff([a for a, _ in bursts])
    within = (periods >= PERIOD_S[0]) & (periods <= PERIOD_S[1])
    return bool(
        (lengths <= BURST_S[1]).all() and within.all() and periods.std() <= UNEVEN * periods.mean()
    )


def _laughter(bursts: Sequence[tuple[float, float]]) -> Iterator[Articulation]:
    """The mouth opens with each burst, and smiles all through."""
    for (start_s, end_s), (next_s, _) in zip(
        bursts, [*bursts[1:], (bursts[-1][1], 0.0)], strict=True
    ):
        yield Articulation(BURST_OF_LAUGHTER, start_s, end_s)
        if next_s > end_s:
            yield Articulation(LAUGHTER, end_s, next_s)


def _runs(true: NDArray[np.bool_], bridge: int) -> list[tuple[int, int]]:
    """Where in a row of booleans [n] there are runs of true: (first, last + 1), gaps bridged."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], true, [False]]).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for a, b in edges.reshape(-1, 2).tolist():
        if runs and a - runs[-1][1] <= bridge:
            runs[-1] = (runs[-1][0], b)
        else:
            runs.append((a, b))
    return runs

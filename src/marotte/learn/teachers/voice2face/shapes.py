"""Shapes: an utterance and the lip gap that a network predicted in, curves with that gap out.

A network that was trained on squared errors knows well how far the mouth opens, and predicts the
mean of everything that two people do differently for the same sound. So the gap is the network's,
and the shape of the lips is that of the phonetic teacher. Phones are recognised where an utterance
has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.capture.lip_gap import arkit_lip_gap, with_lip_gap
from marotte.learn.capture.sync import speech_frames
from marotte.learn.data.dataset import at_16_khz
from marotte.learn.errors import Skip
from marotte.learn.speech.recognise import recogniser
from marotte.learn.teachers.phonetic import PhoneticTeacher
from marotte.learn.teachers.phonetic.articulation import articulate
from marotte.learn.teachers.phonetic.coarticulation import Articulation, trapezoid
from marotte.learn.teachers.phonetic.composition import speaking
from marotte.learn.teachers.phonetic.prosody import Prosody
from marotte.learn.teachers.phonetic.visemes import PREPARATION
from marotte.learn.utterance import Phone, Utterance

# Opening follows the gap mostly by the jaw, so that the lips keep their shape.
READINESS = {
    "jawOpen": 0.095,
    "mouthClose": 0.045,
    "mouthLowerDownLeft": 0.060,
    "mouthLowerDownRight": 0.060,
    "mouthUpperUpLeft": 0.045,
    "mouthUpperUpRight": 0.045,
}
PARTING_S = 0.200  # before the first sound after a pause, the lips part as by rule ...
PARTING_RISE_S = 0.060  # ... within this time ...
PARTING_SHARE = 0.85  # ... to this share of the rule's opening
HEARD_S = 0.060  # time in which the face rises from rest, and falls to it, around audible speech
LONGEST_S = 20.0  # a longer sound is recognised in pieces ...
STEP_S = 0.01  # ... which are cut where nobody speaks, found on this grid


@dataclass(frozen=True)
class Articulated:
    """What the rules of the phonetic teacher need to know about an utterance.

    Attributes:
        utterance: the utterance, with recognised phones if it had none.
        articulations: its articulations.
        prosody: its prosody.
        recognised: whether the phones were recognised, and are therefore uncertain.
    """

    utterance: Utterance
    articulations: Sequence[Articulation]
    prosody: Prosody
    recognised: bool

    @classmethod
    def of(cls, utterance: Utterance) -> Articulated | None:
        """Analyse an utterance; None if it has no phones and none can be recognised."""
        recognised = not utterance.phones
        if recognised:
            utterance = replace(utterance, phones=recognise(utterance))
        if not utterance.phones:
            return None
        prosody = Prosody.of(utterance.samples, utterance.rate)
        return cls(utterance, articulate(utterance, prosody), prosody, recognised)


def shape(spoken: Articulated, predicted: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return curves [n_frames, 52] with the phonetic teacher's shapes and the predicted lip gap.

    Args:
        spoken: the utterance.
        predicted: ARKit controls [n_frames, 52] that a network predicted, at 60 fps.
    """
    teacher = PhoneticTeacher()
    curves = teacher.curves_of(spoken.utterance, spoken.articulations, spoken.prosody)
    curves = curves.astype(np.float64)
    rest_mm, weights = arkit_lip_gap()
    time_s = np.arange(len(predicted)) / teacher.fps
    opening_mm = predicted @ weights * speaking(spoken.articulations, time_s)
    if spoken.recognised:
        # Recognised phones are uncertain, above all where speech begins and ends.
        heard = _heard(spoken.utterance, time_s)
        curves, opening_mm = curves * heard[:, None], opening_mm * heard
    else:
        # A network hears no speech yet when the lips part for it.
        parting = _parting(spoken.articulations, time_s)
        opening_mm = np.maximum(opening_mm, PARTING_SHARE * parting * (curves @ weights))
    shaped = with_lip_gap(curves, rest_mm + opening_mm, READINESS)
    return shaped.astype(np.float32)


def _heard(utterance: Utterance, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 where speech is loud enough to be heard, and 0 elsewhere, in smooth steps [n]."""
    grid_s = np.arange(0, max(utterance.seconds, STEP_S), STEP_S)
    loud = speech_frames(at_16_khz(utterance), grid_s).astype(np.float64)
    width = round(HEARD_S / STEP_S)
    padded = np.pad(loud, width, mode="edge")
    smooth = np.convolve(padded, np.hanning(2 * width + 1) / width, "valid")
    return np.interp(time_s, grid_s, np.clip(smooth, 0, 1))


def _parting(
    articulations: Sequence[Articulation], time_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much the lips part for the first sound after a pause [n], 0..1."""
    result = np.zeros(len(time_s))
    for each in articulations:
        if each.viseme is PREPARATION:
            start_s = max(each.start_s, each.end_s - PARTING_S)
            ramp = trapezoid(time_s, start_s, start_s + PARTING_RISE_S, each.end_s, each.end_s)
            result = np.maximum(result, ramp)
    return result


def recognise(utterance: Utterance) -> tuple[Phone, ...]:
    """Return the recognised phones of an utterance; none without a recogniser or without speech."""
    samples = at_16_khz(utterance)
    phones: list[Phone] = []
    for first, end in _pieces(samples):
        try:
            found = recogniser().recognise(samples[first:end], SAMPLE_RATE)
        except Skip:
            continue
        except MarotteError:  # the recogniser is not installed
            return ()
        start_s = first / SAMPLE_RATE
        phones += [
            replace(each, start_s=each.start_s + start_s, end_s=each.end_s + start_s)
            for each in found
        ]
    return tuple(phones)


def _pieces(samples: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Yield the first and last + 1 sample of pieces of at most `LONGEST_S`, cut in pauses."""
    times_s = np.arange(0, len(samples) / SAMPLE_RATE, STEP_S)
    quiet_s = times_s[~speech_frames(samples, times_s)] if len(times_s) else times_s
    start_s, end_s = 0.0, len(samples) / SAMPLE_RATE
    while end_s - start_s > LONGEST_S:
        inside = quiet_s[(quiet_s > start_s + 1) & (quiet_s < start_s + LONGEST_S)]
        cut_s = float(inside[-1]) if len(inside) else start_s + LONGEST_S
        yield round(start_s * SAMPLE_RATE), round(cut_s * SAMPLE_RATE)
        start_s = cut_s
    yield round(start_s * SAMPLE_RATE), len(samples)

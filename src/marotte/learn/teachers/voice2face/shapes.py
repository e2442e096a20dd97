"""Shapes: an utterance and the lip gap that a network predicted in, curves with that gap out.

A network that was trained on squared errors knows well how far the mouth opens, and predicts the
mean of everything that two people do differently for the same sound. So the gap is the network's,
and the shape of the lips is that of the phonetic teacher. Phones are recognised where an utterance
has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.lip_gap import with_lip_gap
from marotte.learn.capture.sync import speech_frames
from marotte.learn.data.dataset import at_16_khz
from marotte.learn.errors import Skip
from marotte.learn.speech.recognise import recogniser
from marotte.learn.teachers.phonetic import PhoneticTeacher
from marotte.learn.teachers.phonetic.articulation import articulate
from marotte.learn.teachers.phonetic.composition import speaking
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
LONGEST_S = 20.0  # a longer sound is recognised in pieces ...
STEP_S = 0.01  # ... which are cut where nobody speaks, found on this grid


def shape(utterance: Utterance, predicted: NDArray[np.float32], fps: float) -> NDArray[np.float32]:
    """Return curves [n_frames, 52] with the phonetic teacher's shapes and the predicted lip gap.

    Without phones in the utterance, and without a recogniser, the prediction itself is returned.

    Args:
        utterance: the utterance.
        predicted: ARKit controls [n_frames, 52] that a network predicted.
        fps: frames per second, those of the phonetic teacher.
    """
    teacher = PhoneticTeacher()
    assert fps == teacher.fps
    phones = utterance.phones or recognise(utterance)
    if not phones:
        return predicted
    spoken = replace(utterance, phones=phones)
    curves = teacher.curves(spoken).astype(np.float64)
    head = load_head()
    rest_mm, _ = head.lip_gap_weights(ARKIT_52.names)
    opening_mm = head.lip_gap(predicted, ARKIT_52.names).astype(np.float64) - rest_mm
    opening_mm *= speaking(articulate(spoken), np.arange(len(predicted)) / fps)
    return with_lip_gap(curves, rest_mm + opening_mm, READINESS).astype(np.float32)


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

"""Contacts: curves and phones in, the same curves with lips that touch and part by the phones out.

A network that was trained on squared errors gives the mean of what people do, and in a mean the
lips hardly ever touch. What must touch is therefore taken from the phones, by the rules of the
phonetic teacher: /p b m/ press the lips together, vowels part them, and the face rests in silence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from marotte.face.rig import ARKIT_52
from marotte.learn.capture.lip_gap import arkit_lip_gap, with_lip_gap
from marotte.learn.speech.phones import OPEN_VOWELS
from marotte.learn.teachers.phonetic.coarticulation import Articulation, closure, trapezoid
from marotte.learn.teachers.phonetic.composition import (
    PARTING,
    PRESSED,
    PUCKER_FOR_FUNNEL,
    ROLLED,
    speaking,
)
from marotte.learn.teachers.phonetic.visemes import VISEMES

PRESSED_MM = -1.2  # lip gap of closed lips: students blur it, and must still press
FIRMNESS = 1.3  # lips are shut when the rules have them shut to 77 %: students blur this, too
# What brings the lips together, and how readily.
CLOSING = {
    "mouthClose": 0.061,
    "mouthPressLeft": 0.020,
    "mouthPressRight": 0.020,
    "mouthRollLower": 0.047,
    "mouthRollUpper": 0.047,
}
OPEN_VOWEL_MM = 3.0  # smallest lip gap in the middle of an open vowel ...
VOWEL_MM = 2.2  # ... and of another vowel
OPENING_S = 0.060  # time in which a vowel reaches it

_OPEN_VISEMES = {VISEMES[ipa].name for ipa in OPEN_VOWELS if ipa in VISEMES}


def hold_contacts(
    curves: NDArray[np.float32], articulations: Sequence[Articulation], fps: float
) -> NDArray[np.float32]:
    """Return curves [n_frames, 52] that close and part the lips where the phones say so.

    Args:
        curves: ARKit controls [n_frames, 52] at k / fps seconds.
        articulations: the articulations of the utterance.
        fps: frames per second.
    """
    time_s = np.arange(len(curves)) / fps
    closed, rolled = (np.minimum(1, FIRMNESS * each) for each in closure(articulations, time_s))
    result = curves * speaking(articulations, time_s)[:, None]
    _press(result, closed, rolled)
    _part(result, vowel_gap_mm(articulations, time_s) * (1 - closed))
    return ARKIT_52.clamp(result.astype(np.float32))


def vowel_gap_mm(
    articulations: Sequence[Articulation], time_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the smallest lip gap in mm that the vowels allow at each time [n]; 0 elsewhere."""
    result = np.zeros(len(time_s))
    for each in articulations:
        if each.viseme.vowel:
            gap_mm = OPEN_VOWEL_MM if each.viseme.name in _OPEN_VISEMES else VOWEL_MM
            quarter = (each.end_s - each.start_s) / 4
            full, fall = each.start_s + quarter, each.end_s - quarter
            ramp = trapezoid(time_s, full - OPENING_S, full, fall, fall + OPENING_S)
            result = np.maximum(result, gap_mm * ramp)
    return result


def _columns(control: str) -> list[int]:
    """Return the columns of a control, or of its left and right side."""
    names = (control, f"{control}Left", f"{control}Right")
    return [ARKIT_52.index[name] for name in names if name in ARKIT_52.index]


def _press(
    curves: NDArray[np.float64], closed: NDArray[np.float64], rolled: NDArray[np.float64]
) -> None:
    """Press the lips together, in place, by `closed` [n_frames] within 0..1."""
    pucker, funnel = ARKIT_52.index["mouthPucker"], ARKIT_52.index["mouthFunnel"]
    curves[:, pucker] += closed * PUCKER_FOR_FUNNEL * curves[:, funnel]
    for name in PARTING:
        curves[:, _columns(name)] *= (1 - closed)[:, None]
    for name, value in PRESSED.items():
        held = value * (closed - rolled) + ROLLED[name] * rolled
        columns = _columns(name)
        curves[:, columns] = curves[:, columns] * (1 - closed)[:, None] + held[:, None]
    rest_mm, weights = arkit_lip_gap()
    gap_mm = rest_mm + curves @ weights
    wanted_mm = gap_mm + closed * np.minimum(0, PRESSED_MM - gap_mm)
    curves[:] = with_lip_gap(curves, wanted_mm, CLOSING)


def _part(curves: NDArray[np.float64], smallest_mm: NDArray[np.float64]) -> None:
    """Open the jaw, in place, where the lip gap is smaller than `smallest_mm` [n_frames]."""
    rest_mm, weights = arkit_lip_gap()
    missing_mm = np.maximum(0, smallest_mm - (rest_mm + curves @ weights))
    missing_mm[smallest_mm <= rest_mm] = 0  # pressed lips stay pressed
    jaw = ARKIT_52.index["jawOpen"]
    curves[:, jaw] += missing_mm / weights[jaw]

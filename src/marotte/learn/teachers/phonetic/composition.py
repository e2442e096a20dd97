"""Composition: articulations and prosody in, the value of each control out.

The visemes give jaw and lips, the closure brings the lips together, and the variation is laid over
both without opening closed lips.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from marotte.face.rig import ARKIT_52
from marotte.learn.teachers.phonetic.coarticulation import (
    SHARE,
    Articulation,
    blend,
    closure,
    constrict,
    smooth,
    trapezoid,
)
from marotte.learn.teachers.phonetic.prosody import Prosody
from marotte.learn.teachers.phonetic.variation import Variation, rounded_less_smile
from marotte.learn.teachers.phonetic.visemes import (
    BREATH,
    JAW_MM,
    LIP_MM,
    REST_GAP_MM,
    SILENCE,
)

# The lip controls of the visemes; a control with a left and a right side is written to both.
LIPS = (
    "mouthFunnel", "mouthPucker", "mouthSmile", "mouthStretch", "mouthDimple", "mouthRollLower",
    "mouthShrugLower", "mouthShrugUpper", "mouthLowerDown", "mouthUpperUp", "jawForward", SHARE,
)  # fmt: skip
# They would keep closed lips apart.
PARTING = ("mouthFunnel", "mouthLowerDown", "mouthUpperUp", "mouthShrugUpper")
# Closed lips press, or roll in.
PRESSED = {"mouthPress": 0.26, "mouthRollLower": 0.04, "mouthRollUpper": 0.05}
ROLLED = {"mouthPress": 0.10, "mouthRollLower": 0.16, "mouthRollUpper": 0.20}
PRESSED_MM = -0.5  # lip gap of closed lips: they are pressed into each other
PUCKER_FOR_FUNNEL = 0.5  # pucker that replaces the funnel, so that closed lips stay rounded

SPEAKING_S = 0.250  # the variation grows in this time, most of it before the first sound ...
LEAD_S = 0.150  # ... so much before it ...
FADING_S = 0.150  # ... and fades in this time after the last sound


def compose(
    articulations: Sequence[Articulation],
    prosody: Prosody,
    utterance_id: str,
    n_frames: int,
    fps: float,
) -> dict[str, NDArray[np.float64]]:
    """Return the curve of each control that moves [n_frames], by its ARKit name.

    Args:
        articulations: the articulations, in order and without gaps.
        prosody: prosody of the sound.
        utterance_id: seeds the variation.
        n_frames: number of frames.
        fps: frame rate; frame k is at k / fps seconds.
    """
    time_s = np.arange(n_frames) / fps
    jaw, lips, tongue = blend(articulations, time_s, LIPS)
    constrict(articulations, time_s, LIPS, jaw, lips)
    jaw, lips = smooth(jaw, fps), smooth(lips, fps)
    closed, rolled = closure(articulations, time_s)
    variation = Variation(utterance_id, prosody, speaking(articulations, time_s), fps)
    values = {name: lips[:, i] for i, name in enumerate(LIPS)}
    before_mm = _lips_mm(values)
    _vary(values, variation)
    # The variation changes the face, not how far the lips are apart.
    values[SHARE] = np.clip(values[SHARE] * jaw + (_lips_mm(values) - before_mm) / JAW_MM, 0, jaw)
    values["mouthPucker"] = values["mouthPucker"] + (
        closed * PUCKER_FOR_FUNNEL * values["mouthFunnel"]
    )
    for name in PARTING:
        values[name] = values[name] * (1 - closed)
    for name, value in PRESSED.items():
        value = value * (closed - rolled) + ROLLED[name] * rolled
        values[name] = values.get(name, 0) * (1 - closed) + value
    values |= {"jawOpen": jaw, "tongueOut": tongue * (1 - closed)}
    values[SHARE] = values[SHARE] * (1 - closed) + _meeting(values) * closed
    return _sides(values, variation) | variation.sideways()


def _meeting(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the mouthClose that brings the lips to `PRESSED_MM` [n], at most the jaw."""
    over_mm = _lips_mm(values) + REST_GAP_MM - PRESSED_MM
    return np.clip(values["jawOpen"] + over_mm / JAW_MM, 0, values["jawOpen"])


def _lips_mm(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return by how much the lip controls part the lips in mm [n], without jaw and mouthClose."""
    return np.sum([mm * values[name] for name, mm in LIP_MM.items() if name in values], axis=0)


def speaking(
    articulations: Sequence[Articulation], time_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much somebody speaks at each time [n], 0..1: 0 in silence and breath."""
    result = np.zeros(len(time_s))
    start_s: float | None = None
    end_s = 0.0
    for a in [*articulations, None]:
        if a is not None and a.viseme is not SILENCE and a.viseme is not BREATH:
            start_s, end_s = a.start_s if start_s is None else start_s, a.end_s
        elif start_s is not None:
            rise_s = start_s - LEAD_S
            run = trapezoid(time_s, rise_s, rise_s + SPEAKING_S, end_s - 0.05, end_s + FADING_S)
            result = np.maximum(result, run)
            start_s = None
    return result


def _vary(values: dict[str, NDArray[np.float64]], variation: Variation) -> None:
    """Lay the slow variation over the controls of the visemes, in place."""
    for name, factor in variation.factors().items():
        values[name] = values[name] * factor
    for name, curve in variation.added().items():
        if name == "mouthSmile":
            curve = curve * rounded_less_smile(values)
        values[name] = values.get(name, 0) + curve


def _sides(
    values: dict[str, NDArray[np.float64]], variation: Variation
) -> dict[str, NDArray[np.float64]]:
    """Return the controls with those of both sides as left and right, slightly different."""
    result: dict[str, NDArray[np.float64]] = {}
    for name, value in values.items():
        if name in ARKIT_52.index:
            result[name] = value
        else:
            left = variation.side(name)
            result |= {f"{name}Left": value * left, f"{name}Right": value * (2 - left)}
    return result

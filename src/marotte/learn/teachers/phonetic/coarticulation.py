"""From articulations with times to curves: envelopes, their blend, and the closing of the lips.

Every articulation rises before its apex, holds, and decays. Where several overlap, each
articulator takes their mean, weighted by envelope times dominance (Cohen & Massaro 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.learn.teachers.phonetic.visemes import Viseme

ONSET_S = 0.120  # before the apex
DECAY_S = 0.150  # after it
HEAVY_LEAD_S = 0.050  # lip-heavy sounds start this much earlier and end this much later
ORDINARY_PHONE_S = 0.080  # the pace at which the times above hold
SLOWEST, FASTEST = 1.6, 0.7  # bounds of their stretching with pace
APEX_SHARE = 0.5  # of an articulation's own time is apex, in its middle

CLOSING_S = 0.110  # the lips take this long to meet ...
PARTING_S = 0.085  # ... and this long to part: a release is quicker
QUICKEST_S = 0.034  # next to a short vowel both are quicker, but two frames at 60 fps
VOWEL_SHARE = 0.65  # of the vowel next to a contact may pass in meeting or parting
EARLY_S = 0.020  # lips touch, all but pressed, so long before they are pressed most
SHORTEST_CONTACT_S = 0.040  # a shorter one borrows from its neighbours ...
LENT = 0.5  # ... this share of what these are longer
INERTIA_S = 0.022  # jaw and lips have mass: the deviation of the Gaussian that smooths them
REST_WEIGHT = 0.02  # the pull of a face at rest, against a total dominance near 1


@dataclass(frozen=True)
class Articulation:
    """One viseme over its time.

    Attributes:
        viseme: what it asks of the face.
        start_s: when its sound begins.
        end_s: when it ends.
        gain: the size of its opening, 1 ordinarily.
        closed_share: how much of its time the lips stay shut, for a closing viseme: all of /m/, the
            part of /p b/ before the release.
        onset_s: how long before its apex it rises; None leaves it to the pace of speech, as all
            but the halves of a diphthong do.
        decay_s: how long after its apex it decays.
    """

    viseme: Viseme
    start_s: float
    end_s: float
    gain: float = 1.0
    closed_share: float = 1.0
    onset_s: float | None = None
    decay_s: float | None = None


def smooth_step(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 below 0, 1 above 1, and half a cosine between: no corner in the velocity."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0, 1))


def trapezoid(
    time_s: NDArray[np.float64], rise_s: float, full_s: float, fall_s: float, end_s: float
) -> NDArray[np.float64]:
    """Rises from `rise_s` to 1 at `full_s`, falls from `fall_s` to 0 at `end_s`, smoothly."""
    up = smooth_step((time_s - rise_s) / max(full_s - rise_s, 1e-6))
    down = smooth_step((end_s - time_s) / max(end_s - fall_s, 1e-6))
    return up * down


def pace(articulations: Sequence[Articulation]) -> float:
    """How much longer than ordinarily onsets and decays take: slow speech moves slowly."""
    lengths = [a.end_s - a.start_s for a in articulations if a.viseme.name != "silence"]
    if not lengths:
        return 1.0
    return float(np.clip(np.median(lengths) / ORDINARY_PHONE_S, FASTEST, SLOWEST))


def envelope(
    time_s: NDArray[np.float64], articulation: Articulation, stretch: float, lead_s: float = 0.0
) -> NDArray[np.float64]:
    """How far an articulation is in force at each moment [n], 0..1."""
    a = articulation
    middle = 0.5 * (a.start_s + a.end_s)
    half_apex = 0.5 * APEX_SHARE * (a.end_s - a.start_s)
    full, fall = middle - half_apex, middle + half_apex
    if a.onset_s is None:
        full -= lead_s
    if a.decay_s is None:
        fall += lead_s
    onset_s = ONSET_S * stretch if a.onset_s is None else a.onset_s
    decay_s = DECAY_S * stretch if a.decay_s is None else a.decay_s
    return trapezoid(time_s, full - onset_s, full, fall, fall + decay_s)


def blend(
    articulations: Sequence[Articulation], time_s: NDArray[np.float64], lip_names: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The jaw, the lips and the tongue under all articulations together.

    Returns:
        jaw [n], lips [n, n_lip_names], tongue [n].
    """
    n, stretch = len(time_s), pace(articulations)
    jaw, tongue, lips = np.zeros(n), np.zeros(n), np.zeros((n, len(lip_names)))
    jaw_weight, lip_weight = np.full(n, REST_WEIGHT), np.full(n, REST_WEIGHT)
    reach = DECAY_S * stretch + HEAVY_LEAD_S
    for a in articulations:
        near = slice(*np.searchsorted(time_s, (a.start_s - reach, a.end_s + reach)))
        if near.start == near.stop:
            continue
        force = envelope(time_s[near], a, stretch)
        lead = HEAVY_LEAD_S if a.viseme.lip_heavy else 0.0
        lip_force = envelope(time_s[near], a, stretch, lead) if lead else force
        jaw[near] += force * a.viseme.jaw_dominance * a.viseme.jaw * a.gain
        jaw_weight[near] += force * a.viseme.jaw_dominance
        target = np.array([a.viseme.lips.get(name, 0.0) for name in lip_names]) * a.gain
        lips[near] += (lip_force * a.viseme.lip_dominance)[:, None] * target
        lip_weight[near] += lip_force * a.viseme.lip_dominance
        if a.viseme.tongue:
            tip = trapezoid(time_s[near], a.start_s - 0.06, a.start_s, a.end_s, a.end_s + 0.06)
            tongue[near] = np.maximum(tongue[near], a.viseme.tongue * tip)
    return jaw / jaw_weight, lips / lip_weight[:, None], tongue


def closure(
    articulations: Sequence[Articulation], time_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far the lips are shut by /p b m/ [n]: 1 all through each closure, 0 at vowel centres."""
    shut = np.zeros(len(time_s))
    for i, a in enumerate(articulations):
        if a.viseme.closes:
            near, ramp = contact(articulations, i, time_s)
            shut[near] = np.maximum(shut[near], ramp)
    return shut


def constrict(
    articulations: Sequence[Articulation],
    time_s: NDArray[np.float64],
    lip_names: Sequence[str],
    jaw: NDArray[np.float64],
    lips: NDArray[np.float64],
) -> None:
    """Give jaw [n] and lips [n, n_lip_names], in place, to the articulations that need them whole.

    A mean with the neighbours would leave /s/ open and /f/ without touch. Of the lips only the
    controls that a viseme names are its own: /v/ stays round in "move".
    """
    for i, a in enumerate(articulations):
        if not (a.viseme.holds_jaw or a.viseme.holds_lips):
            continue
        near, ramp = contact(articulations, i, time_s)
        if a.viseme.holds_jaw:
            jaw[near] += ramp * (a.viseme.jaw - jaw[near])
        if a.viseme.holds_lips:
            for name, target in a.viseme.lips.items():
                column = lips[near, lip_names.index(name)]
                column += ramp * (target - column)


def contact(
    articulations: Sequence[Articulation], i: int, time_s: NDArray[np.float64]
) -> tuple[slice, NDArray[np.float64]]:
    """How far articulation i holds what it touches: where in time, and 0..1 there.

    Lips (or teeth) begin to meet in the sounds before and part in the sounds after. A closure too
    short to be seen borrows from its neighbours.
    """
    a = articulations[i]
    full, part = a.start_s, a.start_s + a.closed_share * (a.end_s - a.start_s)
    spare = 0.5 * (part - full - SHORTEST_CONTACT_S)
    if spare > 0:
        full += min(spare, EARLY_S)
        part -= min(spare, EARLY_S)
    else:
        full -= min(-spare, _lent_s(articulations, i - 1))
        part += min(-spare, _lent_s(articulations, i + 1) + a.end_s - part)
    rise = _closing_s(articulations, i, -1) + full - a.start_s
    fall = _closing_s(articulations, i, +1) + a.end_s - part
    rise = float(np.clip(rise, QUICKEST_S, CLOSING_S))
    fall = float(np.clip(fall, QUICKEST_S, PARTING_S))
    near = slice(*np.searchsorted(time_s, (full - rise, part + fall)))
    return near, trapezoid(time_s[near], full - rise, full, part, part + fall)


def _lent_s(articulations: Sequence[Articulation], i: int) -> float:
    """What articulation i can spare for a contact beside it; silence lends anything."""
    if not 0 <= i < len(articulations):
        return SHORTEST_CONTACT_S
    return LENT * max(0.0, articulations[i].end_s - articulations[i].start_s - SHORTEST_CONTACT_S)


def _closing_s(articulations: Sequence[Articulation], i: int, step: int) -> float:
    """The time for lips to meet (step -1) or part (+1) on that side of articulation i.

    It passes over sounds of the tongue alone, and ends in the vowel or the contact next to them.
    """
    room = 0.0
    j = i + step
    while 0 <= j < len(articulations) and room < CLOSING_S:
        a = articulations[j]
        if a.viseme.vowel or a.viseme.closes or a.viseme.holds_jaw or a.viseme.holds_lips:
            return room + (VOWEL_SHARE if a.viseme.vowel else 0.5) * (a.end_s - a.start_s)
        room += a.end_s - a.start_s
        j += step
    return CLOSING_S


def smoothed(curves: NDArray[np.float64], fps: float) -> NDArray[np.float64]:
    """Curves [n_frames, ...] after a Gaussian of `INERTIA_S`: what has mass turns no corner."""
    reach = int(np.ceil(3 * INERTIA_S * fps))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / fps / INERTIA_S) ** 2)
    padded = np.pad(curves, [(reach, reach)] + [(0, 0)] * (curves.ndim - 1), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    return windows @ (kernel / kernel.sum())

"""Coarticulation: articulations with times in, curves of jaw, lips, tongue and lip closure out.

Every articulation rises before its apex, holds, and decays. Where several overlap, each articulator
takes their mean, weighted by envelope times dominance (Cohen & Massaro 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.learn.teachers.phonetic.visemes import SILENCE, Viseme

ONSET_S = 0.120  # rise before the apex
DECAY_S = 0.110  # decay after the apex
HEAVY_LEAD_S = 0.050  # lip-heavy sounds start this much earlier and end this much later
TYPICAL_PHONE_S = 0.080  # median phone length at which the times above hold
NO_PHONES = ("silence", "preparation")  # visemes that say nothing about the speech rate
SLOWEST, FASTEST = 1.6, 0.7  # limits of the factor that adapts the times to the speech rate
SETTLING_S = 0.030  # the face is at rest this long after a silence begins
LATEST_APEX_S = 0.060  # in a long sound, the apex begins this long after the start
APEX_SHARE = 0.4  # share of an articulation's own time that is its apex, in the middle

CLOSING_S = 0.150  # time for the lips to close ...
PARTING_S = 0.085  # ... and to part: a release is faster
QUICKEST_S = 0.034  # shortest time for either, next to a short vowel: two frames at 60 fps
VOWEL_SHARE = 0.58  # largest share of an adjacent vowel spent on closing or parting
EARLY_S = 0.020  # lips touch this long before they are fully pressed
SHORTEST_CONTACT_S = 0.040  # a shorter contact borrows time from its neighbours ...
LENT_SHARE = 0.5  # ... this share of the time by which they exceed `SHORTEST_CONTACT_S`
SHARE = "mouthClose"  # a share of the jaw: the size of an articulation does not change it
INERTIA_S = 0.022  # standard deviation of the Gaussian that models the mass of jaw and lips
REST_WEIGHT = 0.02  # weight of the face at rest, against a total dominance near 1


@dataclass(frozen=True)
class Articulation:
    """One viseme with its time.

    Attributes:
        viseme: targets of the face.
        start_s: start of the sound.
        end_s: end of the sound.
        gain: factor on the targets; 1 at normal loudness.
        closed_share: share of the time with closed lips, for a closing viseme: all of /m/, the
            part of /p b/ before the release.
        onset_s: duration of the rise before the apex; None adapts `ONSET_S` to the speech rate.
            Only the halves of a diphthong set it.
        decay_s: duration of the decay after the apex; None adapts `DECAY_S` to the speech rate.
    """

    viseme: Viseme
    start_s: float
    end_s: float
    gain: float = 1.0
    closed_share: float = 1.0
    onset_s: float | None = None
    decay_s: float | None = None


def smooth_step(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 0 below 0, 1 above 1 and half a cosine between, so that the velocity is continuous.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.teachers.phonetic.coarticulation import smooth_step
        >>> smooth_step(np.array([-1.0, 0.5, 2.0])).round(3).tolist()
        [0.0, 0.5, 1.0]
    """
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0, 1))


def trapezoid(
    time_s: NDArray[np.float64], rise_s: float, full_s: float, fall_s: float, end_s: float
) -> NDArray[np.float64]:
    """Return a smooth rise from `rise_s` to 1 at `full_s`, and fall from `fall_s` to `end_s`."""
    up = smooth_step((time_s - rise_s) / max(full_s - rise_s, 1e-6))
    down = smooth_step((end_s - time_s) / max(end_s - fall_s, 1e-6))
    return up * down


def tempo_factor(articulations: Sequence[Articulation]) -> float:
    """Return the factor on onset and decay times: above 1 for slow speech."""
    lengths = [a.end_s - a.start_s for a in articulations if a.viseme.name not in NO_PHONES]
    if not lengths:
        return 1.0
    return float(np.clip(np.median(lengths) / TYPICAL_PHONE_S, FASTEST, SLOWEST))


def envelope(
    time_s: NDArray[np.float64], articulation: Articulation, stretch: float, lead_s: float = 0.0
) -> NDArray[np.float64]:
    """Return the strength of an articulation at each time [n], 0..1."""
    a = articulation
    middle = 0.5 * (a.start_s + a.end_s)
    length_s = a.end_s - a.start_s
    latest_s = SETTLING_S if a.viseme is SILENCE else LATEST_APEX_S
    half_apex = max(0.5 * APEX_SHARE * length_s, 0.5 * length_s - latest_s)
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
    """Blend all articulations into curves of jaw, lips and tongue.

    Returns:
        jaw [n], lips [n, n_lip_names], tongue [n].
    """
    n, stretch = len(time_s), tempo_factor(articulations)
    jaw, tongue, lips = np.zeros(n), np.zeros(n), np.zeros((n, len(lip_names)))
    jaw_weight, lip_weight = np.full(n, REST_WEIGHT), np.full(n, REST_WEIGHT)
    reach = DECAY_S * stretch + HEAVY_LEAD_S
    sized = np.array([name != SHARE for name in lip_names])
    for a in articulations:
        near = slice(*np.searchsorted(time_s, (a.start_s - reach, a.end_s + reach)))
        if near.start == near.stop:
            continue
        strength = envelope(time_s[near], a, stretch)
        lead = HEAVY_LEAD_S if a.viseme.lip_heavy else 0.0
        lip_strength = envelope(time_s[near], a, stretch, lead) if lead else strength
        jaw[near] += strength * a.viseme.jaw_dominance * a.viseme.jaw * a.gain
        jaw_weight[near] += strength * a.viseme.jaw_dominance
        target = np.array([a.viseme.lips.get(name, 0.0) for name in lip_names])
        target = np.where(sized, target * a.gain, target)
        lips[near] += (lip_strength * a.viseme.lip_dominance)[:, None] * target
        lip_weight[near] += lip_strength * a.viseme.lip_dominance
        if a.viseme.tongue:
            tip = trapezoid(time_s[near], a.start_s - 0.06, a.start_s, a.end_s, a.end_s + 0.06)
            tongue[near] = np.maximum(tongue[near], a.viseme.tongue * tip)
    return jaw / jaw_weight, lips / lip_weight[:, None], tongue


def closure(
    articulations: Sequence[Articulation], time_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lip closure of /p b m/: 1 during each closure, 0 at vowel centres.

    Returns:
        The closure [n], and the part of it in which the lips roll in rather than press [n].
    """
    closed, rolled = np.zeros(len(time_s)), np.zeros(len(time_s))
    for i, a in enumerate(articulations):
        if a.viseme.closes:
            near, ramp = contact(articulations, i, time_s)
            closed[near] = np.maximum(closed[near], ramp)
            rolled[near] = np.maximum(rolled[near], a.viseme.rolls * ramp)
    return closed, rolled


def constrict(
    articulations: Sequence[Articulation],
    time_s: NDArray[np.float64],
    lip_names: Sequence[str],
    jaw: NDArray[np.float64],
    lips: NDArray[np.float64],
) -> None:
    """Move jaw [n] and lips [n, n_lip_names], in place, to targets that must be reached fully.

    After blending with the neighbours, the teeth would stay apart in /s/, and the lip would not
    touch the teeth in /f/. Only the lip controls that a viseme names are moved: /v/ stays rounded
    in "move".
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
    """Return the contact of articulation i: its frames, and its strength 0..1 in them.

    Lips or teeth start to close in the preceding sounds and part in the following ones. A contact
    shorter than `SHORTEST_CONTACT_S` would be invisible; it borrows time from its neighbours.
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
    """Return the time that articulation i lends to an adjacent contact.

    At the ends of the sound, silence lends all that is needed.
    """
    if not 0 <= i < len(articulations):
        return SHORTEST_CONTACT_S
    length_s = articulations[i].end_s - articulations[i].start_s
    return LENT_SHARE * max(0.0, length_s - SHORTEST_CONTACT_S)


def _closing_s(articulations: Sequence[Articulation], i: int, step: int) -> float:
    """Return the time for the lips to close (step -1) or part (+1) on that side of articulation i.

    The time includes all adjacent sounds made by the tongue alone, and part of the vowel or contact
    after them.
    """
    available_s = 0.0
    j = i + step
    while 0 <= j < len(articulations) and available_s < CLOSING_S:
        a = articulations[j]
        if a.viseme.vowel or a.viseme.closes or a.viseme.holds_jaw or a.viseme.holds_lips:
            return available_s + (VOWEL_SHARE if a.viseme.vowel else 0.5) * (a.end_s - a.start_s)
        available_s += a.end_s - a.start_s
        j += step
    return CLOSING_S


def smooth(curves: NDArray[np.float64], fps: float) -> NDArray[np.float64]:
    """Smooth curves [n_frames, ...] by a Gaussian of `INERTIA_S`, the inertia of jaw and lips."""
    reach = int(np.ceil(3 * INERTIA_S * fps))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / fps / INERTIA_S) ** 2)
    padded = np.pad(curves, [(reach, reach)] + [(0, 0)] * (curves.ndim - 1), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    return windows @ (kernel / kernel.sum())

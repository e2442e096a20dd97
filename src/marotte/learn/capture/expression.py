"""How a mouth moves with the voice: effort, when the lips part and close, and the face at rest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from marotte.face.rig import ARKIT_52
from marotte.learn.capture.agreement import correlation
from marotte.learn.capture.controls import MOUTH, PAIRS, Statistics
from marotte.learn.capture.sound_frames import Flags, Spans

PARTED_MM = 2.5  # the lips are visibly apart
BEFORE_S, AFTER_S = 0.7, 0.4  # the lips may part this long before and after the first sound
CLOSED_WORD_S = 0.1  # the lips meet within this time of a word's edge
SETTLED_MM = 0.5  # the mouth is shut when its gap is this near to the gap at rest
RESTED_S = 0.3  # the face has come to rest this long after speech
FEWEST = 6  # utterances: fewer have no thirds

Curve = NDArray[np.floating]


def effort(gap_mm: Curve, spans: Spans, level: NDArray[np.float64]) -> float:
    """Return how much more the mouth moves with more effort.

    The standard deviation of the gap over the third of the utterances with the highest level is
    divided by that over the third with the lowest.

    Args:
        gap_mm: the lip gap [n_frames].
        spans: the utterances [n, 2].
        level: of each utterance [n]: its loudness, or how much its pitch varies; NaN if unknown.

    Returns:
        The ratio; NaN with fewer than six utterances.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.expression import effort
        >>> gap = np.tile([0.0, 1.0], 60) * np.repeat([1, 1, 1, 2, 2, 2], 20)
        >>> spans = np.array([[start, start + 20] for start in range(0, 120, 20)])
        >>> effort(gap, spans, np.arange(6.0))
        2.0
    """
    known = np.flatnonzero(np.isfinite(level))
    if len(known) < FEWEST:
        return float("nan")
    order = known[np.argsort(level[known], kind="stable")]
    third = len(order) // 3
    soft, loud = (
        float(np.concatenate([gap_mm[first:last] for first, last in spans[chosen]]).std())
        for chosen in (order[:third], order[-third:])
    )
    return loud / soft if soft > 0 else float("nan")


def parting_ms(gap_mm: Curve, onsets: NDArray[np.int64], windows: Spans, fps: float) -> float:
    """Return when the lips part before the first sound of an utterance: the median, in ms.

    The moment is the first frame whose gap is more than 2.5 mm, from 0.7 s before the sound to
    0.4 s after it. Below 0 the lips part before the sound. Utterances in which they do not part are
    left out.

    Args:
        gap_mm: the lip gap [n_frames].
        onsets: the frame of the first sound of each utterance [n].
        windows: the frames that belong to each utterance [n, 2]; a window begins when the mouth
            has shut after the utterance before.
        fps: frames per second.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.expression import parting_ms
        >>> gap = np.where(np.arange(100) < 54, 0.4, 6.0)
        >>> round(parting_ms(gap, np.array([60]), np.array([[0, 100]]), 60.0))
        -100
    """
    moments: list[float] = []
    for onset, (start, end) in zip(onsets, windows, strict=True):
        first = max(int(start), int(onset - BEFORE_S * fps))
        last = min(int(end), int(onset + AFTER_S * fps))
        apart = np.flatnonzero(gap_mm[first:last] > PARTED_MM)
        if len(apart):
            moments.append(1000 * (apart[0] + first - onset) / fps)
    return float(np.median(moments)) if moments else float("nan")


def shutting_ms(gap_mm: Curve, pauses: Spans, rest_mm: float, fps: float) -> float:
    """Return how long after speech the mouth shuts: the median, in ms.

    The moment is the first frame of the pause whose gap is within 0.5 mm of the gap at rest, or
    less. A mouth that stays open counts the whole pause.

    Args:
        gap_mm: the lip gap [n_frames].
        pauses: the frames after the end of each utterance, without the next one [n, 2].
        rest_mm: the gap at rest.
        fps: frames per second.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.expression import shutting_ms
        >>> gap = np.array([6.0, 6.0, 3.0, 0.6, 0.4, 0.4])
        >>> round(shutting_ms(gap, np.array([[1, 6]]), 0.4, 60.0))
        33
    """
    times: list[float] = []
    for first, last in pauses:
        shut = np.flatnonzero(gap_mm[first:last] <= rest_mm + SETTLED_MM)
        times.append(1000 * (shut[0] if len(shut) else last - first) / fps)
    return float(np.median(times)) if times else float("nan")


def largest_at_rest(controls: Curve, silent: Flags) -> tuple[str, float]:
    """Return the control of jaw and mouth that is largest in silence, and how large it is.

    Compared are the 95th percentiles over the silence, which a single breath does not change.

    Args:
        controls: ARKit controls [n_frames, 52].
        silent: the frames of silence in which the face has come to rest [n_frames].

    Example:
        >>> import numpy as np
        >>> from marotte.face.rig import ARKIT_52
        >>> from marotte.learn.capture.expression import largest_at_rest
        >>> controls = ARKIT_52.neutral(4)
        >>> controls[:, ARKIT_52.index["mouthPucker"]] = 0.5
        >>> largest_at_rest(controls, np.ones(4, bool))
        ('mouthPucker', 0.5)
    """
    if not silent.any():
        return "", float("nan")
    columns = [ARKIT_52.index[name] for name in MOUTH]
    high = np.percentile(controls[silent][:, columns], 95, axis=0)
    largest = int(high.argmax())
    return MOUTH[largest], float(high[largest])


def pair_correlations(groups: Mapping[str, Curve], where: Flags) -> dict[tuple[str, str], float]:
    """Return the correlation of each pair of groups in `PAIRS`; NaN where one is still."""
    return {(a, b): correlation(groups[a], groups[b], where) for a, b in PAIRS}


def closed_share(
    gap_mm: Curve, starts: NDArray[np.int64], ends: NDArray[np.int64], fps: float, closed_mm: float
) -> float:
    """Return the share of words whose /p b m/ at an edge has closed lips.

    Args:
        gap_mm: the lip gap [n_frames].
        starts: the first frames of words that begin with /p b m/ [n].
        ends: the last frames of words that end with one [m].
        fps: frames per second.
        closed_mm: the largest gap of closed lips.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.expression import closed_share
        >>> gap = np.where(np.arange(100) == 50, 0.0, 6.0)
        >>> closed_share(gap, np.array([52]), np.array([80]), 60.0, 1.5)
        0.5
    """
    reach = round(CLOSED_WORD_S * fps)
    smallest = [
        gap_mm[max(0, frame - reach) : frame + reach].min()
        for frame in (*starts, *ends)
        if frame - reach < len(gap_mm)
    ]
    return float(np.mean(np.array(smallest) <= closed_mm)) if smallest else float("nan")


def statistics(values: Curve) -> Statistics:
    """Return the mean and the standard deviation of a curve [n_frames].

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.expression import statistics
        >>> statistics(np.array([0.0, 1.0]))
        Statistics(mean=0.5, sd=0.5)
    """
    return Statistics(float(values.mean()), float(values.std()))

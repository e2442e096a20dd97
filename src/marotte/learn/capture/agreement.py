"""How near curves are to captured ones: plain functions of two curves, one per metric."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LONGEST_LAG_S = 0.3
STILL_SD = 0.004  # a control that moves less has no correlation worth reading
PROMINENCE = 0.25  # of a closure, relative to the range of the gap: between its percentiles ...
RANGE_PERCENTILES = (2, 95)
LEVEL = 0.35  # the lips are nearer than this at a closure, in the same unit
TOLERANCE_S = 0.067  # between two closures that count as the same
CHANCE_SHIFTS_S = (10.2, 25.2, 46.3, 66.7, 88.4)  # no multiples of each other

Curve = NDArray[np.floating]
Flags = NDArray[np.bool_]


class Lag(NamedTuple):
    """The best correlation within +-0.3 s, and by how many frames the second curve is late."""

    correlation: float
    frames: int


def correlation(first: Curve, second: Curve, where: Flags) -> float:
    """Return Pearson's correlation of two curves [n_frames] in some frames; NaN if one is still.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.agreement import correlation
        >>> curve = np.array([0.0, 1.0, 0.0, 9.0])
        >>> round(correlation(curve, -curve, np.array([True, True, True, False])), 6)
        -1.0
    """
    a, b = (np.asarray(each, np.float64)[where] for each in (first, second))
    if not len(a):
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    norm = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / norm) if norm > 1e-9 else float("nan")


def best_lag(first: Curve, second: Curve, where: Flags, fps: float) -> Lag:
    """Return the highest correlation of two curves over lags of up to 0.3 s.

    Args:
        first: the captured curve [n_frames].
        second: the curve that may be late [n_frames].
        where: the frames of `first` that count [n_frames].
        fps: frames per second.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.agreement import best_lag
        >>> curve = np.sin(np.arange(60.0) ** 1.5)
        >>> best_lag(curve, np.roll(curve, 2), np.ones(60, bool), 60.0).frames
        2
    """
    longest, best = round(LONGEST_LAG_S * fps), Lag(float("nan"), 0)
    for lag in range(-longest, longest + 1):
        n = len(first) - abs(lag)
        if n < 2:
            continue
        a, b = (first[:n], second[lag:]) if lag >= 0 else (first[-lag:], second[:n])
        value = correlation(a, b, where[:n] if lag >= 0 else where[-lag:])
        if not value <= best.correlation and not np.isnan(value):
            best = Lag(value, lag)
    return best


def sd_ratio(first: Curve, second: Curve, where: Flags) -> float:
    """Return the second curve's standard deviation divided by the first's, in some frames.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.agreement import sd_ratio
        >>> sd_ratio(np.array([0.0, 1.0]), np.array([0.0, 0.5]), np.ones(2, bool))
        0.5
    """
    if not where.any() or not (sd := float(np.std(first[where]))):
        return float("nan")
    return float(np.std(second[where])) / sd


def effective_dimensions(values: Curve, where: Flags) -> float:
    """Return in how many independent movements controls move.

    This is the exponential of the entropy of the shares of variance of the principal components of
    the standardised controls (Roy and Vetterli 2007, the effective rank). Controls that hardly move
    are left out.

    Args:
        values: controls [n_frames, n_controls].
        where: the frames that count [n_frames].

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.agreement import effective_dimensions
        >>> time = np.arange(200) / 10
        >>> pair = np.stack([np.sin(time), np.cos(3.7 * time)], 1)
        >>> round(effective_dimensions(np.hstack([pair, pair]), np.ones(200, bool)), 1)
        2.0
    """
    chosen = np.asarray(values, np.float64)[where]
    if not len(chosen):
        return float("nan")
    moving = chosen[:, chosen.std(0) > STILL_SD]
    if moving.shape[1] < 2:
        return float(moving.shape[1]) if moving.shape[1] else float("nan")
    standard = (moving - moving.mean(0)) / moving.std(0)
    power = np.linalg.eigvalsh(standard.T @ standard)
    share = np.clip(power / power.sum(), 1e-12, None)
    return float(np.exp(-(share * np.log(share)).sum()))


def closure_frames(gap_mm: Curve) -> NDArray[np.int64]:
    """Return the frames in which the lips close [n_closures]: deep minima of the gap.

    The gap is scaled to its own 2nd to 95th percentile. A closure is a minimum below 0.35 that
    stands out by 0.25 on both sides. A run of equal values has one minimum, in its middle.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.agreement import closure_frames
        >>> closure_frames(np.array([5, 9, 1, 1, 1, 8, 7.5, 8, 0, 9.0])).tolist()
        [3, 8]
    """
    gap = np.asarray(gap_mm, np.float64)
    if len(gap) < 3:
        return np.zeros(0, np.int64)
    low, high = np.percentile(gap, RANGE_PERCENTILES)
    scaled = (gap - low) / max(1e-9, high - low)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(scaled)) + 1])  # of runs of equal values
    ends = np.concatenate([starts[1:], [len(scaled)]]) - 1
    level = scaled[starts]
    inner = np.arange(1, len(level) - 1)
    minima = inner[
        (level[inner] < level[inner - 1])
        & (level[inner] < level[inner + 1])
        & (level[inner] < LEVEL)
    ]
    deep = [i for i in minima if _stands_out(level[i::-1]) and _stands_out(level[i:])]
    return ((starts[deep] + ends[deep]) // 2).astype(np.int64)


def _stands_out(levels: NDArray[np.float64]) -> bool:
    """Return whether a curve rises by `PROMINENCE` above its first value before it falls below."""
    start, block = 1, 64
    while start < len(levels):
        part = levels[start : start + block] - levels[0]
        rises, falls = part >= PROMINENCE, part < 0
        if rises.any() or falls.any():
            first_rise = int(rises.argmax()) if rises.any() else len(part)
            first_fall = int(falls.argmax()) if falls.any() else len(part)
            return first_rise < first_fall
        start, block = start + block, 4 * block
    return False


def closure_f1(
    real: NDArray[np.int64], ours: NDArray[np.int64], fps: float, late_frames: int = 0
) -> float:
    """Return the F1 score of closures: of real ones and ours, which share lies together in time.

    Closures belong together within 67 ms, one to one, after ours are moved by the lag.

    Args:
        real: the frames of the captured closures [n], in order.
        ours: the frames of ours [m].
        fps: frames per second.
        late_frames: by how many frames ours are late.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.agreement import closure_f1
        >>> round(closure_f1(np.array([10, 30]), np.array([11, 50]), 60.0), 2)
        0.5
    """
    if not len(real) and not len(ours):
        return float("nan")
    moved = np.sort(ours - late_frames)
    tolerance = round(TOLERANCE_S * fps)
    free, hits = np.ones(len(moved), bool), 0
    firsts = np.searchsorted(moved, real - tolerance)
    lasts = np.searchsorted(moved, real + tolerance, side="right")
    for frame, first, last in zip(real, firsts, lasts, strict=True):
        near = first + np.flatnonzero(free[first:last])
        if len(near):
            free[near[np.abs(moved[near] - frame).argmin()]] = False
            hits += 1
    return 2 * hits / (len(real) + len(ours))


def chance_f1(real: NDArray[np.int64], ours: NDArray[np.int64], n_frames: int, fps: float) -> float:
    """Return the F1 score that closures reach by chance: the mean after ours are shifted in time.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.agreement import chance_f1
        >>> closures = np.cumsum(np.random.default_rng(0).integers(10, 80, 500))
        >>> chance_f1(closures, closures, int(closures[-1]) + 1, 60.0) < 0.4
        True
    """
    shifts = [round(shift_s * fps) for shift_s in CHANCE_SHIFTS_S]
    return float(np.mean([closure_f1(real, (ours + each) % n_frames, fps) for each in shifts]))

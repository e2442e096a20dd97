"""How good a face is: lips that close, lips that open, error, jitter, size and cost.

All of them are plain functions of curves, phones with times, and a network's shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.learn.phones import BILABIALS, OPEN_VOWELS
from marotte.learn.utterance import Phone

CLOSED_MM = 1.5  # a lip gap at or below this is a closed mouth: docs/metrics.md shows it
NEIGHBOURS = 2  # k: frames at 60 fps on either side of a bilabial's middle that may be its closure


@dataclass(frozen=True)
class Closures:
    """How lips behaved where they must meet and where they must not.

    Attributes:
        bilabial_mm: for each /p b m/, the least lip gap of the frame at its middle and its
            k neighbours on either side.
        open_mm: for each open vowel, the lip gap of the frame at its middle.
    """

    bilabial_mm: NDArray[np.float64]
    open_mm: NDArray[np.float64]

    @property
    def pbm(self) -> float:
        """Share of /p b m/ with closed lips: PBM accuracy, section 4.2."""
        return _share(self.bilabial_mm <= CLOSED_MM)

    @property
    def false_closure(self) -> float:
        """Share of open vowels with closed lips."""
        return _share(self.open_mm <= CLOSED_MM)

    @property
    def auc(self) -> float:
        """Chance that a random /p b m/ has a smaller gap than a random open vowel."""
        if not len(self.bilabial_mm) or not len(self.open_mm):
            return float("nan")
        openings = np.sort(self.open_mm)
        above = len(openings) - np.searchsorted(openings, self.bilabial_mm, side="right")
        ties = np.searchsorted(openings, self.bilabial_mm, side="right") - np.searchsorted(
            openings, self.bilabial_mm, side="left"
        )
        return float((above + 0.5 * ties).mean() / len(openings))


def closures(gap_mm: NDArray[np.floating], fps: float, phones: Sequence[Phone]) -> Closures:
    """Measure one utterance.

    Args:
        gap_mm: the lip gap of each frame [n_frames].
        fps: frames a second; k neighbours at 60 fps are as many milliseconds at any rate.
        phones: with times.
    """
    reach = round(NEIGHBOURS * fps / 60)
    bilabial, opened = [], []
    for phone in phones:
        middle = round(0.5 * (phone.start_s + phone.end_s) * fps)
        if not 0 <= middle < len(gap_mm):
            continue
        if phone.ipa in BILABIALS:
            bilabial.append(gap_mm[max(0, middle - reach) : middle + reach + 1].min())
        elif phone.ipa in OPEN_VOWELS:
            opened.append(gap_mm[middle])
    return Closures(np.array(bilabial, np.float64), np.array(opened, np.float64))


def pool(parts: Sequence[Closures]) -> Closures:
    """Several utterances' closures as one."""
    return Closures(
        np.concatenate([np.zeros(0), *(p.bilabial_mm for p in parts)]),
        np.concatenate([np.zeros(0), *(p.open_mm for p in parts)]),
    )


def jitter(height_mm: NDArray[np.floating], fps: float) -> float:
    """How much a vertex trembles: its mean acceleration against its mean velocity.

    The paper's eqs 9-10 are lost; ours is mean |a| / mean |v| of the lower lip's mid vertex, with
    a and v its second and first differences in mm a frame, scaled to 60 fps: 0 for a uniform
    motion, 2 for a vertex that turns back at every frame.

    Args:
        height_mm: the vertex's height in each frame [n_frames].
        fps: frames a second.
    """
    first, second = np.diff(height_mm), np.diff(height_mm, 2)
    speed = np.abs(first).mean() if len(first) else 0.0
    if speed == 0 or not len(second):
        return 0.0
    return float(np.abs(second).mean() / speed * fps / 60)


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if len(hits) else float("nan")

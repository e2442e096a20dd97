"""How good a face is: lips that close, lips that open, error, jitter, size and cost.

All of them are plain functions of curves, phones with times, and a network's shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from marotte.learn.speech.phones import BILABIALS, OPEN_VOWELS
from marotte.learn.utterance import Phone

CLOSED_MM = 1.5  # a lip gap at or below this is a closed mouth: docs/metrics.md shows it
NEIGHBOURS = 2  # k: frames at 60 fps on either side of a bilabial's middle that may be its closure
TIMING_S = 0.1  # how far on either side of a bilabial's middle its closure is looked for
LEAST_MM = 0.2  # gaps this near to the least one are the closure's own


@dataclass(frozen=True)
class Closures:
    """How lips behaved where they must meet and where they must not.

    Attributes:
        bilabial_mm: for each /p b m/, the least lip gap of the frame at its middle and its
            k neighbours on either side.
        open_mm: for each open vowel, the lip gap of the frame at its middle.
        offset_ms: for each /p b m/, how much later than its middle the lips are nearest.
        contact_ms: for each /p b m/, how long the lips stay closed around its middle; 0 where
            they do not close.
    """

    bilabial_mm: NDArray[np.float64]
    open_mm: NDArray[np.float64]
    offset_ms: NDArray[np.float64]
    contact_ms: NDArray[np.float64]

    @property
    def pbm(self) -> float:
        """Share of /p b m/ with closed lips: PBM accuracy, section 4.2."""
        return _share(self.bilabial_mm <= CLOSED_MM)

    @property
    def false_closure(self) -> float:
        """Share of open vowels with closed lips."""
        return _share(self.open_mm <= CLOSED_MM)

    @property
    def balanced(self) -> float:
        """The mean of PBM accuracy and of the share of open vowels that are open."""
        return 0.5 * (self.pbm + 1 - self.false_closure)

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

    @property
    def timing_ms(self) -> float:
        """Median of `offset_ms`: above 0 the lips are late."""
        return float(np.median(self.offset_ms)) if len(self.offset_ms) else float("nan")

    @property
    def mean_contact_ms(self) -> float:
        """Mean of `contact_ms`, missed closures included."""
        return float(self.contact_ms.mean()) if len(self.contact_ms) else float("nan")


def closures(gap_mm: NDArray[np.floating], fps: float, phones: Sequence[Phone]) -> Closures:
    """Measure one utterance.

    Args:
        gap_mm: the lip gap of each frame [n_frames].
        fps: frames a second; k neighbours at 60 fps are as many milliseconds at any rate.
        phones: with times.
    """
    reach = round(NEIGHBOURS * fps / 60)
    bilabial, opened, offset, contact = [], [], [], []
    for phone in phones:
        middle_s = 0.5 * (phone.start_s + phone.end_s)
        middle = round(middle_s * fps)
        if not 0 <= middle < len(gap_mm):
            continue
        if phone.ipa in BILABIALS:
            bilabial.append(gap_mm[max(0, middle - reach) : middle + reach + 1].min())
            offset.append(1000 * (_nearest_s(gap_mm, fps, middle) - middle_s))
            contact.append(1000 * _contact_frames(gap_mm, fps, middle, reach) / fps)
        elif phone.ipa in OPEN_VOWELS:
            opened.append(gap_mm[middle])
    return Closures(*(np.array(each, np.float64) for each in (bilabial, opened, offset, contact)))


def _nearest_s(gap_mm: NDArray[np.floating], fps: float, middle: int) -> float:
    """When, within `TIMING_S` of a frame, lips are nearest: the middle of where they stay so."""
    first = max(0, middle - round(TIMING_S * fps))
    near = gap_mm[first : middle + round(TIMING_S * fps) + 1]
    return float(first + np.flatnonzero(near <= near.min() + LEAST_MM).mean()) / fps


def _contact_frames(gap_mm: NDArray[np.floating], fps: float, middle: int, reach: int) -> int:
    """Closed frames in one piece about the closure at a frame, within `TIMING_S` of it."""
    around = gap_mm[max(0, middle - reach) : middle + reach + 1]
    if around.min() > CLOSED_MM:
        return 0
    least = max(0, middle - reach) + int(around.argmin())
    first = last = least
    earliest, latest = middle - round(TIMING_S * fps), middle + round(TIMING_S * fps)
    while first > max(0, earliest) and gap_mm[first - 1] <= CLOSED_MM:
        first -= 1
    while last < min(len(gap_mm) - 1, latest) and gap_mm[last + 1] <= CLOSED_MM:
        last += 1
    return last - first + 1


def pool(parts: Sequence[Closures]) -> Closures:
    """Several utterances' closures as one."""
    empty = np.zeros(0)
    return Closures(
        *(
            np.concatenate([empty, *(getattr(part, field.name) for part in parts)])
            for field in fields(Closures)
        )
    )


def open_share(gap_mm: NDArray[np.floating]) -> float:
    """Share of frames whose lips are open: what should be 0 where nobody speaks."""
    return _share(gap_mm > CLOSED_MM)


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

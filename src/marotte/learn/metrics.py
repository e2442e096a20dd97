"""Metrics of a face: lip closures, mouth opening and jitter, from lip gaps and timed phones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.learn.speech.phones import BILABIALS, OPEN_VOWELS
from marotte.learn.utterance import Phone

CLOSED_MM = 1.5  # the mouth is closed at this lip gap or less: docs/metrics.md shows why
NEIGHBOURS = 2  # k: a closure counts within k frames at 60 fps of the middle of a bilabial
TIMING_S = 0.1  # a closure is searched within this time of the middle of a bilabial
NEAR_MINIMUM_MM = 0.2  # gaps within this distance of the smallest one belong to the closure


@final
@dataclass(frozen=True)
class Closures:
    """Lip gaps where the lips must meet and where they must not.

    Attributes:
        bilabial_mm: for each /p b m/, the smallest lip gap of the frame at its middle and of
            the k frames on either side.
        open_mm: for each open vowel, the lip gap of the frame at its middle.
        offset_ms: for each /p b m/, the time from its middle to the smallest lip gap; positive
            if the lips are late.
        contact_ms: for each /p b m/, how long the lips stay closed around its middle; 0 if they
            do not close.
    """

    bilabial_mm: NDArray[np.float64]
    open_mm: NDArray[np.float64]
    offset_ms: NDArray[np.float64]
    contact_ms: NDArray[np.float64]

    @property
    def pbm(self) -> float:
        """Share of /p b m/ with closed lips: PBM accuracy, section 4.2 of the paper."""
        return self.pbm_at(CLOSED_MM)

    @property
    def false_closure(self) -> float:
        """Share of open vowels with closed lips."""
        return self.false_closure_at(CLOSED_MM)

    def pbm_at(self, gap_mm: float) -> float:
        """Share of /p b m/ whose lip gap is at most `gap_mm`."""
        return _share(self.bilabial_mm <= gap_mm)

    def false_closure_at(self, gap_mm: float) -> float:
        """Share of open vowels whose lip gap is at most `gap_mm`."""
        return _share(self.open_mm <= gap_mm)

    def threshold_mm(self, false_closure: float) -> float:
        """Return the lip gap at or below which a share of the open vowels lies; NaN without any.

        Example:
            >>> none = np.zeros(0)
            >>> Closures(none, np.arange(1, 101.0), none, none).threshold_mm(0.02)
            2.98
        """
        return float(np.quantile(self.open_mm, false_closure)) if len(self.open_mm) else np.nan

    @property
    def balanced(self) -> float:
        """Mean of the PBM accuracy and the share of open vowels with open lips."""
        return 0.5 * (self.pbm + 1 - self.false_closure)

    @property
    def auc(self) -> float:
        """Probability that a random /p b m/ has a smaller lip gap than a random open vowel."""
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
        """Median of `offset_ms`; positive if the lips are late."""
        return float(np.median(self.offset_ms)) if len(self.offset_ms) else float("nan")

    @property
    def mean_contact_ms(self) -> float:
        """Mean of `contact_ms`, missed closures included."""
        return float(self.contact_ms.mean()) if len(self.contact_ms) else float("nan")


def closures(gap_mm: NDArray[np.floating], fps: float, phones: Sequence[Phone]) -> Closures:
    """Measure the lip closures of one utterance.

    Args:
        gap_mm: the lip gap of each frame [n_frames].
        fps: frame rate; the k neighbours at 60 fps span the same time at any frame rate.
        phones: the phones with their times.

    Example:
        >>> gap_mm = np.array([9.0, 9.0, 0.5, 9.0, 9.0, 9.0])
        >>> closures(gap_mm, 60, [Phone("b", 0.01, 0.05)]).pbm
        1.0
    """
    neighbours = round(NEIGHBOURS * fps / 60)
    bilabial, opened, offset, contact = [], [], [], []
    for phone in phones:
        middle_s = 0.5 * (phone.start_s + phone.end_s)
        middle = round(middle_s * fps)
        if not 0 <= middle < len(gap_mm):
            continue
        if phone.ipa in BILABIALS:
            bilabial.append(gap_mm[max(0, middle - neighbours) : middle + neighbours + 1].min())
            offset.append(1000 * (_nearest_s(gap_mm, fps, middle) - middle_s))
            contact.append(1000 * _contact_frames(gap_mm, fps, middle, neighbours) / fps)
        elif phone.ipa in OPEN_VOWELS:
            opened.append(gap_mm[middle])
    return Closures(*(np.array(each, np.float64) for each in (bilabial, opened, offset, contact)))


def _nearest_s(gap_mm: NDArray[np.floating], fps: float, middle: int) -> float:
    """Return when the lips are nearest within `TIMING_S` of a frame: the mean of such frames."""
    first = max(0, middle - round(TIMING_S * fps))
    gaps = gap_mm[first : middle + round(TIMING_S * fps) + 1]
    return float(first + np.flatnonzero(gaps <= gaps.min() + NEAR_MINIMUM_MM).mean()) / fps


def _contact_frames(gap_mm: NDArray[np.floating], fps: float, middle: int, neighbours: int) -> int:
    """Count the adjacent closed frames around the smallest gap, within `TIMING_S` of a frame."""
    window = gap_mm[max(0, middle - neighbours) : middle + neighbours + 1]
    if window.min() > CLOSED_MM:
        return 0
    smallest = max(0, middle - neighbours) + int(window.argmin())
    first = last = smallest
    earliest, latest = middle - round(TIMING_S * fps), middle + round(TIMING_S * fps)
    while first > max(0, earliest) and gap_mm[first - 1] <= CLOSED_MM:
        first -= 1
    while last < min(len(gap_mm) - 1, latest) and gap_mm[last + 1] <= CLOSED_MM:
        last += 1
    return last - first + 1


def pool(parts: Sequence[Closures]) -> Closures:
    """Concatenate the closures of several utterances."""
    empty = np.zeros(0)
    return Closures(
        *(
            np.concatenate([empty, *(getattr(part, field.name) for part in parts)])
            for field in fields(Closures)
        )
    )


def open_share(gap_mm: NDArray[np.floating]) -> float:
    """Return the share of frames with open lips; it should be 0 while nobody speaks.

    Example:
        >>> open_share(np.array([0.2, 1.5, 4.0, 0.9]))
        0.25
    """
    return _share(gap_mm > CLOSED_MM)


def jitter(height_mm: NDArray[np.floating], fps: float) -> float:
    """Return the jitter of a vertex: its mean acceleration divided by its mean velocity.

    Equations 9 and 10 of the paper are lost. Ours is mean |a| / mean |v| of the vertex in the
    middle of the lower lip. Here v and a are its first and second differences in mm per frame,
    scaled to 60 fps. The jitter is 0 for a uniform motion and 2 for a vertex that turns back in
    every frame.

    Args:
        height_mm: the height of the vertex in each frame [n_frames].
        fps: frame rate.

    Example:
        >>> jitter(np.arange(10.0), 60), jitter(np.tile([0.0, 1.0], 5), 60)
        (0.0, 2.0)
    """
    first, second = np.diff(height_mm), np.diff(height_mm, 2)
    speed = np.abs(first).mean() if len(first) else 0.0
    if speed == 0 or not len(second):
        return 0.0
    return float(np.abs(second).mean() / speed * fps / 60)


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if len(hits) else float("nan")

"""A measured distance of the lips in mm in, controls that show it on the packaged head out."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52

EYE_CORNERS_MM = 90.0
"""Distance of the outer eye corners of an adult: it turns distances in pictures into mm."""

ADJUSTED = {
    "jawOpen": 0.095,
    "mouthClose": 0.061,
    "mouthLowerDownLeft": 0.118,
    "mouthLowerDownRight": 0.118,
    "mouthUpperUpLeft": 0.103,
    "mouthUpperUpRight": 0.103,
}
"""The controls that change, and how readily: their standard deviation in real takes."""

CONTACT_MM = 0.6  # trackers measure up to this much more than their least where lips touch
PRESSED_MM = (0.5, 1.5)  # how much closer than at rest pressed lips are: in speech, and at most


@dataclass(frozen=True)
class LipGap:
    """One person's lip gap, and what it means on the packaged head.

    Attributes:
        rest_mm: what the tracker measures at rest.
        closed_mm: what the tracker measures when the lips touch.
    """

    rest_mm: float
    closed_mm: float

    def target_mm(self, measured_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the gap [n] on the packaged head, above its gap at rest, for measured gaps [n]."""
        above = np.maximum(measured_mm - self.rest_mm, 0)
        # Near the resting gap, the tracker's noise must not move the jaw.
        return above * np.clip(above / CONTACT_MM - 1, 0, 1)

    def touching(self, measured_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether the lips touch [n]."""
        return measured_mm <= self.closed_mm + CONTACT_MM

    def impose(
        self,
        curves: NDArray[np.float64],
        measured_mm: NDArray[np.float64],
        speech: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """Return curves [n_frames, 52] whose lip gap is the measured one.

        Where the lips touch, the controls say how firmly they are pressed, within `PRESSED_MM`.
        """
        rest_mm, weights = arkit_lip_gap()
        gap_mm = curves @ weights + rest_mm
        touching = self.touching(measured_mm)
        wanted_mm = rest_mm + self.target_mm(measured_mm)
        highest_mm = rest_mm - np.where(speech, PRESSED_MM[0], 0)
        pressed_mm = np.clip(gap_mm, rest_mm - PRESSED_MM[1], highest_mm)
        return with_lip_gap(curves, np.where(touching, pressed_mm, wanted_mm))


@functools.cache
def arkit_lip_gap() -> tuple[float, NDArray[np.float64]]:
    """Return the packaged head's lip gap as a linear function of ARKit's controls.

    Returns:
        the gap at rest in mm, and its change per control in mm [52].
    """
    rest_mm, weights = load_head().lip_gap_weights(ARKIT_52.names)
    return rest_mm, weights.astype(np.float64)


def with_lip_gap(
    curves: NDArray[np.float64],
    wanted_mm: NDArray[np.float64],
    adjusted: Mapping[str, float] = ADJUSTED,
) -> NDArray[np.float64]:
    """Return curves [n_frames, 52] whose lip gap on the packaged head is a given one.

    Each control changes by `step * readiness ** 2 * weight` and stays within 0..1: the smallest
    change in units of its readiness.

    Args:
        curves: ARKit controls [n_frames, 52].
        wanted_mm: the lip gap [n_frames] in mm.
        adjusted: the controls that change, and how readily.

    Example:
        >>> import numpy as np
        >>> from marotte import ARKIT_52, load_head
        >>> from marotte.learn.capture.lip_gap import with_lip_gap
        >>> opened = with_lip_gap(np.zeros((1, 52)), np.array([8.0]))
        >>> round(float(load_head().lip_gap(opened, ARKIT_52.names)[0]), 3)
        8.0
    """
    rest_mm, weights = arkit_lip_gap()
    columns = [ARKIT_52.index[name] for name in adjusted]
    chosen = weights[columns]
    direction = np.array(list(adjusted.values())) ** 2 * chosen
    fixed_mm = curves @ weights + rest_mm - curves[:, columns] @ chosen
    result = curves.copy()
    result[:, columns] = _project(curves[:, columns], direction, chosen, wanted_mm - fixed_mm)
    return result


def fit_lip_gap(rest_mm: NDArray[np.float64], speech_mm: NDArray[np.float64]) -> LipGap:
    """Return the lip gap of a person from measured gaps at rest [n] and in speech [n]."""
    rest = float(np.median(rest_mm)) if len(rest_mm) else 0.0
    closed = float(np.percentile(speech_mm, 2)) if len(speech_mm) else rest
    return LipGap(rest, min(closed, rest))


def _project(
    controls: NDArray[np.float64],
    direction: NDArray[np.float64],
    weights: NDArray[np.float64],
    wanted: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Move controls [n, k] along a direction [k], within 0..1, until their weighted sum fits.

    The weighted sum grows with the step, so bisection finds the step. Where no step reaches the
    sum, the controls end at the limit that is nearest to it.
    """
    reach = float(1 / np.abs(direction).min())  # moves each control from one limit to the other
    low, high = np.full(len(controls), -reach), np.full(len(controls), reach)
    for _ in range(40):
        middle = (low + high) / 2
        moved = np.clip(controls + middle[:, None] * direction, 0, 1)
        too_much = moved @ weights > wanted
        high = np.where(too_much, middle, high)
        low = np.where(too_much, low, middle)
    return np.clip(controls + ((low + high) / 2)[:, None] * direction, 0, 1)

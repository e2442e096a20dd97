"""Frames in; the same frames with a mouth that moves more or less out: gain and vocal effort.

Gain scales all movements of mouth and jaw, so that rounding and smiling grow with the opening.
Effort scales the opening alone: jaw and lips part further in loud speech, and the shape of the lips
stays. Neither opens closed lips nor changes how much they are pressed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Frame
from marotte.face.rig import Rig
from marotte.postprocess.easing import Follower
from marotte.postprocess.effort import EffortMeter
from marotte.postprocess.lips import CLOSED_MM, PARTING, PRESSING, Lips

OPENING = ("jawOpen", "mouthClose", *PARTING)  # mouthClose takes back what jawOpen opens
SETTLING_S = 0.15  # after gain or effort was changed by hand


@final
class MouthOpening:
    """Scales the movements of the mouth.

    Attributes:
        gain: the factor of all movements of mouth and jaw; it may be changed between frames.
        effort: the factor of the opening, or None to follow the voice; it may be changed, too.

    Example:
        >>> from marotte import ARKIT_52, Frame
        >>> from marotte.postprocess.opening import MouthOpening
        >>> controls = ARKIT_52.neutral(1)[0]
        >>> controls[ARKIT_52.index["jawOpen"]] = 0.2
        >>> frame = MouthOpening(ARKIT_52, 16_000, gain=2.0).apply(Frame(0.0, 0.0, controls))
        >>> round(float(frame.controls[ARKIT_52.index["jawOpen"]]), 2)
        0.37
    """

    def __init__(self, rig: Rig, rate: int, gain: float = 1.0, effort: float | None = 1.0) -> None:
        """Start at the beginning of a sound.

        Args:
            rig: the rig of the frames.
            rate: sample rate of the sound, in Hz.
            gain: the factor of all movements of mouth and jaw, 0 to 3.
            effort: the factor of the opening, 0.5 to 2; None to follow loudness and pitch.

        Raises:
            MarotteError: the rig has none of the controls that move the lips.
        """
        self.rig, self.gain, self.effort = rig, gain, effort
        self._lips = Lips(rig)
        self._rate, self._n_pushed = rate, 0
        self._meter: EffortMeter | None = None  # measures from the moment at which it is needed
        self._meter_start_s = 0.0
        self._set = Follower((gain, 1.0 if effort is None else effort), SETTLING_S)
        self._follows = Follower(float(effort is None), SETTLING_S)
        moved = [n.startswith(("jaw", "mouth")) and n not in PRESSING for n in rig.names]
        self._moved = np.array(moved)
        self._opening = np.array([name in OPENING for name in rig.names])

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Measure the effort of the next samples [n], if effort follows the voice."""
        if self.effort is None and self._meter is None:
            self._meter = EffortMeter(self._rate)
            self._meter_start_s = self._n_pushed / self._rate
        if self._meter is not None:
            self._meter.push_samples(samples)
        self._n_pushed += len(samples)

    def apply(self, frame: Frame) -> Frame:
        """Return the changed frame; it is the frame itself if both factors are 1."""
        gain, opening = self._factors(frame.time_s)
        if gain == opening == 1:
            return frame
        factors = np.where(self._moved, gain, 1.0)
        factors[self._opening] = opening
        gap_mm = scaled_gap(float(self._lips.gap(frame.controls)), opening, self._lips.rest_mm)
        scaled = self.rig.clamp((factors * frame.controls).astype(np.float32))
        held = self._lips.hold(scaled, gap_mm)
        return replace(frame, controls=self.rig.clamp(held.astype(np.float32)))

    def _factors(self, time_s: float) -> tuple[float, float]:
        """Return the factors of all movements and of the opening."""
        fixed = 1.0 if self.effort is None else self.effort
        gain, effort = self._set.at((self.gain, fixed), time_s).tolist()
        follows = float(self._follows.at(float(self.effort is None), time_s))
        measured = 1.0
        if self._meter is not None:
            measured = self._meter.factor(max(0.0, time_s - self._meter_start_s))
        return gain, gain * (effort + follows * (measured - 1))


def scaled_gap(gap_mm: float, factor: float, rest_mm: float) -> float:
    """Return a lip gap after its opening is scaled, in mm: closed lips stay closed.

    A factor above 1 scales what exceeds the gap of closed lips, one below 1 what exceeds the gap
    at rest, so that the gap stays continuous and lips at rest stay at rest.

    Example:
        >>> from marotte.postprocess.opening import scaled_gap
        >>> [scaled_gap(gap, 2.0, 0.5) for gap in (-1.0, 1.5, 3.5)]
        [-1.0, 1.5, 5.5]
        >>> [scaled_gap(gap, 0.5, 0.5) for gap in (-1.0, 1.5, 3.5)]
        [-1.0, 1.0, 2.0]
    """
    start_mm = CLOSED_MM if factor > 1 else rest_mm
    return gap_mm + (factor - 1) * max(0.0, gap_mm - start_mm)

"""Frames in; the same frames in a mood out, with the same lip gap.

A mood's mouth moves with speech, not against it: the lip gap of each frame stays what it was, so
pressed lips stay pressed and open ones open. What parts the lips in a mood is held back while they
are closed, and what widens them while they are round.
"""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import Rig
from marotte.postprocess.easing import Follower, ease
from marotte.postprocess.lips import CLOSED_MM, PARTING, Floats, Lips
from marotte.postprocess.moods import mood_controls

SETTLING_S = 0.6  # of an expression; people take 0.5 to 0.8 s (Schmidt, Cohn & Tian 2003)
PARTED_MM = 10.0  # from this lip gap on, nothing of a mood is held back
ROUND = ("mouthPucker", "mouthFunnel")
ROUND_AT = 0.5  # the sum of both at which lips are fully round
LEFT_WHEN_ROUND = 0.35  # of what widens the lips
WIDE = ("mouthSmile", "mouthStretch", "mouthFrown")
EXACT_MM = 0.02
HALVINGS = 7


@final
class Mood:
    """Adds a mood to frames, in the order of time, and eases into it.

    Example:
        >>> from marotte import ARKIT_52, Frame
        >>> from marotte.postprocess.mood import Mood
        >>> mood = Mood(ARKIT_52, "happy", intensity=1.0)
        >>> frames = [mood.apply(Frame(k / 60, 0.0, ARKIT_52.neutral(1)[0])) for k in range(120)]
        >>> smile = ARKIT_52.index["mouthSmileLeft"]
        >>> [round(float(frames[k].controls[smile]), 2) for k in (0, 36, 119)]
        [0.0, 0.68, 0.75]
    """

    def __init__(self, rig: Rig, mood: str, intensity: float) -> None:
        """Start with a neutral face.

        Args:
            rig: the rig of the frames.
            mood: a key of `MOODS`.
            intensity: 0 for none of the mood, 1 for all of it.

        Raises:
            MarotteError: there is no such mood, or the rig can't show moods.
        """
        if not any(name in rig.index for name in mood_controls("happy")):
            raise MarotteError(
                f"rig {rig.name!r} has none of ARKit's controls that show moods: leave mood out"
            )
        self.rig = rig
        self._lips = Lips(rig)
        self._parting, self._wide, self._mouth = (
            np.array([name.startswith(starts) for name in rig.names])
            for starts in (PARTING, WIDE, ("mouth", "jaw"))
        )
        self._round = [rig.index[name] for name in ROUND if name in rig.index]
        self._now = Follower(np.zeros(len(rig.names)), SETTLING_S)
        self.set(mood, intensity)

    def set(self, mood: str, intensity: float) -> None:
        """Change the mood; the face gets there smoothly.

        Raises:
            MarotteError: there is no such mood.
        """
        self._target = np.zeros(len(self.rig.names))
        for name, value in mood_controls(mood).items():
            if name in self.rig.index:
                self._target[self.rig.index[name]] = intensity * value

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Do nothing: a mood does not depend on the sound."""

    def apply(self, frame: Frame) -> Frame:
        """Return the frame in the mood of its moment."""
        pose = self._now.at(self._target, frame.time_s)
        if not pose.any():
            return frame
        before = frame.controls.astype(np.float64)
        gap_mm = float(self._lips.gap(before))
        pose = pose * self._shares(before, gap_mm)
        changed = self._with(before, pose, gap_mm)
        if abs(self._lips.gap(changed) - gap_mm) > EXACT_MM:
            changed = self._held_back(before, pose, gap_mm)
        return replace(frame, controls=changed.astype(np.float32))

    def _shares(self, controls: Floats, gap_mm: float) -> Floats:
        """Return how much of each control of the mood this frame takes, 0..1."""
        shares = np.ones(len(controls))
        shares[self._parting] = ease((gap_mm - CLOSED_MM) / (PARTED_MM - CLOSED_MM))
        roundness = ease(float(controls[self._round].sum()) / ROUND_AT)
        shares[self._wide] = 1 - (1 - LEFT_WHEN_ROUND) * roundness
        return shares

    def _with(self, controls: Floats, pose: Floats, gap_mm: float) -> Floats:
        """Return controls with a pose added and the lip gap as near to `gap_mm` as it gets."""
        low, high = np.array(self.rig.minimum), np.array(self.rig.maximum)
        return self._lips.hold((controls + pose).clip(low, high), gap_mm)

    def _held_back(self, controls: Floats, pose: Floats, gap_mm: float) -> Floats:
        """Return controls with as much of the pose's mouth as leaves the lip gap.

        This is for mouths at the end of their range, where no control is left to correct the gap.
        """
        lowest, highest = 0.0, 1.0
        kept = self._with(controls, np.where(self._mouth, 0.0, pose), gap_mm)
        for _ in range(HALVINGS):
            share = (lowest + highest) / 2
            tried = self._with(controls, np.where(self._mouth, share * pose, pose), gap_mm)
            if abs(self._lips.gap(tried) - gap_mm) > EXACT_MM:
                highest = share
            else:
                lowest, kept = share, tried
        return kept

"""Frames in; the same frames with motion that the user changes while they are made out."""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Frame
from marotte.face.rig import Rig
from marotte.postprocess.easing import Follower
from marotte.postprocess.gaze import Gaze
from marotte.postprocess.idle_motion import IdleMotion
from marotte.postprocess.mood import Mood
from marotte.postprocess.motion import Motion
from marotte.postprocess.opening import MouthOpening
from marotte.postprocess.saccades import Saccades

FADING_S = 0.4


@final
class LiveMotion:
    """All motion of `make_processors`, in the same order, with settings that may change.

    Example:
        >>> from marotte import ARKIT_52, Frame
        >>> from marotte.postprocess.live_motion import LiveMotion
        >>> from marotte.postprocess.motion import Motion
        >>> live = LiveMotion(ARKIT_52, 16_000, Motion())
        >>> frame = Frame(0.0, 0.0, ARKIT_52.neutral(1)[0])
        >>> live.apply(frame) is frame  # nothing is added yet
        True
        >>> live.set(Motion(mood="happy"))
        >>> bool(live.apply(Frame(1.0, 0.0, frame.controls)).controls.any())
        True
    """

    def __init__(self, rig: Rig, rate: int, motion: Motion) -> None:
        """Start with some motion.

        Args:
            rig: the rig of the frames.
            rate: sample rate of the sound, in Hz.
            motion: the first settings.

        Raises:
            MarotteError: the rig can't have motion.
        """
        self.rig = rig
        saccades = Saccades(motion.seed)
        self._opening = MouthOpening(rig, rate, motion.gain, motion.opening)
        self._mood = Mood(rig, motion.mood, motion.intensity)
        # Blinks know the saccades even while gaze is off: it may be turned on at any time.
        self._idle_motion = IdleMotion(rig, rate, motion.seed, saccades)
        self._gaze = Gaze(rig, saccades)
        self._motion = motion
        self._added = Follower((motion.idle_motion, motion.gaze), FADING_S)

    def set(self, motion: Motion) -> None:
        """Change the settings, all but the seed; the face gets there smoothly."""
        self._motion = motion
        self._opening.gain, self._opening.effort = motion.gain, motion.opening
        self._mood.set(motion.mood, motion.intensity)

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Take in the next samples [n] of the sound."""
        self._opening.push_samples(samples)
        self._idle_motion.push_samples(samples)

    def apply(self, frame: Frame) -> Frame:
        """Return the changed frame; it is the frame itself while nothing is added."""
        wanted = (self._motion.idle_motion, self._motion.gaze)
        idle_motion, gaze = self._added.at(wanted, frame.time_s).tolist()
        frame = self._mood.apply(self._opening.apply(frame))
        frame = _mixed(frame, self._idle_motion.apply(frame), idle_motion)
        return _mixed(frame, self._gaze.apply(frame), gaze)


def _mixed(before: Frame, after: Frame, share: float) -> Frame:
    """Return a frame between two, `share` of the way."""
    if share == 0:
        return before
    if share == 1:
        return after
    controls = before.controls + np.float32(share) * (after.controls - before.controls)
    head = np.array(before.head) + share * (np.array(after.head) - before.head)
    yaw, pitch, roll = head.tolist()
    return replace(after, controls=controls, head=(yaw, pitch, roll))

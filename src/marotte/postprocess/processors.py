"""Frames of the student in; the same frames with added motion, and retargeted, out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Animation, Frame
from marotte.face.rig import Rig
from marotte.postprocess.gaze import Gaze
from marotte.postprocess.idle_motion import IdleMotion
from marotte.postprocess.mood import Mood
from marotte.postprocess.motion import NO_MOTION, Motion
from marotte.postprocess.opening import MouthOpening
from marotte.postprocess.retarget import load_retarget
from marotte.postprocess.saccades import Saccades


class FrameProcessor(Protocol):
    """Changes frames. Frames come in order, each after the sound that it was computed from."""

    @property
    def rig(self) -> Rig:
        """The rig of the frames that `apply` returns."""
        ...

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Take in the next samples [n] of the sound."""
        ...

    def apply(self, frame: Frame) -> Frame:
        """Return the changed frame."""
        ...


def make_processors(
    rig: Rig,
    rate: int,
    motion: Motion = NO_MOTION,
    *,
    retarget: str | os.PathLike[str] | None = None,
) -> list[FrameProcessor]:
    """Make the processors that the options ask for, in the order in which they change a frame.

    Gain and effort scale what the student says. Mood adds to that and keeps the lip gap. Idle
    motion adds blinks, which shut eyes that a mood widens, and moves the head. Gaze turns the eyes
    against the head. The retarget file comes last: everything else is made for the student's rig.

    Args:
        rig: the rig of the student's frames.
        rate: sample rate of the sound, in Hz.
        motion: the motion to add.
        retarget: the path of a retarget file.

    Raises:
        MarotteError: the rig can't have this motion, or the retarget file can't be used.

    Example:
        >>> from marotte import ARKIT_52
        >>> from marotte.postprocess.motion import Motion
        >>> from marotte.postprocess.processors import make_processors
        >>> motion = Motion(gain=1.2, idle_motion=True)
        >>> [type(each).__name__ for each in make_processors(ARKIT_52, 16_000, motion)]
        ['MouthOpening', 'IdleMotion']
    """
    processors: list[FrameProcessor] = []
    saccades = Saccades(motion.seed) if motion.gaze else None
    if motion.moves_mouth:
        processors.append(MouthOpening(rig, rate, motion.gain, motion.opening))
    if motion.has_mood:
        processors.append(Mood(rig, motion.mood, motion.intensity))
    if motion.idle_motion:
        processors.append(IdleMotion(rig, rate, motion.seed, saccades))
    if saccades is not None:
        processors.append(Gaze(rig, saccades))
    if retarget is not None:
        processors.append(load_retarget(Path(retarget), rig))
    return processors


def process(animation: Animation, processors: Sequence[FrameProcessor]) -> Animation:
    """Apply processors to every frame of an animation; they must be made for sound at 16 kHz.

    Example:
        >>> from marotte import ARKIT_52, Animation
        >>> from marotte.postprocess.motion import Motion
        >>> from marotte.postprocess.processors import make_processors, process
        >>> still = Animation(ARKIT_52.neutral(300), 60.0, ARKIT_52)
        >>> processors = make_processors(ARKIT_52, 16_000, Motion(idle_motion=True))
        >>> animation = process(still, processors)
        >>> bool(animation["eyeBlinkLeft"].max() > 0.9)
        True
    """
    if not processors:
        return animation
    if animation.recording:
        for block in animation.recording.blocks():
            for processor in processors:
                processor.push_samples(block)
    frames: list[Frame] = []
    for k, controls in enumerate(animation.controls):
        frame = Frame(k / animation.fps, 0.0, controls, animation.head_pose(k))
        for processor in processors:
            frame = processor.apply(frame)
        frames.append(frame)
    return replace(
        animation,
        controls=np.stack([frame.controls for frame in frames]),
        head=np.array([frame.head for frame in frames], np.float32),
        rig=processors[-1].rig,
    )

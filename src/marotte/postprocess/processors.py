"""Frames of the student in; the same frames retargeted, or with idle motion, out."""

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
from marotte.postprocess.idle_motion import IdleMotion
from marotte.postprocess.retarget import load_retarget


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
    *,
    retarget: str | os.PathLike[str] | None = None,
    idle_motion: bool = False,
    seed: int = 0,
) -> list[FrameProcessor]:
    """Make the processors that the options ask for.

    Idle motion comes first, because it is made for the student's rig and not for the rig that the
    frames are retargeted to.

    Args:
        rig: the rig of the student's frames.
        rate: sample rate of the sound, in Hz.
        retarget: the path of a retarget file.
        idle_motion: whether to add blinks and small movements of head and brows.
        seed: the seed of the idle motion.

    Raises:
        MarotteError: the retarget file can't be used.

    Example:
        >>> from marotte import ARKIT_52
        >>> from marotte.postprocess.processors import make_processors
        >>> [type(each).__name__ for each in make_processors(ARKIT_52, 16_000, idle_motion=True)]
        ['IdleMotion']
    """
    processors: list[FrameProcessor] = []
    if idle_motion:
        processors.append(IdleMotion(rig, rate, seed))
    if retarget is not None:
        processors.append(load_retarget(Path(retarget), rig))
    return processors


def process(animation: Animation, processors: Sequence[FrameProcessor]) -> Animation:
    """Apply processors to every frame of an animation; they must be made for sound at 16 kHz.

    Example:
        >>> from marotte import ARKIT_52, Animation
        >>> from marotte.postprocess.processors import make_processors, process
        >>> still = Animation(ARKIT_52.neutral(300), 60.0, ARKIT_52)
        >>> animation = process(still, make_processors(ARKIT_52, 16_000, idle_motion=True))
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

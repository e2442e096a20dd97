"""Frames on their way from the student to where they go, changed one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Animation, Frame
from marotte.face.rig import Rig


class FrameProcessor(Protocol):
    """Changes frames; they come in order, each after the sound that it was made of."""

    @property
    def rig(self) -> Rig:
        """The rig of the frames that it gives."""
        ...

    def hear(self, samples: NDArray[np.float32]) -> None:
        """Hear the next samples of the sound."""
        ...

    def apply(self, frame: Frame) -> Frame:
        """Change a frame."""
        ...


def shape(animation: Animation, shapers: Sequence[FrameProcessor]) -> Animation:
    """Change all frames of an animation; the shapers hear its sound at 16 kHz."""
    if not shapers:
        return animation
    if animation.recording:
        for block in animation.recording.blocks():
            for shaper in shapers:
                shaper.hear(block)
    frames: list[Frame] = []
    for k, controls in enumerate(animation.controls):
        frame = Frame(k / animation.fps, 0.0, controls, animation.head_of(k))
        for shaper in shapers:
            frame = shaper.apply(frame)
        frames.append(frame)
    return replace(
        animation,
        controls=np.stack([frame.controls for frame in frames]),
        head=np.array([frame.head for frame in frames], np.float32),
        rig=shapers[-1].rig,
    )

"""The noun the live path makes and every format writes: controls over time, with their sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording
from marotte.face.mesh import Mesh
from marotte.face.rig import Rig


@dataclass(frozen=True)
class Frame:
    """A face at a moment of the sound.

    Attributes:
        time_s: the moment, k / fps.
        delay_ms: how much later than the moment the sound had to be heard to know the face:
            look-ahead, and 16.7 ms for every later moment that it is made of.
        controls: [n_controls] in the order and ranges of the student's rig.
        head: yaw, pitch and roll of the head in radians, as ARKit counts them: to the face's left,
            downwards, to its right shoulder. A student gives none.
    """

    time_s: float
    delay_ms: float
    controls: NDArray[np.float32]
    head: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Animation:
    """A face over time.

    Attributes:
        controls: [n_frames, n_controls] in the rig's order and ranges; row k is the face at
            exactly k / fps seconds of the sound.
        fps: frames a second.
        rig: what the columns mean.
        recording: the sound, or None for a silent animation.
        student: the name of the student that made it.
        head: [n_frames, 3] yaw, pitch and roll of the head in radians, or None where it is still.
        mesh: whose components the controls are, or None where they are a rig's own.
    """

    controls: NDArray[np.float32]
    fps: float
    rig: Rig
    recording: Recording | None = None
    student: str = ""
    head: NDArray[np.float32] | None = None
    mesh: Mesh | None = None

    @property
    def n_frames(self) -> int:
        """How many frames there are."""
        return len(self.controls)

    @property
    def seconds(self) -> float:
        """How long the frames last."""
        return self.n_frames / self.fps

    def column(self, name: str) -> NDArray[np.float32]:
        """One control over time [n_frames]."""
        return self.controls[:, self.rig.index[name]]

    def head_of(self, frame: int) -> tuple[float, float, float]:
        """The head's yaw, pitch and roll in a frame."""
        if self.head is None:
            return 0.0, 0.0, 0.0
        yaw, pitch, roll = self.head[frame].tolist()
        return yaw, pitch, roll

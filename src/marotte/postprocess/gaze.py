"""Frames in; the same frames with eyes that look at the camera and around it out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import Rig
from marotte.postprocess.saccades import Saccades

# What ARKit's eyeLook controls mean at 1, in degrees: about the range of comfortable gaze. Faces
# differ; a retarget file corrects a face whose eyes turn further.
FULL_ACROSS_DEG, FULL_VERTICAL_DEG = 25.0, 20.0
CAMERA_MM, BETWEEN_EYES_MM = 800.0, 63.0

# Eyelids follow the eyes up and down (Guitton, Simard & Codere 1991, Investigative Ophthalmology &
# Visual Science 32). ARKit's eyeLookUp and eyeLookDown already move the lids; faces whose shapes
# turn the eyeballs alone need a little of the lids' own controls.
LID_DOWN, LID_UP = 0.15, 0.1


@final
class Gaze:
    """Turns the eyes, in the order of time: both look at one point, and stay on it.

    The eyes turn against the head, as they do when people hold their gaze, so this comes after
    what moves the head. It comes before or after blinks: where the eyelids are shut, they stay.

    Example:
        >>> from marotte import ARKIT_52, Frame
        >>> from marotte.postprocess.gaze import Gaze
        >>> from marotte.postprocess.saccades import Saccades
        >>> gaze = Gaze(ARKIT_52, Saccades(seed=0))
        >>> frames = [gaze.apply(Frame(k / 60, 0.0, ARKIT_52.neutral(1)[0])) for k in range(300)]
        >>> bool(max(frame.controls[ARKIT_52.index["eyeLookInLeft"]] for frame in frames) > 0.1)
        True
    """

    def __init__(self, rig: Rig, saccades: Saccades) -> None:
        """Look at the camera.

        Args:
            rig: the rig of the frames.
            saccades: where the eyes look; blinks may know them, too.

        Raises:
            MarotteError: the rig can't turn its eyes.
        """
        if not any(name.startswith("eyeLook") for name in rig.names):
            raise MarotteError(
                f"rig {rig.name!r} has none of the controls eyeLook..., so it can't have gaze: "
                "leave gaze out, or use another rig"
            )
        self.rig = rig
        self._saccades = saccades

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Do nothing: gaze does not depend on the sound."""

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with its eyes turned."""
        yaw_deg, pitch_deg = self._saccades.at(frame.time_s)
        head_yaw_deg, head_pitch_deg = np.degrees(frame.head[:2]).tolist()
        values = look(yaw_deg - head_yaw_deg, pitch_deg - head_pitch_deg)
        controls = frame.controls.copy()
        for name, value in values.items():
            column = self.rig.index.get(name)
            if column is not None:
                # Shut eyelids have no room left for what follows the eyes.
                room = 1 - controls[column] if name.startswith("eyeBlink") else 1.0
                controls[column] += value * room
        return replace(frame, controls=self.rig.clamp(controls))


def look(yaw_deg: float, pitch_deg: float) -> dict[str, float]:
    """Return the controls of eyes that look at a point at the camera's distance.

    Args:
        yaw_deg: direction from between the eyes, positive to the face's left.
        pitch_deg: the same, positive downwards.

    Returns:
        The values of ARKit's controls, 0 and more, those at 0 left out.

    Example:
        >>> from marotte.postprocess.gaze import look
        >>> {name: round(value, 2) for name, value in look(10.0, 0.0).items()}
        {'eyeLookOutLeft': 0.31, 'eyeLookInRight': 0.49}
    """
    left_mm = CAMERA_MM * math.tan(math.radians(yaw_deg))
    values = dict[str, float]()
    for side, sign in (("Left", 1), ("Right", -1)):
        eye_mm = sign * BETWEEN_EYES_MM / 2
        out_deg = sign * math.degrees(math.atan((left_mm - eye_mm) / CAMERA_MM))
        across = "Out" if out_deg > 0 else "In"
        values[f"eyeLook{across}{side}"] = abs(out_deg) / FULL_ACROSS_DEG
        vertical = abs(pitch_deg) / FULL_VERTICAL_DEG
        values[f"eyeLook{'Down' if pitch_deg > 0 else 'Up'}{side}"] = vertical
        lid, share = ("eyeBlink", LID_DOWN) if pitch_deg > 0 else ("eyeWide", LID_UP)
        values[f"{lid}{side}"] = share * vertical
    return {name: value for name, value in values.items() if value}

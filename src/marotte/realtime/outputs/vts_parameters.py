"""ARKit controls and head angles in; the parameters of VTube Studio's Live2D models out.

The formulas are those that face trackers' bridges to VTube Studio use. `BUILT_IN` parameters exist
in every installation; models that were rigged "for VBridger" also listen to `CREATED` ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Frame
from marotte.face.rig import Rig

Controls = Mapping[str, float]


class Created(NamedTuple):
    """A parameter that has to be created: its range, and its meaning in a few words."""

    minimum: float
    maximum: float
    explanation: str


CREATED = {
    "JawOpen": Created(0, 1, "Jaw open"),
    "MouthFunnel": Created(0, 1, "Lips pushed forward, open"),
    "MouthPucker": Created(-1, 1, "Lips round (-1) or wide (1)"),
    "MouthShrug": Created(0, 1, "Lips pushed up or pressed"),
    "MouthPressLipOpen": Created(-1.3, 1.3, "Lips rolled in (-1.3) or teeth shown (1.3)"),
}


def mouth(c: Controls) -> dict[str, float]:
    """Return the parameters of the mouth.

    Example:
        >>> from collections import defaultdict
        >>> mouth(defaultdict(float, jawOpen=0.5))["MouthOpen"]
        0.5
    """
    rolled = c["mouthRollUpper"] + c["mouthRollLower"]
    smile = c["mouthSmileLeft"] + c["mouthSmileRight"]
    frown = c["mouthFrownLeft"] + c["mouthFrownRight"]
    dimple = c["mouthDimpleLeft"] + c["mouthDimpleRight"]
    shrug = c["mouthShrugUpper"] + c["mouthShrugLower"]
    pressed = c["mouthPressLeft"] + c["mouthPressRight"]
    upper = c["mouthUpperUpLeft"] + c["mouthUpperUpRight"]
    lower = c["mouthLowerDownLeft"] + c["mouthLowerDownRight"]
    sideways = c["mouthLeft"] - c["mouthRight"]
    return {
        "MouthOpen": c["jawOpen"] - c["mouthClose"] - 0.2 * rolled + 0.2 * c["mouthFunnel"],
        "MouthSmile": (2 - frown - c["mouthPucker"] + smile + dimple / 2) / 4,
        "MouthX": sideways + c["mouthSmileLeft"] - c["mouthSmileRight"],
        "TongueOut": c["tongueOut"],
        "CheekPuff": c["cheekPuff"],
        "JawOpen": c["jawOpen"],
        "MouthFunnel": c["mouthFunnel"] - 0.2 * c["jawOpen"],
        "MouthPucker": 2 * dimple - c["mouthPucker"],
        "MouthShrug": (shrug + pressed) / 4,
        "MouthPressLipOpen": (upper + lower) / 1.8 - rolled,
    }


def eyes(c: Controls) -> dict[str, float]:
    """Return the parameters of eyes and brows."""

    def lids(side: str) -> float:
        return 0.5 - 0.8 * c[f"eyeBlink{side}"] + 0.8 * c[f"eyeWide{side}"]

    def brow(side: str) -> float:
        return 0.5 + c[f"browOuterUp{side}"] - c[f"browDown{side}"]

    return {
        "EyeOpenLeft": lids("Left"),
        "EyeOpenRight": lids("Right"),
        "EyeLeftX": c["eyeLookInLeft"] - c["eyeLookOutLeft"],
        "EyeRightX": c["eyeLookOutRight"] - c["eyeLookInRight"],
        "EyeLeftY": c["eyeLookUpLeft"] - c["eyeLookDownLeft"],
        "EyeRightY": c["eyeLookUpRight"] - c["eyeLookDownRight"],
        "BrowLeftY": brow("Left"),
        "BrowRightY": brow("Right"),
        "Brows": (brow("Left") + brow("Right")) / 2,
    }


def head(frame: Frame) -> dict[str, float]:
    """Return the head's angles in degrees."""
    yaw, pitch, roll = (math.degrees(angle) for angle in frame.head)
    return {"FaceAngleX": yaw, "FaceAngleY": -pitch, "FaceAngleZ": roll}


_LIMITS = {
    **dict.fromkeys(("MouthX", "EyeLeftX", "EyeLeftY", "EyeRightX", "EyeRightY"), (-1.0, 1.0)),
    **dict.fromkeys(("FaceAngleX", "FaceAngleY", "FaceAngleZ"), (-30.0, 30.0)),
    **{name: (each.minimum, each.maximum) for name, each in CREATED.items()},
}


@final
class Parameters:
    """Turns frames of one rig into parameters; missing controls count as 0.

    Eyes, brows and head are left to the camera until they move, because one parameter can't follow
    two programs.

    Example:
        >>> import numpy as np
        >>> from marotte import ARKIT_52
        >>> from marotte.realtime.outputs.vts_parameters import Parameters
        >>> silent = Frame(0.0, 80.0, ARKIT_52.neutral(1)[0])
        >>> values = Parameters(ARKIT_52).of(silent)
        >>> values["MouthOpen"], values["MouthSmile"], "FaceAngleX" in values
        (0.0, 0.5, False)
    """

    def __init__(self, rig: Rig) -> None:
        """Look up the rig's names."""
        self._names = rig.names
        self._still = self._values_of(np.zeros(len(rig.names), np.float32), (0.0, 0.0, 0.0))
        self._moving: set[str] = set()

    def of(self, frame: Frame) -> dict[str, float]:
        """Return the value of each parameter within its range."""
        now = self._values_of(frame.controls, frame.head)
        self._moving |= {group for group, values in now.items() if values != self._still[group]}
        values = {
            name: value
            for group, members in now.items()
            if group == "mouth" or group in self._moving
            for name, value in members.items()
        }
        return {name: _clamp(name, value) for name, value in values.items()}

    def _values_of(
        self, controls: NDArray[np.float32], angles: tuple[float, float, float]
    ) -> dict[str, dict[str, float]]:
        named = _Controls(zip(self._names, controls.tolist(), strict=True))
        return {
            "mouth": mouth(named),
            "eyes": eyes(named),
            "head": head(Frame(0.0, 0.0, controls, angles)),
        }


class _Controls(dict[str, float]):
    """Controls by name; a control that the rig lacks is 0."""

    def __missing__(self, name: str) -> float:
        return 0.0


def _clamp(name: str, value: float) -> float:
    low, high = _LIMITS.get(name, (0.0, 1.0))
    return min(max(value, low), high)

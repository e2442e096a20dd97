"""Rigs: the names, order and ranges of controls, and which of them speech drives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.names import check_name

ARKIT_NAMES = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft",
    "eyeSquintLeft", "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight",
    "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight", "eyeWideRight", "jawForward",
    "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft",
    "mouthRight", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft",
    "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft",
    "noseSneerRight", "tongueOut",
)  # fmt: skip

# The controls that students predict; the other 19 stay neutral in animation from speech.
ARKIT_SPEECH = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthSmileLeft", "mouthSmileRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "jawForward", "cheekPuff", "tongueOut", "jawLeft", "jawRight", "mouthLeft", "mouthRight",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight",
    "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight",
)  # fmt: skip

LARGEST = 1e6  # of a control's range: far beyond every rig, and exact in 32 bits


@dataclass(frozen=True)
class Rig:
    """The controls of a face: the meaning of the columns of an animation.

    Attributes:
        name: the name of the rig, e.g. `arkit52`: letters, digits, `-`, `_` and `.`.
        names: the controls, in the order of every array that belongs to this rig.
        minimum: the smallest value of each control.
        maximum: the largest value of each control.
        speech: the names of the controls that speech drives; the rest stay neutral (0).

    Example:
        >>> from marotte import ARKIT_52
        >>> ARKIT_52
        Rig('arkit52', 52 controls)
        >>> ARKIT_52.names[17], ARKIT_52.index["jawOpen"]
        ('jawOpen', 17)
        >>> ARKIT_52.neutral(60).shape
        (60, 52)
    """

    name: str
    names: tuple[str, ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    speech: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a rig that contradicts itself, and a name that can't be that of a folder."""
        check_name(self.name, "a rig")
        if not self.names:
            raise MarotteError(f"rig {self.name!r} has no controls: give it at least one")
        repeated = sorted({n for n in self.names if self.names.count(n) > 1})
        if repeated:
            raise MarotteError(f"rig {self.name!r} names {repeated[0]!r} more than once")
        if not len(self.names) == len(self.minimum) == len(self.maximum):
            raise MarotteError(f"rig {self.name!r} needs one minimum and one maximum per control")
        for name, low, high in zip(self.names, self.minimum, self.maximum, strict=True):
            if not -LARGEST < low < high < LARGEST:
                raise MarotteError(
                    f"rig {self.name!r}: range of {name!r} is empty or endless ({low}..{high})"
                )
        for name in self.speech:
            if name not in self.names:
                raise MarotteError(f"rig {self.name!r} has no control {name!r} for speech to drive")

    def __repr__(self) -> str:
        """Return the name and the number of controls."""
        return f"Rig({self.name!r}, {len(self.names)} controls)"

    @cached_property
    def index(self) -> dict[str, int]:
        """The column of each control."""
        return {name: column for column, name in enumerate(self.names)}

    @cached_property
    def _limits(self) -> NDArray[np.float32]:
        """The least and the largest value of each control [2, n_controls]."""
        return np.array([self.minimum, self.maximum], np.float32)

    def clamp(self, controls: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return controls [..., n_controls] clipped to their ranges.

        Example:
            >>> from marotte import ARKIT_52
            >>> float(ARKIT_52.clamp(ARKIT_52.neutral(1) + 2).max())
            1.0
        """
        low, high = self._limits
        return np.minimum(np.maximum(controls, low), high)

    def neutral(self, n_frames: int) -> NDArray[np.float32]:
        """Return a face at rest: zeros [n_frames, n_controls]."""
        return np.zeros((n_frames, len(self.names)), np.float32)


ARKIT_52 = Rig("arkit52", ARKIT_NAMES, (0.0,) * 52, (1.0,) * 52, ARKIT_SPEECH)

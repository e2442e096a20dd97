"""Rigs: named controls in an order, their ranges, and which of them speech drives.

In: a rig's name or a rig file. Out: a `Rig`, the meaning of every column of an animation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError

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

# What the phonetic teacher moves; the other 31 controls stay at neutral in speech-only animation.
ARKIT_SPEECH = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthSmileLeft", "mouthSmileRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper",
    "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "jawForward", "cheekPuff", "tongueOut",
)  # fmt: skip


@dataclass(frozen=True)
class Rig:
    """A face's controls.

    Attributes:
        name: the rig's name, e.g. `arkit52`.
        names: the controls, in the order of every array that belongs to this rig.
        minimum: the smallest value of each control.
        maximum: the largest value of each control.
        speech: the names of the controls that speech drives; the rest stay neutral (0).
    """

    name: str
    names: tuple[str, ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    speech: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a rig that contradicts itself, naming the control."""
        if not self.names:
            raise MarotteError(f"rig {self.name!r} has no controls: give it at least one")
        repeated = sorted({n for n in self.names if self.names.count(n) > 1})
        if repeated:
            raise MarotteError(f"rig {self.name!r} names {repeated[0]!r} more than once")
        if not len(self.names) == len(self.minimum) == len(self.maximum):
            raise MarotteError(f"rig {self.name!r} needs one minimum and one maximum a control")
        for name, low, high in zip(self.names, self.minimum, self.maximum, strict=True):
            if not low < high:
                raise MarotteError(f"rig {self.name!r}: range of {name!r} is empty ({low}..{high})")
        for name in self.speech:
            if name not in self.names:
                raise MarotteError(f"rig {self.name!r} has no control {name!r} for speech to drive")

    @cached_property
    def index(self) -> dict[str, int]:
        """Each control's column."""
        return {name: column for column, name in enumerate(self.names)}

    def clamp(self, controls: NDArray[np.float32]) -> NDArray[np.float32]:
        """Hold controls [..., n_controls] to their ranges."""
        low, high = (np.array(each, np.float32) for each in (self.minimum, self.maximum))
        return np.clip(controls, low, high)

    def neutral(self, n_frames: int) -> NDArray[np.float32]:
        """A face at rest: zeros [n_frames, n_controls]."""
        return np.zeros((n_frames, len(self.names)), np.float32)


ARKIT_52 = Rig("arkit52", ARKIT_NAMES, (0.0,) * 52, (1.0,) * 52, ARKIT_SPEECH)


def load_rig(path: str | Path) -> Rig:
    """Read a rig from a JSON file: `{"name", "controls": [{"name", "min", "max", "speech"}]}`.

    `min` is 0, `max` is 1 and `speech` is false where a control leaves them out. A mesh's file,
    ending in .npz, gives the rig of its components.

    Raises:
        MarotteError: the file is missing, is not JSON, or does not describe a rig.
    """
    path = Path(path)
    if path.suffix == ".npz":
        from marotte.mesh import load_mesh

        return load_mesh(path).rig
    try:
        description: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MarotteError(f"no rig file at {path}") from error
    except (UnicodeDecodeError, json.JSONDecodeError, OSError) as error:
        raise MarotteError(f"{path} is not a readable JSON rig file: {error}") from error
    described = cast("dict[str, Any]", description if isinstance(description, dict) else {})
    if not isinstance(described.get("controls"), list):
        raise MarotteError(f"{path} does not describe a rig: it needs a list 'controls'")
    controls = [_control(each, path) for each in described["controls"]]
    return Rig(
        name=str(described.get("name", path.stem)),
        names=tuple(c["name"] for c in controls),
        minimum=tuple(float(c["min"]) for c in controls),
        maximum=tuple(float(c["max"]) for c in controls),
        speech=tuple(c["name"] for c in controls if c["speech"]),
    )


def _control(described: Any, path: Path) -> dict[str, Any]:
    """One control of a rig file, with what it leaves out."""
    given = cast("dict[str, Any]", described if isinstance(described, dict) else {})
    if not isinstance(given.get("name"), str):
        raise MarotteError(f"{path}: every control needs a 'name', got {described!r}")
    control: dict[str, Any] = {"min": 0, "max": 1, "speech": False, **given}
    unknown = sorted(set(control) - {"name", "min", "max", "speech"})
    if unknown:
        raise MarotteError(
            f"{path}: {control['name']!r} has the unknown key {unknown[0]!r}, "
            "valid are name, min, max, speech"
        )
    for bound in ("min", "max"):
        if not isinstance(control[bound], int | float):
            raise MarotteError(f"{path}: {bound!r} of {control['name']!r} is not a number")
    return control

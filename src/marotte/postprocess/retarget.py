"""A retarget file (TOML) in; frames adapted to another face by gains, ranges and names out.

    gain = 1.1                  # the default of all controls

    [controls.jawOpen]
    gain = 1.3
    maximum = 0.9

    [controls.mouthClose]
    name = "Mouth_Close"        # the name in all outputs

Each control x becomes clamp(gain * smoothed(x) + offset, minimum, maximum).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast, final

import numpy as np
from numpy.typing import NDArray

from marotte.config import read_toml, strict
from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import Rig

LARGEST = 1e6  # controls are about 0..1
LONGEST_SMOOTHING_MS = 60_000.0


@dataclass(frozen=True)
class Change:
    """How one control is changed.

    Attributes:
        gain: factor.
        offset: added after the gain.
        minimum: the smallest value; NaN for the minimum of the rig.
        maximum: the largest value; NaN for the maximum of the rig.
        smoothing_ms: time constant of an exponential mean; it adds about this much delay.
        name: the name in all outputs; empty for the name of the control.
    """

    gain: float = 1.0
    offset: float = 0.0
    minimum: float = math.nan
    maximum: float = math.nan
    smoothing_ms: float = 0.0
    name: str = ""


@final
class Retarget:
    """Changes the controls of one rig, frame by frame."""

    def __init__(self, rig: Rig, changes: dict[str, Change]) -> None:
        """Make the changed rig.

        Args:
            rig: the rig of the incoming frames.
            changes: the change of each control, by name; other controls stay as they are.

        Raises:
            MarotteError: the changed names or ranges are impossible.
        """
        all_changes = [changes.get(name, Change()) for name in rig.names]

        def column(name: str) -> NDArray[np.float32]:
            return np.array([getattr(change, name) for change in all_changes], np.float32)

        low, high = column("minimum"), column("maximum")
        low = np.where(np.isnan(low), np.array(rig.minimum, np.float32), low)
        high = np.where(np.isnan(high), np.array(rig.maximum, np.float32), high)
        self.rig = replace(
            rig,
            names=tuple(c.name or n for c, n in zip(all_changes, rig.names, strict=True)),
            minimum=tuple(low.tolist()),
            maximum=tuple(high.tolist()),
            speech=tuple(changes[n].name or n if n in changes else n for n in rig.speech),
        )
        self._gain, self._offset = column("gain"), column("offset")
        self._constant_s = column("smoothing_ms") / 1000
        self._mean = np.zeros(len(rig.names), np.float32)
        self._time_s = -math.inf

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Do nothing: retargeting does not depend on the sound."""

    def apply(self, frame: Frame) -> Frame:
        """Return the changed frame; the exponential mean allows for dropped frames."""
        elapsed_s = np.float32(frame.time_s - self._time_s)
        share = np.ones_like(self._mean)  # the weight of the new value
        lags = self._constant_s > 0
        share[lags] = -np.expm1(-elapsed_s / self._constant_s[lags])
        self._mean += share * (frame.controls - self._mean)
        self._time_s = frame.time_s
        return replace(frame, controls=self.rig.clamp(self._gain * self._mean + self._offset))


def check_change(change: Change, name: str, path: Path) -> None:
    """Refuse values with which the control `name` would not be a finite number.

    Raises:
        MarotteError: names the file, the key and the control.
    """
    limits = {
        "gain": (-LARGEST, LARGEST),
        "offset": (-LARGEST, LARGEST),
        "smoothing_ms": (0.0, LONGEST_SMOOTHING_MS),
    }
    for key in ("minimum", "maximum"):
        if not math.isnan(getattr(change, key)):  # NaN stands for the rig's
            limits[key] = (-LARGEST, LARGEST)
    for key, (low, high) in limits.items():
        value = getattr(change, key)
        if not low <= value <= high:
            raise MarotteError(
                f"{path}: {key} of {name!r} must be {low:g} to {high:g}, got {value:g}"
            )


def load_retarget(path: str | Path, rig: Rig) -> Retarget:
    """Load a retarget file for a rig.

    Raises:
        MarotteError: the file is not TOML, has an unknown key or control, or an impossible value.

    Example:
        >>> from pathlib import Path
        >>> from marotte import ARKIT_52
        >>> from marotte.postprocess.retarget import load_retarget
        >>> _ = Path("my.toml").write_text("controls.jawOpen.name = 'Jaw'")
        >>> load_retarget("my.toml", ARKIT_52).rig.names[17]
        'Jaw'
    """
    path = Path(path)
    tables = read_toml(path, "retarget file")
    controls = tables.pop("controls", {})
    known = [field.name for field in fields(Change) if field.name != "name"]
    unknown = sorted(set(tables) - set(known))
    if unknown:
        raise MarotteError(
            f"{path} has no key {unknown[0]!r}: valid are {', '.join(known)}, and [controls.NAME]"
        )
    if not isinstance(controls, dict):
        raise MarotteError(f"{path}: 'controls' must be tables, [controls.NAME]")
    changes = {name: strict(Change, tables, str(path)) for name in rig.names} if tables else {}
    for name, table in cast("dict[str, Any]", controls).items():
        if name not in rig.index:
            near = get_close_matches(name, rig.names, 1, 0.0)
            raise MarotteError(f"{path}: rig {rig.name!r} has no {name!r}; nearest is {near[0]!r}")
        if not isinstance(table, dict):
            raise MarotteError(f"{path}: write [controls.{name}], then its keys below")
        changes[name] = strict(Change, {**tables, **table}, f"{path}: {name}")
    for name, change in changes.items():
        check_change(change, name, path)
    return Retarget(rig, changes)

"""The contract of an exported student: the metadata of its file in, a `Contract` out, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.config import parse_json
from marotte.errors import MarotteError, shown
from marotte.model.smoothing import Smoothing
from marotte.model.timing import WindowSpec

FORMAT = 2
METADATA_KEY = "marotte"
LONGEST_WINDOW_SAMPLES = 30 * SAMPLE_RATE
MOST_SMOOTHED = 64  # predictions averaged on either side of a frame


def _is_list_of(*kinds: type) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return isinstance(value, list) and all(
            isinstance(item, kinds) for item in cast("list[object]", value)
        )

    return check


# Checks of JSON values by the type of their field. In Python a bool is an int; here it is not.
_IS_KIND: dict[str, Callable[[object], bool]] = {
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "str": lambda value: isinstance(value, str),
    "tuple[str, ...]": _is_list_of(str),
    "tuple[float, ...]": _is_list_of(int, float),
}


@dataclass(frozen=True)
class Contract:
    """The description of a student, stored as JSON under `marotte` in the file's metadata.

    Attributes:
        format: version of this list of keys, 2.
        name: the student's name, e.g. `live`.
        version: the student's version.
        sample_rate: sample rate of its input in Hz, 16000.
        past_samples: samples of the window before the frame's moment.
        future_samples: samples of the window after that moment, the look-ahead.
        rig: the name of the rig that the student was trained for.
        names: the controls that the student drives, in the order of its output.
        teacher: the teacher whose labels the student was trained on.
        frontend: `mel` or `waveform`.
        norm: the normalisation of the front end, `window` or `step`.
        smooth_behind: number of past predictions averaged into each frame.
        smooth_ahead: number of later predictions averaged into each frame.
        licence: SPDX identifier or a short name.
        golden: the student's output [n_outputs] for `golden_input`, computed at export.
    """

    format: int
    name: str
    version: str
    sample_rate: int
    past_samples: int
    future_samples: int
    rig: str
    names: tuple[str, ...]
    teacher: str
    frontend: str
    norm: str
    smooth_behind: int
    smooth_ahead: int
    licence: str
    golden: tuple[float, ...]

    @property
    def window(self) -> WindowSpec:
        """The window of one frame."""
        return WindowSpec(self.past_samples, self.future_samples)

    @property
    def smoothing(self) -> Smoothing:
        """The neighbouring predictions that each frame averages."""
        return Smoothing(self.smooth_behind, self.smooth_ahead)

    @classmethod
    def from_metadata(cls, text: str, where: str) -> Contract:
        """Read the JSON that `to_json` wrote.

        Args:
            text: the JSON.
            where: the name of the file, for messages.

        Raises:
            MarotteError: a key is missing, unknown or of the wrong type, or a value is impossible.
        """
        try:
            values = parse_json(text)
        except ValueError as error:
            raise MarotteError(f"{where}: the contract is not JSON ({error})") from error
        if not isinstance(values, dict):
            raise MarotteError(f"{where}: the contract is not a JSON object: export it again")
        values = cast("dict[str, Any]", values)
        if values.get("format") != FORMAT:
            raise MarotteError(
                f"{where} has contract format {shown(values.get('format'))}, this Marotte reads "
                f"{FORMAT}: export the student again, or install the Marotte that made it"
            )
        _check_keys(values, where)
        contract = cls(
            **{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}  # pyright: ignore
        )
        contract.check(where)
        return contract

    def check(self, where: str) -> None:
        """Refuse values that contradict each other or this version of Marotte.

        Raises:
            MarotteError: names the value, and the file by `where`.
        """
        if self.sample_rate != SAMPLE_RATE:
            raise MarotteError(
                f"{where} expects a sample rate of {self.sample_rate} Hz, "
                f"Marotte uses {SAMPLE_RATE}: train it at that rate"
            )
        n_samples = self.window.n_samples
        if (
            min(self.past_samples, self.future_samples) < 0
            or not 0 < n_samples <= LONGEST_WINDOW_SAMPLES
        ):
            raise MarotteError(
                f"{where}: a window of {self.past_samples} past and {self.future_samples} future "
                "samples is impossible: export it again"
            )
        if min(self.smoothing) < 0 or max(self.smoothing) > MOST_SMOOTHED:
            raise MarotteError(
                f"{where}: smooth_behind and smooth_ahead must be 0 to {MOST_SMOOTHED}, got "
                f"{self.smooth_behind} and {self.smooth_ahead}: export it again"
            )
        if not np.isfinite(self.golden).all():
            raise MarotteError(f"{where}: a golden output is not a finite number: export it again")
        if len(set(self.names)) != len(self.names) or len(self.golden) != len(self.names):
            raise MarotteError(
                f"{where}: the contract needs different names and one golden output each, "
                f"got {len(self.names)} names and {len(self.golden)} outputs: export it again"
            )

    def to_json(self) -> str:
        """Return the contract as JSON."""
        return json.dumps(asdict(self), allow_nan=False)


def _check_keys(values: dict[str, Any], where: str) -> None:
    """Refuse a table with keys that are missing, unknown or of the wrong type.

    Raises:
        MarotteError: names the key, and the file by `where`.
    """
    kinds = {field.name: str(field.type) for field in fields(Contract)}
    for problem, keys in (("lacks", set(kinds) - set(values)), ("has", set(values) - set(kinds))):
        if keys:
            raise MarotteError(
                f"{where}: the contract {problem} the key {shown(min(keys))}, "
                f"the keys are {', '.join(kinds)}"
            )
    for key, kind in kinds.items():
        if not _IS_KIND[kind](values[key]):
            raise MarotteError(
                f"{where}: {key!r} in the contract must be {kind}, got {shown(values[key])}"
            )


def golden_input(n_samples: int) -> NDArray[np.float32]:
    """Return the test signal [n_samples] whose output each contract holds.

    It is a chirp from 100 to 3000 Hz whose amplitude rises to 0.5 and falls four times per second.

    Example:
        >>> from marotte.model.contract import golden_input
        >>> golden_input(8_192).shape
        (8192,)
    """
    time = np.arange(n_samples) / SAMPLE_RATE
    phase = 2 * np.pi * (100 * time + (3000 - 100) / 2 * time**2 * SAMPLE_RATE / n_samples)
    swell = 0.25 - 0.25 * np.cos(2 * np.pi * 4 * time)
    return (swell * np.sin(phase)).astype(np.float32)

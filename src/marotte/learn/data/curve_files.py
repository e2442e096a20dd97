"""Files of curves in, curves as they are stored out: CSV, JSON and npz.

`captured` says what the files hold. Every error is a `Skip`, or an `OSError` of the file system.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.archives import read_arrays
from marotte.config import parse_json
from marotte.errors import DAMAGED
from marotte.learn.errors import Skip

_TIMECODE = re.compile(r"(\d+):(\d+):(\d+)[:;](\d+(?:\.\d+)?)")
_SIXTIETHS = 60  # the last field counts sixtieths of a second at every frame rate
_DAY_S = 24 * 3600


@dataclass(frozen=True)
class CapturedCurves:
    """Controls over time, as stored in a file.

    Attributes:
        names: the columns' names, in the file's spelling.
        time_s: time of each frame, in seconds of the sound [n_frames].
        values: control values [n_frames, n_columns].
        seconds: duration of the motion.
    """

    names: Sequence[str]
    time_s: NDArray[np.float64]
    values: NDArray[np.float64]
    seconds: float


def read_csv(path: Path) -> CapturedCurves:
    """Read a CSV file of Live Link Face, or a table whose first column is `time`.

    Raises:
        Skip: the file has another form.
        OSError: the file can't be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = (row for row in csv.reader(file) if row)
    except (MemoryError, ValueError, csv.Error) as error:
        raise Skip("curves: a CSV that can't be read") from error
    if rows and header[0].strip().lower() == "time":
        return _timed(header, rows)
    if [each.lower() for each in header[:2]] != ["timecode", "blendshapecount"] or not rows:
        raise Skip("curves: a CSV that neither is from Live Link Face nor begins with `time`")
    return _live_link(header, rows)


def _timed(header: Sequence[str], rows: Sequence[Sequence[str]]) -> CapturedCurves:
    table = _table([[cell.strip() or "nan" for cell in row] for row in rows], len(header))
    with_face = np.isfinite(table).all(1)
    time_s = table[:, 0]
    if not np.isfinite(time_s).all():
        raise Skip("curves: a row without a time")
    return CapturedCurves(header[1:], time_s[with_face], table[with_face, 1:], _duration(time_s))


def _live_link(header: Sequence[str], rows: Sequence[Sequence[str]]) -> CapturedCurves:
    clock_s = np.array([_seconds(row) for row in rows])
    time_s = np.unwrap(clock_s, period=_DAY_S) - clock_s[0]  # a take may run past midnight
    # Rows without a face have a blendshape count of 0 and no values.
    with_face = [index for index, row in enumerate(rows) if row[1:2] != ["0"]]
    values = _table([rows[index][2:] for index in with_face], len(header) - 2)
    return CapturedCurves(header[2:], time_s[with_face], values, _duration(time_s))


def _seconds(row: Sequence[str]) -> float:
    match = _TIMECODE.fullmatch(row[0].strip())
    if not match:
        raise Skip("curves: a timecode that can't be read")
    hours, minutes, seconds, sixtieths = map(float, match.groups())
    return hours * 3600 + minutes * 60 + seconds + sixtieths / _SIXTIETHS


def read_animation(path: Path) -> CapturedCurves:
    """Read an archive that Marotte wrote.

    Raises:
        Skip: the file has another form.
        OSError: the file can't be read.
    """
    try:
        stored = read_arrays(path)
        names, values = [str(each) for each in stored["names"]], stored["controls"]
        time_s = np.arange(len(values)) / float(stored["fps"])
        values = values.astype(np.float64)
    except DAMAGED as error:
        raise Skip("curves: an archive that Marotte did not write") from error
    if values.ndim != 2 or values.shape[1] != len(names):
        raise Skip("curves: a frame with more or fewer values than there are names")
    return CapturedCurves(names, time_s, values, _duration(time_s))


def read_json(path: Path) -> CapturedCurves:
    """Read a JSON file of BEAT or of Audio2Face.

    Raises:
        Skip: the file has another form.
        OSError: the file can't be read.
    """
    try:
        content: Any = parse_json(path.read_text("utf-8-sig"))
    except ValueError as error:
        raise Skip("curves: JSON that can't be read") from error
    try:
        if "weightMat" in content:
            names, rows = content["facsNames"], content["weightMat"]
            time_s = np.array([frame / content["exportFps"] for frame in range(len(rows))])
        else:
            names, frames = content["names"], content["frames"]
            rows = [frame["weights"] for frame in frames]
            time_s = np.array([float(frame["time"]) for frame in frames])
        values = _table(rows, len(names))
        return CapturedCurves([str(name) for name in names], time_s, values, _duration(time_s))
    except DAMAGED as error:
        raise Skip("curves: JSON that is from neither BEAT nor Audio2Face") from error


def _duration(time_s: NDArray[np.float64]) -> float:
    """Return the duration of frames at these times; the last frame has the median length."""
    return float(time_s[-1] + np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0


def _table(rows: Sequence[Sequence[Any]], n_columns: int) -> NDArray[np.float64]:
    """Return rows as numbers [n_rows, n_columns]."""
    if any(len(row) != n_columns for row in rows):
        raise Skip("curves: a frame with more or fewer values than there are names")
    try:
        return np.array(rows, np.float64).reshape(len(rows), n_columns)
    except (TypeError, ValueError) as error:
        raise Skip("curves: a value that is not a number") from error

"""Files of curves in; `Curves`, arrays over time, out. Needs NumPy, but not Blender.

Read are what `marotte animate` and `marotte live` write: CSV (that of the app Live Link Face, too),
JSON in the layout of Audio2Face, lines of JSON, and npz.
"""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ENDINGS = (".csv", ".json", ".npz")
_TIMECODE = re.compile(r"(\d+):(\d+):(\d+)[:;](\d+(?:\.\d+)?)")
_SIXTIETHS = 60  # the last field counts sixtieths of a second at every frame rate
_DAY_S = 24 * 3600
# The last nine columns of Live Link Face are angles of head and eyes, which no shape key shows.
ANGLES = {
    "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
    "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
}  # fmt: skip


class CurveError(Exception):
    """A file that can't be read; the text is a sentence for the user."""


@dataclass(frozen=True)
class Curves:
    """Controls over time.

    Attributes:
        names: the names of the columns.
        time_s: the time of each frame in seconds of the sound [n_frames], rising.
        values: the controls [n_frames, n_controls].
    """

    names: list[str]
    time_s: np.ndarray
    values: np.ndarray

    def at(self, time_s: np.ndarray) -> "Curves":
        """Return the curves at other times, by linear interpolation."""
        columns = [np.interp(time_s, self.time_s, column) for column in self.values.T]
        return Curves(self.names, time_s, np.stack(columns, axis=1))


def read(path: Path) -> Curves:
    """Read a file of curves.

    Raises:
        CurveError: the file is missing, damaged, or of another kind.
    """
    reader = {".csv": _read_csv, ".json": _read_json, ".npz": _read_npz}.get(path.suffix.lower())
    if reader is None:
        raise CurveError(f"{path.name} is not a file of curves: choose {', '.join(ENDINGS)}")
    try:
        return _checked(path, *reader(path))
    except OSError as error:
        raise CurveError(f"can't read {path.name}: {error.strerror or error}") from error
    except CurveError:
        raise
    except Exception as error:  # of parsers and archives: damaged files raise many kinds
        raise CurveError(f"{path.name} is damaged, or of another kind: {error}") from error


def _checked(path: Path, names: Sequence[str], time_s: Any, rows: Any) -> Curves:
    time_s, values = np.asarray(time_s, np.float64), np.asarray(rows, np.float64)
    if not len(values):
        raise CurveError(f"{path.name} has no frames")
    if values.shape != (len(time_s), len(names)):
        raise CurveError(
            f"{path.name} has {len(names)} names for {values.shape[-1]} values per frame"
        )
    if not (np.isfinite(values).all() and np.isfinite(time_s).all()):
        raise CurveError(f"{path.name} has values that are not numbers")
    if (np.diff(time_s) <= 0).any():
        raise CurveError(f"{path.name} has frames whose times do not rise")
    kept = [column for column, name in enumerate(names) if name not in ANGLES]
    return Curves([str(names[column]) for column in kept], time_s, values[:, kept])


def _read_csv(path: Path) -> tuple[list[str], Any, Any]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    header = [cell.strip() for cell in rows[0]] if rows else []
    first = [cell.lower() for cell in header[:2]]
    if first[:1] == ["time"]:
        table = _table(path, rows[1:], len(header))
        return header[1:], table[:, 0], table[:, 1:]
    if first != ["timecode", "blendshapecount"]:
        raise CurveError(
            f"{path.name} begins with neither `Timecode,BlendShapeCount` nor `time`: it is another "
            "kind of table"
        )
    clock_s = np.array([_seconds(path, row[0]) for row in rows[1:]])
    time_s = np.unwrap(clock_s, period=_DAY_S) - clock_s[:1]  # a take may run past midnight
    # The app writes a count of 0, and no values, where it has lost the face.
    with_face = [index for index, row in enumerate(rows[1:]) if row[1:2] != ["0"]]
    values = _table(path, [rows[1:][index][2:] for index in with_face], len(header) - 2)
    return header[2:], time_s[with_face], values


def _table(path: Path, rows: Sequence[Sequence[str]], n_columns: int) -> np.ndarray:
    for number, row in enumerate(rows, 1):
        if len(row) != n_columns:
            raise CurveError(
                f"{path.name}, frame {number}: expected {n_columns} values, got {len(row)}"
            )
    return np.array(rows, np.float64).reshape(len(rows), n_columns)


def _seconds(path: Path, timecode: str) -> float:
    found = _TIMECODE.fullmatch(timecode.strip())
    if not found:
        raise CurveError(f"{path.name} has the timecode {timecode!r}: expected HH:MM:SS:FF.mmm")
    hours, minutes, seconds, sixtieths = map(float, found.groups())
    return hours * 3600 + minutes * 60 + seconds + sixtieths / _SIXTIETHS


def _read_json(path: Path) -> tuple[list[str], Any, Any]:
    text = path.read_text("utf-8-sig")
    first = json.loads(text.partition("\n")[0]) if '"controls"' in text[:500] else None
    if first:  # lines of `marotte live -o json:FILE`
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        names = list(first["controls"])
        rows = [[line["controls"][name] for name in names] for line in lines]
        return names, [line["time_s"] for line in lines], rows
    content = json.loads(text)
    if not isinstance(content, dict) or not {"facsNames", "weightMat", "exportFps"} <= set(content):
        raise CurveError(f"{path.name} is JSON of another kind: expected facsNames and weightMat")
    rows = content["weightMat"]
    return content["facsNames"], np.arange(len(rows)) / float(content["exportFps"]), rows


def _read_npz(path: Path) -> tuple[list[str], Any, Any]:
    with np.load(path, allow_pickle=False) as archive:
        missing = {"controls", "names", "fps"} - set(archive.files)
        if missing:
            raise CurveError(f"{path.name} is not from Marotte: it has no {', '.join(missing)}")
        values, fps = archive["controls"], float(archive["fps"])
        return archive["names"].tolist(), np.arange(len(values)) / fps, values

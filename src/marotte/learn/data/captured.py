"""A file of facial motion that somebody else made in, ARKit controls at the frames of a sound out.

- `.csv`: a take of Live Link Face. Its clock says when each row was seen, so frames that were
  dropped or show no face are bridged.
- `.json`: ARKit weights as in the data set BEAT (`names`, `frames` of `weights` and `time`) or as
  NVIDIA's Audio2Face exports them (`exportFps`, `facsNames`, `weightMat`).
- `.npy`: vertices in mm [n_frames, n_vertices * 3] of the packaged head, 60 or 30 frames a second.

All refusals are `Skip`s: one bad file is left out and counted, the others go on.
"""

from __future__ import annotations

import csv
import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.mesh import Mesh
from marotte.face.rig import ARKIT_52, ARKIT_NAMES, Rig
from marotte.learn.data.mesh_pca import read_vertices
from marotte.learn.errors import Skip
from marotte.learn.speech.textgrid import MAX_MISMATCH_S

ENDINGS = (".csv", ".json", ".npy")
VERTEX_RATES = (60.0, 30.0)
FARTHEST = 2.0  # times a control's range: trackers overshoot a little

_TIMECODE = re.compile(r"(\d+):(\d+):(\d+)[:;](\d+(?:\.\d+)?)")
_SIXTIETHS = 60  # the last field counts sixtieths of a second, whatever the take's rate
_DAY_S = 24 * 3600
_BY_LOWER_NAME = {name.lower(): name for name in ARKIT_NAMES}


@dataclass(frozen=True)
class CapturedCurves:
    """Controls over time, as a file has them.

    Attributes:
        names: of the columns, in the file's spelling.
        time_s: when each frame is, in seconds of the sound [n_frames].
        values: [n_frames, n_columns].
        seconds: how long the file's motion lasts.
    """

    names: Sequence[str]
    time_s: NDArray[np.float64]
    values: NDArray[np.float64]
    seconds: float


def read_controls(
    path: Path, seconds: float, fps: float, rig: Rig = ARKIT_52, mesh: Mesh | None = None
) -> NDArray[np.float32]:
    """The controls [n_frames, n_controls] in a file at k / fps seconds of the sound it belongs to.

    Args:
        path: the file.
        seconds: of the sound.
        fps: frames a second.
        rig: whose controls; other rigs' are found by their exact names.
        mesh: whose components are asked for: then the file has its vertices.

    Raises:
        Skip: the file can't be read, or does not fit the sound.
    """
    try:
        curves = _components(path, mesh) if mesh else _read(path, seconds)
    except OSError as error:
        raise Skip("curves: a file that can't be read") from error
    return resample(curves, seconds, fps, mesh.rig if mesh else rig)


def resample(
    curves: CapturedCurves, seconds: float, fps: float, rig: Rig = ARKIT_52
) -> NDArray[np.float32]:
    """Controls [n_frames, n_controls] at k / fps seconds, linear between the frames there are.

    Raises:
        Skip: no column is the rig's, or times and values are not what controls have.
    """
    named = enumerate(map(arkit_name, curves.names) if rig is ARKIT_52 else curves.names)
    columns = {name: column for column, name in named if name in rig.index}
    if not columns:
        whose = "ARKit's" if rig is ARKIT_52 else f"the rig {rig.name!r}"
        raise Skip(f"curves: no column has a name of {whose}")
    if not len(curves.time_s) or not (np.diff(curves.time_s) >= 0).all():
        raise Skip("curves: no frames, or times that run back")
    farthest = FARTHEST * max(map(abs, (*rig.minimum, *rig.maximum)))
    if not (np.abs(curves.values[:, list(columns.values())]) <= farthest).all():
        raise Skip(f"curves: values far from {rig.minimum[0]:g} to {rig.maximum[0]:g}")
    if not abs(curves.seconds - seconds) <= MAX_MISMATCH_S:
        raise Skip("curves: another length than the sound")
    time_s = np.arange(max(1, int(np.ceil(seconds * fps - 1e-9)))) / fps
    controls = rig.neutral(len(time_s))
    for name, column in columns.items():
        values = curves.values[:, column]
        controls[:, rig.index[name]] = np.interp(time_s, curves.time_s, values)
    return rig.clamp(controls)


def arkit_name(name: str) -> str | None:
    """ARKit's spelling of a control, e.g. of `EyeBlink_L` or `Head.mouthSmileRight`; or None."""
    plain = name.rpartition(".")[2].strip().lower()
    plain = re.sub("_l$", "left", re.sub("_r$", "right", plain))
    return _BY_LOWER_NAME.get(plain.replace("_", ""))


def _read(path: Path, seconds: float) -> CapturedCurves:
    match path.suffix.lower():
        case ".csv":
            return _live_link(path)
        case ".json":
            return _json(path)
        case _:
            return _vertices(path, seconds)


def _live_link(path: Path) -> CapturedCurves:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = (row for row in csv.reader(file) if row)
    except (ValueError, csv.Error) as error:
        raise Skip("curves: a CSV that can't be read") from error
    if [each.lower() for each in header[:2]] != ["timecode", "blendshapecount"] or not rows:
        raise Skip("curves: a CSV that is not Live Link Face's")
    clock_s = np.array([_seconds(row) for row in rows])
    time_s = np.unwrap(clock_s, period=_DAY_S) - clock_s[0]  # a take may run past midnight
    # Rows without a face have a count of 0 and no values.
    seen = [index for index, row in enumerate(rows) if row[1:2] != ["0"]]
    values = _table([rows[index][2:] for index in seen], len(header) - 2)
    return CapturedCurves(header[2:], time_s[seen], values, _lasting(time_s))


def _seconds(row: Sequence[str]) -> float:
    found = _TIMECODE.fullmatch(row[0].strip())
    if not found:
        raise Skip("curves: a timecode that can't be read")
    hours, minutes, seconds, sixtieths = map(float, found.groups())
    return hours * 3600 + minutes * 60 + seconds + sixtieths / _SIXTIETHS


def _json(path: Path) -> CapturedCurves:
    try:
        content: Any = json.loads(path.read_text("utf-8-sig"))
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
        return CapturedCurves([str(name) for name in names], time_s, values, _lasting(time_s))
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise Skip("curves: JSON that is neither BEAT's nor Audio2Face's") from error


def _lasting(time_s: NDArray[np.float64]) -> float:
    """How long frames at these times last: the last as long as most do."""
    return float(time_s[-1] + np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0


def _table(rows: Sequence[Sequence[Any]], n_columns: int) -> NDArray[np.float64]:
    """Rows as numbers [n_rows, n_columns]."""
    if any(len(row) != n_columns for row in rows):
        raise Skip("curves: a frame with more or fewer values than names")
    try:
        return np.array(rows, np.float64).reshape(len(rows), n_columns)
    except ValueError as error:
        raise Skip("curves: a value that is no number") from error


def _vertices(path: Path, seconds: float) -> CapturedCurves:
    """The controls that come nearest to vertices, at the rate that fits the sound best."""
    try:
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        vertices = np.asarray(stored, np.float32).reshape(len(stored), -1)
    except (ValueError, TypeError, EOFError) as error:
        raise Skip("curves: an array that can't be read") from error
    neutral, inverse = head_and_inverse()
    if vertices.shape[1] != len(neutral):
        raise Skip(
            f"curves: vertices of another head ({vertices.shape[1] / 3:g} of them; "
            f"only those of Marotte's own, {len(neutral) // 3}, can become controls)"
        )
    rate = min(VERTEX_RATES, key=lambda fps: abs(len(vertices) / fps - seconds))
    controls = np.clip((vertices - neutral) @ inverse, 0, 1).astype(np.float64)
    return CapturedCurves(
        ARKIT_NAMES, np.arange(len(vertices)) / rate, controls, len(vertices) / rate
    )


def _components(path: Path, mesh: Mesh) -> CapturedCurves:
    """The components that come nearest to a mesh's own vertices."""
    try:
        vertices = read_vertices(path, mesh.unit_mm)
    except MarotteError as error:
        raise Skip("curves: no array of vertices") from error
    if vertices.shape[1] != len(mesh.rest):
        raise Skip(f"curves: vertices of another mesh ({vertices.shape[1] // 3} of them)")
    controls = mesh.encode(vertices).astype(np.float64)
    time_s = np.arange(len(vertices)) / mesh.fps
    return CapturedCurves(mesh.rig.names, time_s, controls, len(vertices) / mesh.fps)


@functools.cache
def head_and_inverse() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The packaged head at rest [n_vertices * 3], and the least-squares map to its 52 controls."""
    neutral, matrix = load_head().basis(ARKIT_NAMES)
    # The normal equations are quick, and in 64 bits exact enough: all controls differ well.
    wide = matrix.astype(np.float64)
    return neutral, (wide.T @ np.linalg.inv(wide @ wide.T)).astype(np.float32)

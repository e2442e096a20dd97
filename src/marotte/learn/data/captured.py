"""Captured facial motion: a file from another program in, ARKit controls at a sound's frames out.

- `.csv`: a take of Live Link Face. Each row has a timecode, so dropped frames and frames without
  a face are interpolated. Or a table whose first column is `time`, in seconds of the sound; rows
  with an empty cell have no face.
- `.json`: ARKit weights as in the BEAT data set (`names`, `frames` of `weights` and `time`) or as
  exported by NVIDIA Audio2Face (`exportFps`, `facsNames`, `weightMat`).
- `.npz`: an animation of Marotte.
- `.npy`: vertices of the packaged head in mm [n_frames, n_vertices * 3], at 60 or 30 frames per
  second.

Every error is a `Skip`: a bad file is left out and counted, and the other files are still read.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.archives import open_array
from marotte.errors import DAMAGED, MarotteError
from marotte.face.loading import load_head
from marotte.face.mesh import Mesh
from marotte.face.rig import ARKIT_52, ARKIT_NAMES, Rig
from marotte.learn.data.curve_files import CapturedCurves, read_animation, read_csv, read_json
from marotte.learn.data.labels import frame_count
from marotte.learn.data.mesh_pca import read_vertices
from marotte.learn.errors import Skip
from marotte.learn.speech.textgrid import MAX_MISMATCH_S

ENDINGS = (".csv", ".json", ".npy")
VERTEX_RATES = (60.0, 30.0)
MAX_OVERSHOOT = 2.0  # times a control's range: trackers overshoot a little

_CLIP = re.compile(r".+@\d+\.\d{3}")
_BY_LOWER_NAME = {name.lower(): name for name in ARKIT_NAMES}


def read_controls(
    path: Path, seconds: float, fps: float, rig: Rig = ARKIT_52, mesh: Mesh | None = None
) -> NDArray[np.float32]:
    """Read a file's controls [n_frames, n_controls] at k / fps seconds of its sound.

    Args:
        path: the file.
        seconds: duration of the sound.
        fps: frames per second of the result.
        rig: rig of the controls. ARKit's names may be spelled in several ways; the names of
            other rigs must match exactly.
        mesh: if given, the file holds this mesh's vertices, and the result its components.

    Raises:
        Skip: the file can't be read or does not fit the sound.
    """
    curves = read_curves(path, seconds, mesh)
    return resample(curves, seconds, fps, mesh.rig if mesh else rig)


def clip_id(id: str, start_s: float) -> str:
    """Return the id of an utterance that is a clip of a longer recording with the given id.

    Example:
        >>> from marotte.learn.data.captured import clip_id, clip_start
        >>> clip_id("me/one", 12.4)
        'me/one@12.400'
        >>> clip_start("me/one@12.400"), clip_start("me/one")
        (('me/one', 12.4), ('me/one', None))
    """
    return f"{id}@{start_s:.3f}"


def clip_start(id: str) -> tuple[str, float | None]:
    """Return the id of the recording that an utterance is a clip of, and where the clip begins.

    An utterance that is not a clip is a recording of its own, and begins at None.
    """
    recording, _, start_s = id.rpartition("@")
    return (recording, float(start_s)) if _CLIP.fullmatch(id) else (id, None)


def read_curves(path: Path, seconds: float, mesh: Mesh | None = None) -> CapturedCurves:
    """Read a file's curves as they are stored.

    Args:
        path: the file.
        seconds: duration of the sound, which tells the frame rate of vertices.
        mesh: see `read_controls`.

    Raises:
        Skip: the file can't be read.
    """
    try:
        return _components(path, mesh) if mesh else _read(path, seconds)
    except OSError as error:
        raise Skip("curves: a file that can't be read") from error


def resample(
    curves: CapturedCurves,
    seconds: float,
    fps: float,
    rig: Rig = ARKIT_52,
    start_s: float | None = None,
) -> NDArray[np.float32]:
    """Interpolate controls [n_frames, n_controls] linearly at k / fps seconds.

    Args:
        curves: the curves.
        seconds: duration of the sound.
        fps: frames per second of the result.
        rig: see `read_controls`.
        start_s: where the sound begins in the curves, if it is a clip of theirs: see `clip_id`.

    Raises:
        Skip: no column belongs to the rig, or the times or values are not valid.
    """
    names = enumerate(map(arkit_name, curves.names) if rig is ARKIT_52 else curves.names)
    columns = {name: column for column, name in names if name in rig.index}
    if not columns:
        rig_name = "ARKit" if rig is ARKIT_52 else f"the rig {rig.name!r}"
        raise Skip(f"curves: no column is a control of {rig_name}")
    time_s = curves.time_s
    if not len(time_s) or not np.isfinite(time_s).all() or not (np.diff(time_s) >= 0).all():
        raise Skip("curves: no frames, or decreasing times")
    limit = MAX_OVERSHOOT * max(map(abs, (*rig.minimum, *rig.maximum)))
    if not (np.abs(curves.values[:, list(columns.values())]) <= limit).all():
        raise Skip(f"curves: values far outside {rig.minimum[0]:g} to {rig.maximum[0]:g}")
    left_s = curves.seconds - (start_s or 0.0) - seconds
    if left_s < -MAX_MISMATCH_S or (start_s is None and left_s > MAX_MISMATCH_S):
        raise Skip("curves: duration differs from the sound's")
    time_s = (start_s or 0.0) + np.arange(frame_count(seconds, fps)) / fps
    controls = rig.neutral(len(time_s))
    for name, column in columns.items():
        values = curves.values[:, column]
        controls[:, rig.index[name]] = np.interp(time_s, curves.time_s, values)
    return rig.clamp(controls)


def arkit_name(name: str) -> str | None:
    """Return ARKit's spelling of a control's name; None if it is not an ARKit control.

    Example:
        >>> from marotte.learn.data.captured import arkit_name
        >>> arkit_name("EyeBlink_L"), arkit_name("Head.mouthSmileRight")
        ('eyeBlinkLeft', 'mouthSmileRight')
    """
    plain = name.rpartition(".")[2].strip().lower()
    plain = re.sub("_l$", "left", re.sub("_r$", "right", plain))
    return _BY_LOWER_NAME.get(plain.replace("_", ""))


def _read(path: Path, seconds: float) -> CapturedCurves:
    match path.suffix.lower():
        case ".csv":
            return read_csv(path)
        case ".npz":
            return read_animation(path)
        case ".json":
            return read_json(path)
        case _:
            return _vertices(path, seconds)


def _vertices(path: Path, seconds: float) -> CapturedCurves:
    """Fit controls to vertices of the packaged head, at the frame rate that fits the sound best."""
    try:
        stored = open_array(path)
        vertices = np.asarray(stored, np.float32).reshape(len(stored), -1)
    except DAMAGED as error:
        raise Skip("curves: an array that can't be read") from error
    neutral, inverse = head_and_inverse()
    if vertices.shape[1] != len(neutral):
        raise Skip(
            f"curves: {vertices.shape[1] / 3:g} vertices; only the {len(neutral) // 3} vertices "
            "of Marotte's head can be converted to controls"
        )
    rate = min(VERTEX_RATES, key=lambda fps: abs(len(vertices) / fps - seconds))
    controls = np.clip((vertices - neutral) @ inverse, 0, 1).astype(np.float64)
    return CapturedCurves(
        ARKIT_NAMES, np.arange(len(vertices)) / rate, controls, len(vertices) / rate
    )


def _components(path: Path, mesh: Mesh) -> CapturedCurves:
    """Fit a mesh's components to its vertices."""
    try:
        vertices = read_vertices(path, mesh.unit_mm)
    except MarotteError as error:
        raise Skip("curves: not an array of vertices") from error
    if vertices.shape[1] != len(mesh.rest):
        raise Skip(
            f"curves: {vertices.shape[1] // 3} vertices, where the mesh has {len(mesh.rest) // 3}"
        )
    controls = mesh.encode(vertices).astype(np.float64)
    time_s = np.arange(len(vertices)) / mesh.fps
    return CapturedCurves(mesh.rig.names, time_s, controls, len(vertices) / mesh.fps)


@functools.cache
def head_and_inverse() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the packaged head at rest and the least-squares map from offsets to controls.

    Returns:
        the head at rest [n_vertices * 3] in mm; the map [n_vertices * 3, 52].
    """
    neutral, matrix = load_head().basis(ARKIT_NAMES)
    # The normal equations are fast, and in 64 bits exact enough: the matrix is well-conditioned.
    wide = matrix.astype(np.float64)
    return neutral, (wide.T @ np.linalg.inv(wide @ wide.T)).astype(np.float32)

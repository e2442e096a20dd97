"""Vertices over time in; a mesh of principal components out.

Files of vertices are those CodeTalker and VOCA-style tools write: `.npy` [n_frames, n_vertices * 3]
or [n_frames, n_vertices, 3].
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.mesh import ENDING, Mesh, load_mesh
from marotte.paths import replacing

SHARE, MOST = 0.999, 50  # section 4.8: 99.9 % of the variance, in 50 components
SAMPLE_FRAMES = 2_000  # taken evenly from all files: enough for 50 components, and in memory
KEPT = f"mesh{ENDING}"  # in the folder of a run
ROOM = 1.25  # the largest control seen is 1 / ROOM, for tanh comes to 1 only at infinity

Floats = NDArray[np.float32]
Frames = NDArray[np.int64]


def read_vertices(path: Path, unit_mm: float = 1.0, frames: Frames | None = None) -> Floats:
    """The vertices of a file in mm [n_frames, n_vertices * 3].

    Args:
        path: the `.npy` file.
        unit_mm: millimetres in its unit; 1000 for VOCASET's metres.
        frames: which ones, all if None; no others are read.

    Raises:
        MarotteError: it can't be read, or holds no vertices.
    """
    try:
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        chosen = stored if frames is None else stored[frames]
        vertices = np.asarray(chosen, np.float32).reshape(len(chosen), -1)
    except (OSError, ValueError, TypeError, EOFError, IndexError) as error:
        raise MarotteError(f"{path} holds no array of vertices: {error}") from error
    if not vertices.size or vertices.shape[1] % 3 or not np.isfinite(vertices).all():
        raise MarotteError(
            f"{path} has the shape {stored.shape}: give finite [n_frames, n_vertices * 3]"
        )
    return vertices * np.float32(unit_mm)


def fit(
    files: Sequence[Path],
    name: str,
    *,
    fps: float = 30.0,
    unit_mm: float = 1.0,
    share: float = SHARE,
    most: int = MOST,
    rest: Path | None = None,
    lips: tuple[int, int] | None = None,
    mouth: Sequence[int] = (),
) -> Mesh:
    """Find the principal components of vertex sequences.

    They are those of the displacements from rest, so that a face at rest has controls of 0. One
    scale serves them all: an error of the controls is then an error of the vertices, times it.

    Args:
        files: of vertices.
        name: the mesh's.
        fps: the files' frames a second.
        unit_mm: see `read_vertices`.
        share: of the variance to keep, 0..1 ...
        most: ... in no more than so many components.
        rest: a file with one frame at rest; the mean of the files' first frames if None.
        lips: the vertices in the middle of the upper and the lower lip.
        mouth: all vertices of the lips.

    Raises:
        MarotteError: there are no files, they are of different meshes, or nothing moves.
    """
    if not files:
        raise MarotteError("there are no files of vertices (.npy) to fit a mesh to")
    firsts, sample = _sampled(files, unit_mm)
    at_rest = read_vertices(rest, unit_mm)[0] if rest else firsts.mean(axis=0)
    if at_rest.shape != firsts[0].shape:
        raise MarotteError(f"{rest} is not of the same mesh as {files[0]}")
    for what, vertices in (("lips", lips or ()), ("mouth", mouth)):
        if not all(0 <= vertex < len(at_rest) // 3 for vertex in vertices):
            raise MarotteError(
                f"{what} must be some of the {len(at_rest) // 3} vertices, got {max(vertices)}"
            )
    moved = sample.astype(np.float64) - at_rest
    components, kept = principal_components(moved, share, most)
    scale = ROOM * float(np.abs(moved @ components.T).max())
    rows = (scale * components).astype(np.float32)
    at_rest = np.asarray(at_rest, np.float32)
    return Mesh(name, at_rest, rows, fps, kept, unit_mm, lips, tuple(mouth))


def _sampled(files: Sequence[Path], unit_mm: float) -> tuple[Floats, Floats]:
    """Each file's first frame, and `SAMPLE_FRAMES` taken evenly from all files end to end.

    Raises:
        MarotteError: a file can't be read, or is of another mesh than the first.
    """
    firsts: list[Floats] = []
    ends = [0]
    for path in files:
        vertices = read_vertices(path, unit_mm, np.array([0]))
        if firsts and vertices.shape[1] != len(firsts[0]):
            raise MarotteError(
                f"{path} has {vertices.shape[1] // 3} vertices, {files[0]} has "
                f"{len(firsts[0]) // 3}: fit one mesh at a time"
            )
        firsts.append(vertices[0])
        ends.append(ends[-1] + len(np.load(path, mmap_mode="r", allow_pickle=False)))
    count = min(SAMPLE_FRAMES, ends[-1])
    places = ((np.arange(count) + 0.5) * ends[-1] / count).astype(np.int64)
    pieces = np.split(places, np.searchsorted(places, ends[1:-1]))
    sample = [
        read_vertices(path, unit_mm, piece - begin)
        for path, begin, piece in zip(files, ends, pieces, strict=False)
        if len(piece)
    ]
    return np.stack(firsts), np.concatenate(sample)


def principal_components(
    moved: NDArray[np.float64], share: float, most: int
) -> tuple[NDArray[np.float64], float]:
    """Orthonormal directions of rows [n, width] that keep most of their squares, and how much.

    By the Gram matrix of the rows, of which there are fewer than columns.

    Returns:
        [n_components, width], as few as keep `share` of the rows' variance, `most` at most; and
        what share they keep.
    """
    variance = np.square(moved - moved.mean(axis=0)).sum()
    if not variance > 0:
        raise MarotteError("the vertices do not move: give files of speech")
    energy, rows = np.linalg.eigh(moved @ moved.T)
    energy, rows = energy[::-1], rows[:, ::-1]
    left = np.maximum(energy.sum() - np.cumsum(energy), 0) / variance
    count = min(most, int(np.searchsorted(-left, share - 1)) + 1, int((energy > 0).sum()))
    directions = rows[:, :count].T @ moved
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions, float(1 - left[count - 1])


def keep_mesh(rig: Path | None, run: Path) -> None:
    """Copy a mesh's file into the folder of a run, whose student is exported with it."""
    if rig and rig.suffix == ENDING:
        run.mkdir(parents=True, exist_ok=True)
        with replacing(run / KEPT) as temporary:
            shutil.copyfile(rig, temporary)


def mesh_of(run: Path) -> Mesh | None:
    """The mesh of a run; None where its student is that of a rig."""
    return load_mesh(run / KEPT) if (run / KEPT).is_file() else None

"""Principal components of a mesh: sequences of vertices in, a `Mesh` of components out.

The files are those that CodeTalker and VOCA-style tools write: `.npy` arrays
[n_frames, n_vertices * 3] or [n_frames, n_vertices, 3].
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.archives import open_array
from marotte.errors import DAMAGED, MarotteError
from marotte.face.mesh import ENDING, Mesh, load_mesh
from marotte.paths import replacing

VARIANCE_SHARE, MAX_COMPONENTS = 0.999, 50  # section 4.8: 99.9 % of the variance, in 50 components
SAMPLE_FRAMES = 2_000  # spread evenly over all files: enough for 50 components, fits in memory
MESH_FILE = f"mesh{ENDING}"  # in the folder of a run
HEADROOM = 1.25  # the largest control is 1 / HEADROOM, as a student's tanh never reaches 1

Floats = NDArray[np.float32]
Frames = NDArray[np.int64]


def read_vertices(path: Path, unit_mm: float = 1.0, frames: Frames | None = None) -> Floats:
    """Read the vertices of a file in mm [n_frames, n_vertices * 3].

    Args:
        path: the `.npy` file.
        unit_mm: the file's unit in millimetres; 1000 for VOCASET, which is in metres.
        frames: indices of the frames to read; all if None.

    Raises:
        MarotteError: the file can't be read, or does not hold vertices.
    """
    try:
        stored = open_array(path)
        chosen = stored if frames is None else stored[frames]
        vertices = np.asarray(chosen, np.float32).reshape(len(chosen), -1)
    except (OSError, *DAMAGED) as error:
        raise MarotteError(f"{path} is not an array of vertices: {error}") from error
    if not vertices.size or vertices.shape[1] % 3 or not np.isfinite(vertices).all():
        raise MarotteError(
            f"{path} must hold finite values [n_frames, n_vertices * 3], got the shape "
            f"{stored.shape}, or values that are not finite"
        )
    return vertices * np.float32(unit_mm)


def fit(
    files: Sequence[Path],
    name: str,
    *,
    fps: float = 30.0,
    unit_mm: float = 1.0,
    share: float = VARIANCE_SHARE,
    most: int = MAX_COMPONENTS,
    rest: Path | None = None,
    lips: tuple[int, int] | None = None,
    mouth: Sequence[int] = (),
) -> Mesh:
    """Fit the principal components of vertex sequences.

    The components are those of the offsets from the face at rest, so a face at rest has controls
    of 0. All components have the same scale: an error of the controls times the scale is an error
    of the vertices.

    Args:
        files: files of vertices.
        name: name of the mesh.
        fps: frames per second of the files.
        unit_mm: the files' unit in millimetres, see `read_vertices`.
        share: share of the variance to keep, 0..1.
        most: largest number of components, even if they keep less than `share`.
        rest: file whose first frame is the face at rest; the mean of all files' first frames if
            None.
        lips: indices of the middle vertices of the upper and lower lip.
        mouth: indices of all vertices of the lips.

    Raises:
        MarotteError: there are no files, the files are of different meshes, or nothing moves.
    """
    if not files:
        raise MarotteError("there are no files of vertices to fit a mesh to: give .npy files")
    firsts, sample = _sampled(files, unit_mm)
    at_rest = read_vertices(rest, unit_mm)[0] if rest else firsts.mean(axis=0)
    if at_rest.shape != firsts[0].shape:
        raise MarotteError(f"{rest} is not of the same mesh as {files[0]}")
    for option, vertices in (("lips", lips or ()), ("mouth", mouth)):
        if not all(0 <= vertex < len(at_rest) // 3 for vertex in vertices):
            raise MarotteError(
                f"{option} must be vertices 0 to {len(at_rest) // 3 - 1}, got {max(vertices)}"
            )
    offsets = sample.astype(np.float64) - at_rest
    components, kept_share = principal_components(offsets, share, most)
    scale = HEADROOM * float(np.abs(offsets @ components.T).max())
    rows = (scale * components).astype(np.float32)
    at_rest = np.asarray(at_rest, np.float32)
    return Mesh(name, at_rest, rows, fps, kept_share, unit_mm, lips, tuple(mouth))


def _sampled(files: Sequence[Path], unit_mm: float) -> tuple[Floats, Floats]:
    """Return each file's first frame, and `SAMPLE_FRAMES` frames spread evenly over all files.

    Raises:
        MarotteError: a file can't be read, or has another number of vertices than the first.
    """
    firsts: list[Floats] = []
    ends = [0]
    for path in files:
        vertices = read_vertices(path, unit_mm, np.array([0]))
        if firsts and vertices.shape[1] != len(firsts[0]):
            raise MarotteError(
                f"{path} has {vertices.shape[1] // 3} vertices, {files[0]} has "
                f"{len(firsts[0]) // 3}: give files of one mesh"
            )
        firsts.append(vertices[0])
        ends.append(ends[-1] + len(open_array(path)))
    count = min(SAMPLE_FRAMES, ends[-1])
    frames = ((np.arange(count) + 0.5) * ends[-1] / count).astype(np.int64)
    frames_by_file = np.split(frames, np.searchsorted(frames, ends[1:-1]))
    sample = [
        read_vertices(path, unit_mm, chosen - start)
        for path, start, chosen in zip(files, ends, frames_by_file, strict=False)
        if len(chosen)
    ]
    return np.stack(firsts), np.concatenate(sample)


def principal_components(
    offsets: NDArray[np.float64], share: float, most: int
) -> tuple[NDArray[np.float64], float]:
    """Return the orthonormal principal components of offsets [n, width], not centred.

    The Gram matrix of the rows is used, as there are fewer rows than columns.

    Args:
        offsets: offsets from the face at rest [n, width].
        share: share of the variance to keep, 0..1.
        most: largest number of components.

    Returns:
        the fewest components that keep `share` of the variance, at most `most`
        [n_components, width]; the share that they keep.

    Raises:
        MarotteError: nothing moves.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.data.mesh_pca import principal_components
        >>> offsets = np.outer([1.0, -1.0, 2.0], [3.0, 0.0, 4.0, 0.0])
        >>> components, share = principal_components(offsets, 0.999, 50)
        >>> components.shape, round(share, 6)
        ((1, 4), 1.0)
    """
    variance = np.square(offsets - offsets.mean(axis=0)).sum()
    if not variance > 0:
        raise MarotteError("the vertices do not move: give files of speech")
    energy, rows = np.linalg.eigh(offsets @ offsets.T)
    energy, rows = energy[::-1], rows[:, ::-1]
    lost = np.maximum(energy.sum() - np.cumsum(energy), 0) / variance
    count = min(most, int(np.searchsorted(-lost, share - 1)) + 1, int((energy > 0).sum()))
    directions = rows[:, :count].T @ offsets
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return directions, float(1 - lost[count - 1])


def keep_mesh(rig: Path | None, run: Path) -> None:
    """Copy a mesh's file into the folder of a run: the student is exported with its mesh."""
    if rig and rig.suffix == ENDING:
        run.mkdir(parents=True, exist_ok=True)
        with replacing(run / MESH_FILE) as temporary:
            shutil.copyfile(rig, temporary)


def mesh_of(run: Path) -> Mesh | None:
    """Load the mesh of a run; None if the run's student drives a rig instead."""
    return load_mesh(run / MESH_FILE) if (run / MESH_FILE).is_file() else None

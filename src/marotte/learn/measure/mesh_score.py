"""Scores in mesh space: a motion and the true vertices in, their distances and closures out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.mesh import Mesh, load_mesh
from marotte.face.rig import ARKIT_NAMES
from marotte.infer.offline import animate
from marotte.learn.data.mesh_pca import Floats, read_vertices
from marotte.learn.data.store import Store
from marotte.learn.errors import Skip
from marotte.learn.measure.evaluate import choose_utterances
from marotte.learn.measure.predictors import open_net, outputs_of, recording_of
from marotte.learn.metrics import CLOSED_MM, Closures, closures, jitter, pool
from marotte.learn.teachers.imported import ImportedTeacher
from marotte.learn.utterance import Phone, Utterance
from marotte.model.session import load_student
from marotte.progress import Progress

Motion = Callable[[Utterance, Floats], Floats]
"""A function of an utterance and its true vertices [n_frames, n_vertices * 3] in mm.

It returns vertices of the same shape.
"""

TRUE_VERTICES, COMPONENTS, AT_REST = "the files", "components", "at rest"


@dataclass(frozen=True)
class MeshScore:
    """How far a motion is from its target, in mesh space.

    Values about the lips are NaN or empty if the mesh's lips are not known.

    Attributes:
        frames: the number of frames compared.
        vertex_error_mm: the mean distance of a vertex from its target.
        lip_vertex_error_mm2: CodeTalker's LVE: per frame, the squared distance of the lip vertex
            that is farthest from its target; the mean over frames.
        mse_mm2: the mean squared error of a coordinate, the paper's MSE in Table 4.
        lip_gap_error_mm: the mean error of the distance between the lips.
        jitter: of the lower lip, see `metrics.jitter`.
        target_jitter: the jitter of the target.
        closures: the distance between the lips at bilabials and open vowels, see
            `gap_from_threshold_mm`.
        target_closures: that of the target.
    """

    frames: int
    vertex_error_mm: float
    lip_vertex_error_mm2: float
    mse_mm2: float
    lip_gap_error_mm: float
    jitter: float
    target_jitter: float
    closures: Closures
    target_closures: Closures


def closed_threshold_mm(mesh: Mesh) -> float:
    """Return the default distance between the lips at or below which they count as closed.

    It is 1.14 mm more than the distance at rest, as for the packaged head. This assumes that the
    lips touch at rest, and a head of an adult man's size.

    Raises:
        MarotteError: the mesh's lips are not known.
    """
    above_rest_mm = CLOSED_MM - load_head().lip_gap_weights(ARKIT_NAMES)[0]
    return mesh.head.lip_gap_weights(mesh.rig.names)[0] + above_rest_mm


def gap_from_threshold_mm(mesh: Mesh, vertices: Floats, threshold_mm: float) -> Floats:
    """Return the distance between the lips [n_frames], shifted so the threshold is `CLOSED_MM`.

    `metrics.closures` then separates closed lips from open ones at the mesh's own `threshold_mm`.
    """
    upper, lower = (3 * lip + 1 for lip in mesh.lips or ())
    return vertices[:, upper] - vertices[:, lower] + np.float32(CLOSED_MM - threshold_mm)


def score(
    mesh: Mesh,
    vertices: Floats,
    target: Floats,
    phones: Sequence[Phone] = (),
    threshold_mm: float | None = None,
) -> MeshScore:
    """Compare vertices [n_frames, n_vertices * 3] in mm, at the mesh's frame rate.

    Args:
        mesh: the mesh that moves.
        vertices: the vertices to score.
        target: the true vertices.
        phones: the phones of the speech, with times; without phones no closures are counted.
        threshold_mm: lips at this distance or less are closed; `closed_threshold_mm` if None.
    """
    n = min(len(vertices), len(target))
    vertices, target = vertices[:n], target[:n]
    error = (vertices - target).reshape(n, -1, 3)
    squared = np.square(error).sum(axis=2)
    of_lips = {"lip_gap_error_mm": np.nan, "jitter": np.nan, "target_jitter": np.nan}
    own_closures = target_closures = pool([])
    if mesh.lips:
        threshold_mm = closed_threshold_mm(mesh) if threshold_mm is None else threshold_mm
        gaps = [gap_from_threshold_mm(mesh, each, threshold_mm) for each in (vertices, target)]
        own_closures, target_closures = (closures(gap, mesh.fps, phones) for gap in gaps)
        lower = 3 * mesh.lips[1] + 1
        of_lips = {
            "lip_gap_error_mm": float(np.abs(gaps[0] - gaps[1]).mean()),
            "jitter": jitter(vertices[:, lower], mesh.fps),
            "target_jitter": jitter(target[:, lower], mesh.fps),
        }
    farthest_mm2 = squared[:, list(mesh.mouth)].max(axis=1) if mesh.mouth else np.nan
    return MeshScore(
        frames=n,
        vertex_error_mm=float(np.sqrt(squared).mean()),
        lip_vertex_error_mm2=float(np.mean(farthest_mm2)),
        mse_mm2=float(squared.mean() / 3),
        closures=own_closures,
        target_closures=target_closures,
        **of_lips,
    )


def mean_score(scores: Sequence[MeshScore]) -> MeshScore:
    """Combine several scores: means weighted by frames, and all closures together."""
    frames = [each.frames for each in scores]

    def weighted_mean(name: str) -> NDArray[np.float64]:
        return np.average([getattr(each, name) for each in scores], weights=frames)

    names = [each.name for each in fields(MeshScore) if each.type == "float"]
    return MeshScore(
        frames=sum(frames),
        closures=pool([each.closures for each in scores]),
        target_closures=pool([each.target_closures for each in scores]),
        **{name: float(weighted_mean(name)) for name in names},
    )


def reference_motions(mesh: Mesh) -> dict[str, Motion]:
    """Return the motions that every student is compared with, by name.

    They are the true vertices, the true vertices through the components and back (the lower bound
    for the error of any student), and the mesh at rest.
    """
    return {
        TRUE_VERTICES: lambda _, target: target,
        COMPONENTS: lambda _, target: mesh.decode(mesh.encode(target)),
        AT_REST: lambda _, target: np.broadcast_to(mesh.rest, target.shape),
    }


def student_vertices(mesh: Mesh, student: str) -> Callable[[Utterance], Floats]:
    """Return a function from an utterance to a student's vertices.

    Args:
        mesh: the mesh that the student moves.
        student: the student's file, or the folder of its run.
    """
    if Path(student).is_dir():
        net = open_net(Path(student))
        return lambda utterance: mesh.decode(outputs_of(net, recording_of(utterance), mesh.fps))
    loaded = load_student(student, mesh.rig)
    return lambda utterance: mesh.decode(
        animate(recording_of(utterance), loaded, mesh.fps, close=False).controls
    )


def score_motions(
    store: Store,
    mesh_file: Path,
    folders: Sequence[Path],
    split: str,
    motions: Mapping[str, Motion],
    progress: Progress | None = None,
    *,
    minutes: float | None = None,
    threshold_mm: float | None = None,
) -> dict[str, MeshScore]:
    """Score motions on a split, over all utterances that have true vertices.

    Args:
        store: the corpus.
        mesh_file: the mesh's file.
        folders: folders of files of vertices, found by name as the teacher `imported` does.
        split: e.g. `valid`.
        motions: the motions to score, by name.
        progress: called with the number of utterances done and their total.
        minutes: a cap, see `evaluate.choose_utterances`.
        threshold_mm: see `score`.

    Raises:
        MarotteError: a file is damaged, or no utterance has vertices.
    """
    mesh = load_mesh(mesh_file)
    ids = choose_utterances(store, split, minutes)
    total = sum(map(len, ids.values()))
    scores: dict[str, list[MeshScore]] = {name: [] for name in motions}
    with_targets = _with_vertices(store, mesh, ImportedTeacher(folders, mesh_file), ids)
    for done, (utterance, target) in enumerate(with_targets, start=1):
        for name, motion in motions.items():
            if target is not None:
                vertices = motion(utterance, target)
                scores[name].append(score(mesh, vertices, target, utterance.phones, threshold_mm))
        if progress:
            progress(done, total)
    if not all(scores.values()):
        raise MarotteError(
            f"no {split!r} utterance of {store.folder} has vertices in "
            f"{', '.join(map(str, folders))}: name each file after the end of its utterance's id"
        )
    return {name: mean_score(each) for name, each in scores.items()}


def _with_vertices(
    store: Store, mesh: Mesh, teacher: ImportedTeacher, ids: Mapping[str, list[str]]
) -> Iterator[tuple[Utterance, Floats | None]]:
    """Yield utterances with their true vertices, or None for an utterance without a file."""
    for part, part_ids in ids.items():
        for utterance in store.utterances([part], set(part_ids)):
            try:
                yield utterance, read_vertices(teacher.file_of(utterance), mesh.unit_mm)
            except Skip:
                yield utterance, None

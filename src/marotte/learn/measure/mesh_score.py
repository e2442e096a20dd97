"""Faces as vertices and the vertices they should be in; how far apart, in mesh space, out."""

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
from marotte.learn.measure.evaluate import chosen
from marotte.learn.measure.predictors import open_net, outputs_of, recording_of
from marotte.learn.metrics import CLOSED_MM, Closures, closures, jitter, pool
from marotte.learn.teachers.imported import ImportedTeacher
from marotte.learn.utterance import Phone, Utterance
from marotte.model.session import load_student

Motion = Callable[[Utterance, Floats], Floats]
"""An utterance and its true vertices [n_frames, n_vertices * 3] in mm in; some face's out."""

TRUE, COMPONENTS, AT_REST = "the files", "components", "at rest"


@dataclass(frozen=True)
class MeshScore:
    """How far a motion is from the one it should be, in mesh space.

    What is of the lips is NaN, or empty, where the mesh's lips are not known.

    Attributes:
        frames: compared.
        vertex_error_mm: the mean distance of a vertex from its place.
        lip_vertex_error_mm2: CodeTalker's LVE: of each frame the lips' vertex that is farthest from
            its place, its distance squared; the mean over frames.
        mse_mm2: the mean square of a coordinate's error, the paper's MSE in Table 4.
        lip_gap_error_mm: the mean error of the lips' distance.
        jitter: of the lower lip, see `metrics.jitter`.
        taught_jitter: of the motion it should be.
        closures: the lips' distance where it counts, see `gap_from_line_mm`.
        taught: that of the motion it should be.
    """

    frames: int
    vertex_error_mm: float
    lip_vertex_error_mm2: float
    mse_mm2: float
    lip_gap_error_mm: float
    jitter: float
    taught_jitter: float
    closures: Closures
    taught: Closures


def closed_mm(mesh: Mesh) -> float:
    """The lips' distance at or below which they count as closed, unless another is given.

    As much above the distance of the mesh's face at rest as the packaged head's threshold is above
    that head's: 1.14 mm. It takes for granted that the lips touch at rest, and a head of a man's
    size.

    Raises:
        MarotteError: the mesh's lips are not known.
    """
    above_rest_mm = CLOSED_MM - load_head().lip_gap_weights(ARKIT_NAMES)[0]
    return mesh.head.lip_gap_weights(mesh.rig.names)[0] + above_rest_mm


def gap_from_line_mm(mesh: Mesh, vertices: Floats, line_mm: float) -> Floats:
    """The lips' distance [n_frames], moved so that `line_mm` stands where metrics draw their line.

    `metrics.closures` then tells closed lips from open ones at `line_mm` of the mesh's own.
    """
    upper, lower = (3 * lip + 1 for lip in mesh.lips or ())
    return vertices[:, upper] - vertices[:, lower] + np.float32(CLOSED_MM - line_mm)


def score(
    mesh: Mesh,
    given: Floats,
    target: Floats,
    phones: Sequence[Phone] = (),
    line_mm: float | None = None,
) -> MeshScore:
    """Compare vertices [n_frames, n_vertices * 3] in mm, at the mesh's rate, frame by frame.

    Args:
        mesh: whose vertices.
        given: some face's.
        target: what they should be.
        phones: of the speech, with times; without them no closures are counted.
        line_mm: lips no further apart are closed; `closed_mm` if None.
    """
    n = min(len(given), len(target))
    given, target = given[:n], target[:n]
    error = (given - target).reshape(n, -1, 3)
    squared = np.square(error).sum(axis=2)
    of_lips = {"lip_gap_error_mm": np.nan, "jitter": np.nan, "taught_jitter": np.nan}
    closed = taught = pool([])
    if mesh.lips:
        line_mm = closed_mm(mesh) if line_mm is None else line_mm
        gaps = [gap_from_line_mm(mesh, each, line_mm) for each in (given, target)]
        closed, taught = (closures(gap, mesh.fps, phones) for gap in gaps)
        lower = 3 * mesh.lips[1] + 1
        of_lips = {
            "lip_gap_error_mm": float(np.abs(gaps[0] - gaps[1]).mean()),
            "jitter": jitter(given[:, lower], mesh.fps),
            "taught_jitter": jitter(target[:, lower], mesh.fps),
        }
    farthest_mm2 = squared[:, list(mesh.mouth)].max(axis=1) if mesh.mouth else np.nan
    return MeshScore(
        frames=n,
        vertex_error_mm=float(np.sqrt(squared).mean()),
        lip_vertex_error_mm2=float(np.mean(farthest_mm2)),
        mse_mm2=float(squared.mean() / 3),
        closures=closed,
        taught=taught,
        **of_lips,
    )


def mean_score(scores: Sequence[MeshScore]) -> MeshScore:
    """Several comparisons as one: means over frames, and all their closures."""
    frames = [each.frames for each in scores]

    def of(name: str) -> NDArray[np.float64]:
        return np.average([getattr(each, name) for each in scores], weights=frames)

    names = [each.name for each in fields(MeshScore) if each.type == "float"]
    return MeshScore(
        frames=sum(frames),
        closures=pool([each.closures for each in scores]),
        taught=pool([each.taught for each in scores]),
        **{name: float(of(name)) for name in names},
    )


def motions(mesh: Mesh) -> dict[str, Motion]:
    """What any student is held against, by name.

    The true vertices themselves; the same through the `components` and back, than which no student
    can be better; and a face that stays `at rest`.
    """
    return {
        TRUE: lambda _, target: target,
        COMPONENTS: lambda _, target: mesh.decode(mesh.encode(target)),
        AT_REST: lambda _, target: np.broadcast_to(mesh.rest, target.shape),
    }


def student_vertices(mesh: Mesh, student: str) -> Callable[[Utterance], Floats]:
    """What an exported student, or a run in a folder, makes of an utterance: its vertices."""
    if Path(student).is_dir():
        net = open_net(Path(student))
        return lambda utterance: mesh.decode(outputs_of(net, recording_of(utterance), mesh.fps))
    actor = load_student(student, mesh.rig)
    return lambda utterance: mesh.decode(animate(recording_of(utterance), actor, mesh.fps).controls)


def score_motions(
    store: Store,
    mesh_file: Path,
    folders: Sequence[Path],
    split: str,
    moved: Mapping[str, Motion],
    progress: Callable[[int, int], None] | None = None,
    *,
    minutes: float | None = None,
    line_mm: float | None = None,
) -> dict[str, MeshScore]:
    """Score faces on a split, over all frames for which there are true vertices.

    Args:
        store: the corpus.
        mesh_file: the mesh's.
        folders: of the files of vertices, found by name as the teacher `imported` does.
        split: e.g. `valid`.
        moved: the faces, by name.
        progress: called with how many utterances are done, and of how many.
        minutes: a cap, see `evaluate.chosen`.
        line_mm: see `score`.

    Raises:
        MarotteError: a file is damaged, or there are no vertices for any utterance.
    """
    mesh = load_mesh(mesh_file)
    ids = chosen(store, split, minutes)
    total = sum(map(len, ids.values()))
    found: dict[str, list[MeshScore]] = {name: [] for name in moved}
    with_truth = _with_vertices(store, mesh, ImportedTeacher(folders, mesh_file), ids)
    for done, (utterance, target) in enumerate(with_truth, start=1):
        for name, motion in moved.items():
            if target is not None:
                given = motion(utterance, target)
                found[name].append(score(mesh, given, target, utterance.phones, line_mm))
        if progress:
            progress(done, total)
    if not all(found.values()):
        raise MarotteError(
            f"{store.folder} has no {split!r} speech of which there are vertices in "
            f"{', '.join(map(str, folders))}: their paths must end as the utterances' ids do"
        )
    return {name: mean_score(scores) for name, scores in found.items()}


def _with_vertices(
    store: Store, mesh: Mesh, teacher: ImportedTeacher, ids: Mapping[str, list[str]]
) -> Iterator[tuple[Utterance, Floats | None]]:
    """Utterances by part with their true vertices; None where there are none."""
    for part, each in ids.items():
        for utterance in store.utterances([part], set(each)):
            try:
                yield utterance, read_vertices(teacher.file_of(utterance), mesh.unit_mm)
            except Skip:
                yield utterance, None

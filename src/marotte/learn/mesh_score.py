"""A student of a mesh and true vertices in; how far they are apart, in mesh space, out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from marotte.audio import Recording
from marotte.errors import MarotteError
from marotte.learn.corpora.source import Skip
from marotte.learn.mesh import MeshScore, mean_score, read_vertices, score
from marotte.learn.splits import split_of
from marotte.learn.store import Store
from marotte.learn.teachers.imported import ImportedTeacher
from marotte.mesh import load_mesh
from marotte.pipeline import animate
from marotte.runtime import load_student


def score_student(
    store: Store,
    student: str,
    mesh_file: Path,
    folders: Sequence[Path],
    split: str,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, MeshScore]:
    """Score a student on a split: the mean over all frames for which there are true vertices.

    Args:
        store: the corpus.
        student: the student's file.
        mesh_file: the mesh's.
        folders: of the files of vertices, found by name as the teacher `imported` does.
        split: e.g. `valid`.
        progress: called with how many utterances are done, and of how many.

    Returns:
        The `student`'s score; that of the `components` alone, of the true vertices there and back,
        which no student can be better than; and that of a face that stays `at rest`.

    Raises:
        MarotteError: a file is damaged, or there are no vertices for any utterance.
    """
    mesh = load_mesh(mesh_file)
    teacher, actor = ImportedTeacher(folders, mesh_file), load_student(student, mesh.rig)
    total = sum(split_of(entry) == split for entry in store.entries())
    done, ours, bound, still = 0, [], [], []
    for utterance in store.utterances():
        if split_of(utterance) != split:
            continue
        done += 1
        try:
            target = read_vertices(teacher.file_of(utterance), mesh.unit_mm)
        except Skip:
            continue
        recording = Recording.from_samples(utterance.samples, utterance.rate)
        given = mesh.decode(animate(recording, actor, mesh.fps).controls)
        ours.append(score(mesh, given, target))
        bound.append(score(mesh, mesh.decode(mesh.encode(target)), target))
        still.append(score(mesh, np.broadcast_to(mesh.rest, target.shape), target))
        if progress:
            progress(done, total)
    if not ours:
        raise MarotteError(
            f"{store.folder} has no {split!r} speech of which there are vertices in "
            f"{', '.join(map(str, folders))}: their paths must end as the utterances' ids do"
        )
    rows = {"student": ours, "components": bound, "at rest": still}
    return {name: mean_score(scores) for name, scores in rows.items()}

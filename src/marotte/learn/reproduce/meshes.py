"""Meshes for Table 4: a corpus and a teacher in; files of vertices in CodeTalker's layout out.

The teacher moves the packaged head, whose vertices are written to files. These files are then used
like a user's own files (`marotte mesh fit`, `marotte label`). Everything is in Marotte's cache:
missing files are made again, and the folder can be deleted.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from marotte.config import strict
from marotte.errors import MarotteError
from marotte.export import npy
from marotte.face.animation import Animation
from marotte.face.head import PARTS, Head
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.data.mesh_pca import MAX_COMPONENTS, VARIANCE_SHARE, fit
from marotte.learn.data.store import Store
from marotte.learn.errors import Skip
from marotte.learn.jobs.label import LabelJob, label, plan_labels
from marotte.learn.measure.evaluate import choose_utterances
from marotte.learn.measure.predictors import (
    FPS,
    Predictor,
    TeacherPredictor,
    has_labelled,
)
from marotte.learn.recipes import read_recipe
from marotte.learn.reproduce.mesh_predictors import LabelsById
from marotte.learn.reproduce.results import CLEAN, OTHER
from marotte.learn.reproduce.runs import Meshes, TablePlan
from marotte.learn.teachers import open_teacher
from marotte.names import path_inside
from marotte.paths import replacing
from marotte.progress import StageProgress

MESH_FPS = 30.0  # as CodeTalker's
RECIPE = "vertices.toml"
NAME = "head"  # the mesh's name: the teacher of its students is `imported-head`
SPLITS = (CLEAN, OTHER)  # the test sets of Table 4
SPARE_BYTES = 2**30  # disk space to leave free
SAME_COLOUR = 0.02  # the largest difference of a channel, 0..1

IdsByPart = Mapping[str, list[str]]


@dataclass(frozen=True)
class VertexRecipe:
    """The recipe of the meshes, `vertices.toml`.

    Attributes:
        teacher: the name of the teacher that moves the head.
        minutes: minutes of training speech.
        valid_minutes: minutes of validation speech.
        share: the share of the variance that the components keep, 0..1.
        most: the largest number of components.
    """

    teacher: str
    minutes: float
    valid_minutes: float
    share: float = VARIANCE_SHARE
    most: int = MAX_COMPONENTS

    def __post_init__(self) -> None:
        """Check that every amount is positive."""
        for name in ("minutes", "valid_minutes", "share", "most"):
            if getattr(self, name) <= 0:
                raise MarotteError(f"{name} must be above 0, got {getattr(self, name)}")


def with_meshes(
    plan: TablePlan, speech_minutes: float | None, progress: StageProgress
) -> TablePlan:
    """Return a plan whose runs learn meshes; missing files are made.

    Args:
        plan: the plan of a labelled corpus; its folder of recipes holds `vertices.toml`.
        speech_minutes: minutes of each test set that will be scored; None for all.
        progress: called with the current stage, the amount done and the total.

    Raises:
        MarotteError: the recipe, the teacher or speech is missing, or the disk is too full.
    """
    store = plan.store
    path = plan.recipes / RECIPE
    recipe = strict(VertexRecipe, read_recipe(path), str(path))
    training_sets = [
        choose_utterances(store, "train", recipe.minutes),
        choose_utterances(store, "valid", recipe.valid_minutes),
    ]
    for split, ids in zip(("train", "valid"), training_sets, strict=True):
        if not ids:
            raise MarotteError(f"{store.folder} has no {split!r} speech: use a larger corpus")
    source, version = _source(store, recipe.teacher, training_sets)
    key = repr((asdict(recipe), version)).encode()
    folder = plan.runs_folder.parent / f"meshes-{hashlib.sha256(key).hexdigest()[:8]}"
    vertices = folder / "vertices"
    all_sets = [
        *training_sets,
        *(choose_utterances(store, split, speech_minutes) for split in SPLITS),
    ]
    _write_all(store, all_sets, vertices, source, progress)
    mesh = _fitted(folder, vertices, recipe, training_sets[0])
    labelled = _labelled(store, training_sets, folder / "corpus", mesh, vertices, progress)
    meshes = Meshes(mesh, vertices, store, source, recipe.teacher, recipe.minutes)
    return replace(plan, store=labelled, runs_folder=folder / plan.runs_folder.name, meshes=meshes)


def lip_vertices(head: Head) -> list[int]:
    """Return the vertices of a head's skin with the colour of the middle of its upper lip."""
    if head.upper_lip is None:
        return []
    skin = np.unique(head.faces[head.parts == PARTS.index("skin")])
    difference = np.abs(head.colours[skin] - head.colours[head.upper_lip]).max(axis=1)
    return [int(vertex) for vertex in skin[difference < SAME_COLOUR]]


def _source(
    store: Store, teacher: str, training_sets: Sequence[IdsByPart]
) -> tuple[Predictor, str]:
    """Return the predictor that moves the head, and the teacher's version.

    The predictor reads the teacher's labels if they are complete; else it runs the teacher.

    Raises:
        MarotteError: the labels are incomplete and there is no such teacher.
    """
    labelled = set(store.labelled_parts(teacher))
    versions: set[str] = set()
    complete = has_labelled(store, teacher)
    for ids in training_sets:
        for part, each in ids.items():
            status = store.label_status(teacher, part) if complete and part in labelled else None
            if status is None or not set(each) <= status.labelled | status.left_out.keys():
                complete = False
                break
            versions.add(status.version)
    if complete and len(versions) == 1:
        return LabelsById(store, teacher), versions.pop()
    return TeacherPredictor(teacher), open_teacher(teacher).version


def _write_all(
    store: Store,
    all_sets: Sequence[IdsByPart],
    folder: Path,
    source: Predictor,
    progress: StageProgress,
) -> None:
    """Write the missing files of vertices, each completely or not at all."""
    missing: dict[str, set[str]] = {}
    for ids in all_sets:
        for part, each in ids.items():
            without_file = {id for id in each if not _vertices_path(folder, id).is_file()}
            missing.setdefault(part, set()).update(without_file)
    total = sum(map(len, missing.values()))
    _check_disk(store, missing, folder)
    done = 0
    for part, ids in missing.items():
        for utterance in store.utterances([part], ids) if ids else ():
            path = _vertices_path(folder, utterance.id)
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                # Every second frame at 60 fps is a frame at 30.
                controls = source(utterance)[:: round(FPS / MESH_FPS)]
                npy.write(Animation(controls, MESH_FPS, ARKIT_52), path)
            except Skip:
                pass  # an utterance without a label gets no file
            done += 1
            progress("writing vertices", done, total)


def _vertices_path(folder: Path, id: str) -> Path:
    return path_inside(folder, f"{id}.npy", "an utterance")


def _check_disk(store: Store, missing: Mapping[str, set[str]], folder: Path) -> None:
    """Check that the disk has enough space.

    Raises:
        MarotteError: it has not.
    """
    seconds = sum(
        entry.seconds
        for part, ids in missing.items()
        for entry in (store.entries([part]) if ids else ())
        if entry.id in ids
    )
    needed = seconds * MESH_FPS * load_head().neutral.size * 4
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed and needed + SPARE_BYTES > free:
        raise MarotteError(
            f"the files of vertices need {needed / 1e9:.1f} GB in {folder}, where "
            f"{free / 1e9:.1f} GB are free: reduce the minutes in {RECIPE} or --speech, or set "
            "MAROTTE_CACHE to a larger disk"
        )


def _fitted(folder: Path, vertices: Path, recipe: VertexRecipe, ids: IdsByPart) -> Path:
    """Return the mesh's file, fitted to the files of the training speech if it is missing."""
    path, rest = folder / f"{NAME}.npz", folder / "rest.npy"
    if path.is_file():
        return path
    head = load_head()
    with replacing(rest) as temporary, temporary.open("wb") as out:
        np.save(out, head.neutral.reshape(1, -1))
    files = [_vertices_path(vertices, id) for each in ids.values() for id in each]
    if head.upper_lip is None or head.lower_lip is None:
        raise MarotteError(f"head {head.name!r} has no known lips")
    fit(
        sorted(file for file in files if file.is_file()),
        NAME,
        fps=MESH_FPS,
        share=recipe.share,
        most=recipe.most,
        rest=rest,
        lips=(head.upper_lip, head.lower_lip),
        mouth=lip_vertices(head),
    ).save(path)
    return path


def _labelled(
    store: Store,
    training_sets: Sequence[IdsByPart],
    folder: Path,
    mesh: Path,
    vertices: Path,
    progress: StageProgress,
) -> Store:
    """Return a corpus of the training and validation speech, labelled with mesh components."""
    corpus = Store(folder)
    all_ids: dict[str, set[str]] = {}
    for ids in training_sets:
        for part, each in ids.items():
            all_ids.setdefault(part, set()).update(each)
    missing = sorted(all_ids.keys() - set(corpus.parts()))
    for done, part in enumerate(missing, start=1):
        corpus.write_part(part, list(store.utterances([part], all_ids[part])))
        progress("copying speech", done, len(missing))
    job = LabelJob(folder, f"imported:{mesh}", (vertices,))
    todo = plan_labels(job)
    for done, part in enumerate(label(job, todo, workers=1), start=1):
        if part.failed:
            raise MarotteError(part.failed[0])
        progress("labelling with components", done, len(todo.parts))
    return corpus

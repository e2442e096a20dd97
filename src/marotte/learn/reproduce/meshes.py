"""A corpus and a teacher of a rig in; meshes to learn from, as CodeTalker would write them, out.

The packaged head, moved by the teacher, is written as files of vertices; from there on they are
treated like any others that were brought (`marotte mesh fit`, `marotte label`). All of it lies in
Marotte's cache, is made where it is missing, and can be deleted.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.config import strict
from marotte.errors import MarotteError
from marotte.export import npy
from marotte.face.animation import Animation
from marotte.face.head import PARTS, Head
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.data.captured import head_and_inverse
from marotte.learn.data.mesh_pca import MAX_COMPONENTS, VARIANCE_SHARE, fit, mesh_of
from marotte.learn.data.store import Store
from marotte.learn.errors import Skip
from marotte.learn.jobs.label import LabelJob, label, plan_labels
from marotte.learn.measure.evaluate import choose_utterances
from marotte.learn.measure.predictors import (
    FPS,
    Predictor,
    TeacherPredictor,
    has_labelled,
    open_net,
    outputs_of,
    recording_of,
    to_arkit,
)
from marotte.learn.recipes import read_recipe
from marotte.learn.reproduce.runs import Meshes, TablePlan
from marotte.learn.teachers import open_teacher
from marotte.learn.utterance import Utterance
from marotte.paths import replacing
from marotte.progress import StageProgress

MESH_FPS = 30.0  # CodeTalker's
RECIPE = "vertices.toml"
NAME = "head"  # of the mesh: its students' teacher is `imported-head`
SPLITS = ("test_clean", "test_other")  # that Table 4 is scored on
ROOM_BYTES = 2**30  # to be left on the disk
SAME_COLOUR = 0.02

Chosen = Mapping[str, list[str]]


@dataclass(frozen=True)
class VertexRecipe:
    """Which meshes there shall be.

    Attributes:
        teacher: who moves the head.
        minutes: of training speech.
        valid_minutes: of speech to validate on.
        share: of the variance that the components keep, 0..1 ...
        most: ... in no more than so many of them.
    """

    teacher: str
    minutes: float
    valid_minutes: float
    share: float = VARIANCE_SHARE
    most: int = MAX_COMPONENTS

    def __post_init__(self) -> None:
        """Refuse what leaves nothing to learn."""
        for name in ("minutes", "valid_minutes", "share", "most"):
            if getattr(self, name) <= 0:
                raise MarotteError(f"{name} must be above 0, got {getattr(self, name)}")


@dataclass(frozen=True)
class StoredPredictor:
    """The face a teacher gave in its labels; found by an utterance's id."""

    store: Store
    teacher: str

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """The controls.

        Raises:
            Skip: the teacher left this utterance out.
        """
        part = _parts_by_id(self.store, self.teacher).get(utterance.id)
        if part is None:
            raise Skip("no label")
        labels = _labels(self.store, self.teacher, part)
        return to_arkit(labels.curves[utterance.id], labels.names, labels.fps)


@dataclass(frozen=True)
class MeshRunPredictor:
    """The face of a run whose student moves the packaged head's vertices, for pictures of it.

    Its components are sums of the head's own controls, so that it is drawn exactly.
    """

    folder: Path

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """The controls, which no rig would clamp."""
        return outputs_of(open_net(self.folder), recording_of(utterance), FPS) @ _to_controls(
            self.folder
        )


def with_meshes(plan: TablePlan, speech_minutes: float | None, told: StageProgress) -> TablePlan:
    """A plan whose runs learn meshes: what is missing of them is made.

    Args:
        plan: of a labelled corpus; its recipes stand beside `vertices.toml`.
        speech_minutes: of each test set that will be scored; None for all.
        told: what goes on.

    Raises:
        MarotteError: there is no such recipe, teacher or speech, or no room on the disk.
    """
    store = plan.store
    path = plan.recipes / RECIPE
    recipe = strict(VertexRecipe, read_recipe(path), str(path))
    taught = [
        choose_utterances(store, "train", recipe.minutes),
        choose_utterances(store, "valid", recipe.valid_minutes),
    ]
    for split, ids in zip(("train", "valid"), taught, strict=True):
        if not ids:
            raise MarotteError(f"{store.folder} has no {split!r} speech: use a larger corpus")
    source, version = _source(store, recipe.teacher, taught)
    said = repr((asdict(recipe), version)).encode()
    home = plan.home.parent / f"meshes-{hashlib.sha256(said).hexdigest()[:8]}"
    vertices = home / "vertices"
    wanted = [*taught, *(choose_utterances(store, split, speech_minutes) for split in SPLITS)]
    _write_all(store, wanted, vertices, source, told)
    mesh = _fitted(home, vertices, recipe, taught[0])
    spoken = _labelled(store, taught, home / "corpus", mesh, vertices, told)
    meshes = Meshes(mesh, vertices, store, source, recipe.teacher, recipe.minutes)
    return replace(plan, store=spoken, home=home / plan.home.name, meshes=meshes)


def lip_vertices(head: Head) -> list[int]:
    """The vertices of a head's skin that are coloured as the middle of its upper lip."""
    if head.upper_lip is None:
        return []
    skin = np.unique(head.faces[head.parts == PARTS.index("skin")])
    unlike = np.abs(head.colours[skin] - head.colours[head.upper_lip]).max(axis=1)
    return [int(vertex) for vertex in skin[unlike < SAME_COLOUR]]


def _source(store: Store, teacher: str, taught: Sequence[Chosen]) -> tuple[Predictor, str]:
    """Who moves the head, and its version: a teacher's labels if they are all there, else itself.

    Raises:
        MarotteError: it has not labelled all that is needed, and is not there.
    """
    labelled = set(store.labelled_parts(teacher))
    versions: set[str] = set()
    complete = has_labelled(store, teacher)
    for ids in taught:
        for part, each in ids.items():
            settled = store.label_status(teacher, part) if complete and part in labelled else None
            if settled is None or not set(each) <= settled.labelled | settled.left_out.keys():
                complete = False
                break
            versions.add(settled.version)
    if complete and len(versions) == 1:
        return StoredPredictor(store, teacher), versions.pop()
    return TeacherPredictor(teacher), open_teacher(teacher).version


def _write_all(
    store: Store, wanted: Sequence[Chosen], folder: Path, source: Predictor, told: StageProgress
) -> None:
    """Write the files of vertices that are missing, each whole or not at all."""
    missing: dict[str, set[str]] = {}
    for ids in wanted:
        for part, each in ids.items():
            lacking = {id for id in each if not _file(folder, id).is_file()}
            missing.setdefault(part, set()).update(lacking)
    total = sum(map(len, missing.values()))
    _check_room(store, missing, folder)
    done = 0
    for part, ids in missing.items():
        for utterance in store.utterances([part], ids) if ids else ():
            path = _file(folder, utterance.id)
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                # Every second frame at 60 fps is a frame at 30.
                controls = source(utterance)[:: round(FPS / MESH_FPS)]
                npy.write(Animation(controls, MESH_FPS, ARKIT_52), path)
            except Skip:
                pass  # it has no face, and so no file
            done += 1
            told("writing vertices", done, total)


def _file(folder: Path, id: str) -> Path:
    return folder / f"{id}.npy"


def _check_room(store: Store, missing: Mapping[str, set[str]], folder: Path) -> None:
    """Refuse to fill the disk."""
    seconds = sum(
        entry.seconds
        for part, ids in missing.items()
        for entry in (store.entries([part]) if ids else ())
        if entry.id in ids
    )
    needed = seconds * MESH_FPS * load_head().neutral.size * 4
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed and needed + ROOM_BYTES > free:
        raise MarotteError(
            f"the files of vertices need {needed / 1e9:.1f} GB in {folder}, where "
            f"{free / 1e9:.1f} GB are free: say less in minutes of {RECIPE}, score less by "
            "--speech, or set MAROTTE_CACHE to a larger disk"
        )


def _fitted(home: Path, vertices: Path, recipe: VertexRecipe, ids: Chosen) -> Path:
    """The mesh's file, by the files of the training speech and the head at rest."""
    path, rest = home / f"{NAME}.npz", home / "rest.npy"
    if path.is_file():
        return path
    head = load_head()
    with replacing(rest) as temporary, temporary.open("wb") as out:
        np.save(out, head.neutral.reshape(1, -1))
    files = [_file(vertices, id) for each in ids.values() for id in each]
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
    taught: Sequence[Chosen],
    folder: Path,
    mesh: Path,
    vertices: Path,
    told: StageProgress,
) -> Store:
    """A corpus of the speech that is learnt from, labelled with the components of its meshes."""
    spoken = Store(folder)
    wanted: dict[str, set[str]] = {}
    for ids in taught:
        for part, each in ids.items():
            wanted.setdefault(part, set()).update(each)
    missing = sorted(wanted.keys() - set(spoken.parts()))
    for done, part in enumerate(missing, start=1):
        spoken.write_part(part, list(store.utterances([part], wanted[part])))
        told("gathering speech", done, len(missing))
    job = LabelJob(folder, f"imported:{mesh}", (vertices,))
    todo = plan_labels(job)
    for done, part in enumerate(label(job, todo, workers=1), start=1):
        if part.failed:
            raise MarotteError(part.failed[0])
        told("labelling with components", done, len(todo.parts))
    return spoken


@lru_cache(maxsize=2)
def _parts_by_id(store: Store, teacher: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in store.labelled_parts(teacher):
        settled = store.label_status(teacher, part)
        found.update(dict.fromkeys(settled.labelled if settled else (), part))
    return found


_labels = lru_cache(maxsize=2)(Store.labels)


@lru_cache(maxsize=8)
def _to_controls(run: Path) -> NDArray[np.float32]:
    """The packaged head's controls that each component of a run's mesh is [n_components, 52]."""
    mesh = mesh_of(run)
    if mesh is None:
        raise MarotteError(f"{run} is no run of a mesh")
    return mesh.components @ head_and_inverse()[1]

"""The runs behind a table: recipes and a corpus in, a folder with a checkpoint a run out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marotte.config import strict
from marotte.errors import MarotteError
from marotte.face.mesh import load_mesh
from marotte.face.rig import ARKIT_52
from marotte.learn.data.store import Store
from marotte.learn.recipes import read_recipe, with_minutes
from marotte.learn.reproduce.rows import Row
from marotte.paths import cache_folder

if TYPE_CHECKING:
    from marotte.learn.data.dataset import LabelledSpeech
    from marotte.learn.measure.predictors import Predictor
    from marotte.learn.train.loop import TargetRig
    from marotte.learn.train.recipe import TrainingRecipe

Told = Callable[[str, float, float], None]
"""Told what goes on, how much of it is done and of how much."""


@dataclass(frozen=True)
class Meshes:
    """Meshes that are learnt from, in place of a rig's curves.

    Attributes:
        file: of the mesh.
        vertices: the folder of the files of vertices.
        spoken: the whole corpus, whose test sets are scored.
        source: whose face they are, at 60 fps; as the files were made.
        teacher: the name of who moved them.
        minutes: of training speech.
    """

    file: Path
    vertices: Path
    spoken: Store
    source: Predictor
    teacher: str
    minutes: float


@dataclass(frozen=True)
class TablePlan:
    """What all rows of a table have in common.

    Attributes:
        store: the labelled corpus.
        recipes: the folder of the rows' recipe files.
        minutes: the training budget of each run; None leaves each recipe its own.
        home: the folder that holds a folder a run.
        meshes: what the runs learn, where that is no rig.
    """

    store: Store
    recipes: Path
    minutes: float | None
    home: Path
    meshes: Meshes | None = None

    @classmethod
    def of(cls, corpus: Path, recipes: Path, minutes: float | None) -> TablePlan:
        """The plan whose runs lie in Marotte's cache, by corpus and budget."""
        budget = "own-budget" if minutes is None else f"{minutes:g}-minutes"
        store = Store.open(corpus)
        home = cache_folder() / "reproduce"
        plan = cls(store, recipes, minutes, home)
        return replace(plan, home=home / plan.corpus.rstrip("/").rsplit("/", 1)[-1] / budget)

    @property
    def corpus(self) -> str:
        """The corpus, the same from wherever it is looked at."""
        folder = self.store.folder
        return folder if isinstance(folder, str) else folder.resolve().as_posix()

    def folder(self, row: Row, seed: int) -> Path:
        """Where a run is, or will be."""
        return self.home / f"{row.run}-seed-{seed}"

    def recipe(self, row: Row, seed: int) -> TrainingRecipe:
        """A row's recipe with the plan's budget and a seed.

        Raises:
            MarotteError: there is no such recipe, or it is not strict.
        """
        from marotte.learn.train.recipe import TrainingRecipe

        path = self.recipes / f"{row.recipe}.toml"
        if not path.is_file():
            raise MarotteError(
                f"there is no recipe {path}: run this in a clone of Marotte, or give --recipes"
            )
        tables = with_minutes(changed(read_recipe(path), row), self.minutes)
        tables["train"] = {**tables.get("train", {}), "seed": seed}
        return strict(TrainingRecipe, {**tables, "name": row.run}, str(path))


def changed(tables: dict[str, Any], row: Row) -> dict[str, Any]:
    """A recipe's tables with a row's differences."""
    kept = {key: value for key, value in tables.items() if key not in row.drops}
    for table, keys in row.changes.items():
        kept[table] = {**kept.get(table, {}), **keys}
    return kept


def runs_of(rows: Sequence[Row]) -> list[tuple[Row, int]]:
    """Each run that rows need, once: several rows may be evaluations of one."""
    runs: dict[tuple[str, int], Row] = {}
    for row in rows:
        if row.recipe:
            for seed in row.seeds:
                runs.setdefault((row.run, seed), row)
    return [(row, seed) for (_, seed), row in runs.items()]


class Trainer:
    """Trains what is missing; speech is read once for all runs."""

    def __init__(self, plan: TablePlan, told: Told) -> None:
        self.plan, self.told = plan, told
        self._speech: dict[str, tuple[LabelledSpeech, LabelledSpeech]] = {}

    def train(self, row: Row, seed: int) -> None:
        """Train a run, from its checkpoint where there is one, and first what it learns from."""
        from marotte.learn.data.dataset import absent_sources
        from marotte.learn.data.mesh_pca import keep_mesh
        from marotte.learn.train import loop
        from marotte.learn.train.checkpoint import FILE, Progress, load_net
        from marotte.learn.train.warm_start import read_start

        recipe, folder = self.plan.recipe(row, seed), self.plan.folder(row, seed)
        if is_trained(folder, recipe):
            return
        second = None
        if recipe.hybrid.recipe:
            first = Row("", Path(recipe.hybrid.recipe).stem)
            self.train(first, seed=0)
            second, _ = load_net(self.plan.folder(first, seed=0) / FILE)
        speech, validation = self._speech_of(recipe.teacher)
        lacking = absent_sources(speech, recipe.sources)
        title = f"{row.run}, seed {seed}" + (f", without {', '.join(lacking)}" if lacking else "")

        def report(progress: Progress, values: dict[str, float]) -> None:
            said = f"{title}: step {progress.step} loss {values['total']:.4f}"
            self.told(said, progress.done(recipe.train), 1.0)

        start = read_start(recipe.start, self.plan.recipes) if recipe.start else None
        keep_mesh(self.plan.meshes and self.plan.meshes.file, folder)
        loop.train(recipe, speech, validation, folder, report, second, self._puppet(), start)

    def _speech_of(self, teacher: str) -> tuple[LabelledSpeech, LabelledSpeech]:
        from marotte.learn.data.dataset import load_speech

        if teacher not in self._speech:
            store, meshes = self.plan.store, self.plan.meshes
            names = (load_mesh(meshes.file).rig if meshes else ARKIT_52).speech
            speech = load_speech(
                store,
                teacher,
                "train",
                names,
                lambda done, total: self.told("reading", done, total),
            )
            self._speech[teacher] = (speech, load_speech(store, teacher, "valid", names))
        return self._speech[teacher]

    def _puppet(self) -> TargetRig | None:
        """Whose face the runs move, where that is not ARKit's."""
        from marotte.learn.train.loop import TargetRig

        if self.plan.meshes is None:
            return None
        mesh = load_mesh(self.plan.meshes.file)
        return TargetRig(mesh.name, mesh.head)


def is_trained(folder: Path, recipe: TrainingRecipe) -> bool:
    """Whether a run's checkpoint has used its budget up."""
    from marotte.learn.train.checkpoint import FILE, Progress, read

    if not (folder / FILE).is_file():
        return False
    return Progress(**read(folder / FILE)["progress"]).done(recipe.train) >= 1

"""The runs behind a table: recipes and a corpus in, a folder with a checkpoint a run out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marotte.errors import MarotteError
from marotte.learn.data.store import Store
from marotte.learn.recipes import read_recipe, with_minutes
from marotte.learn.reproduce.rows import Row
from marotte.paths import cache_folder
from marotte.progress import StageProgress

if TYPE_CHECKING:
    from marotte.learn.measure.predictors import Predictor
    from marotte.learn.train.recipe import TrainingRecipe


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
        from marotte.learn.train.recipe import training_recipe

        path = self.recipes / f"{row.recipe}.toml"
        if not path.is_file():
            raise MarotteError(
                f"there is no recipe {path}: run this in a clone of Marotte, or give --recipes"
            )
        tables = with_minutes(changed(read_recipe(path), row), self.minutes)
        tables["train"] = {**tables.get("train", {}), "seed": seed}
        return training_recipe({**tables, "name": row.run}, str(path))


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
    """Trains the missing runs of a table; speech is read once for all runs."""

    def __init__(self, plan: TablePlan, progress: StageProgress) -> None:
        from marotte.learn.train.session import TrainingSession
        from marotte.learn.train.setup import TargetRig

        self.plan, self.progress = plan, progress
        target = TargetRig.load(plan.meshes.file if plan.meshes else None)
        self.session = TrainingSession(
            plan.store, target, lambda done, total: progress("reading", done, total)
        )

    def train(self, row: Row, seed: int) -> None:
        """Train a row's run, and before it the run of its intermediate teacher.

        A run with a checkpoint is resumed; a finished run is left as it is.
        """
        from marotte.learn.train.checkpoint import RunProgress
        from marotte.learn.train.setup import RunSetup

        recipe, folder = self.plan.recipe(row, seed), self.plan.folder(row, seed)
        if is_trained(folder, recipe):
            return
        intermediate = None
        if recipe.hybrid.recipe:
            teacher = Row("", Path(recipe.hybrid.recipe).stem)
            self.train(teacher, seed=0)
            intermediate = self.plan.folder(teacher, seed=0)
        missing = self.session.missing_sources(recipe)
        title = f"{row.run}, seed {seed}" + (f", without {', '.join(missing)}" if missing else "")

        def report(state: RunProgress, losses: dict[str, float]) -> None:
            message = f"{title}: step {state.step} loss {losses['total']:.4f}"
            self.progress(message, state.done(recipe.train), 1.0)

        setup = RunSetup.load(
            recipe,
            folder,
            self.session.target,
            intermediate=intermediate,
            start_folder=self.plan.recipes,
        )
        self.session.train(setup, report)


def is_trained(folder: Path, recipe: TrainingRecipe) -> bool:
    """Whether a run's checkpoint has used its budget up."""
    from marotte.learn.train.checkpoint import CHECKPOINT_FILE, RunProgress, read_checkpoint

    if not (folder / CHECKPOINT_FILE).is_file():
        return False
    stored = read_checkpoint(folder / CHECKPOINT_FILE)
    return RunProgress(**stored["progress"]).done(recipe.train) >= 1

"""The training runs behind a table: recipes and a corpus in, one run folder per run out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marotte.learn.data.store import Store
from marotte.learn.recipes import read_recipe, recipe_of_clone, with_minutes
from marotte.learn.reproduce.rows import Row
from marotte.paths import cache_folder
from marotte.progress import StageProgress

if TYPE_CHECKING:
    from marotte.learn.measure.predictors import Predictor
    from marotte.learn.train.recipe import TrainingRecipe


@dataclass(frozen=True)
class Meshes:
    """Meshes that the runs learn, in place of a rig's curves.

    Attributes:
        file: the mesh file.
        vertices: the folder of the files of vertices.
        full_corpus: the whole corpus; its test sets are scored.
        predictor: moved the meshes; it gives curves at 60 fps, as the files were made.
        teacher: the name of the teacher behind the predictor.
        minutes: minutes of training speech.
    """

    file: Path
    vertices: Path
    full_corpus: Store
    predictor: Predictor
    teacher: str
    minutes: float


@dataclass(frozen=True)
class TablePlan:
    """What all rows of a table share.

    Attributes:
        store: the labelled corpus.
        recipes: the folder of the recipes of the rows.
        minutes: the training budget of each run; None for the budgets of the recipes.
        runs_folder: the folder with one run folder per run.
        meshes: the meshes that the runs learn; None if they learn a rig's curves.
    """

    store: Store
    recipes: Path
    minutes: float | None
    runs_folder: Path
    meshes: Meshes | None = None

    @classmethod
    def of(cls, corpus: Path, recipes: Path, minutes: float | None) -> TablePlan:
        """Return the plan whose runs are in Marotte's cache, by corpus and budget."""
        budget = "own-budget" if minutes is None else f"{minutes:g}-minutes"
        folder = cache_folder() / "reproduce"
        plan = cls(Store.open(corpus), recipes, minutes, folder)
        corpus_name = plan.corpus.rstrip("/").rsplit("/", 1)[-1]
        return replace(plan, runs_folder=folder / corpus_name / budget)

    @property
    def corpus(self) -> str:
        """The absolute path or the URL of the corpus."""
        folder = self.store.folder
        return folder if isinstance(folder, str) else folder.resolve().as_posix()

    def folder(self, row: Row, seed: int) -> Path:
        """Return the run folder of a row, whether or not the run exists."""
        return self.runs_folder / f"{row.run}-seed-{seed}"

    def recipe(self, row: Row, seed: int) -> TrainingRecipe:
        """Return a row's recipe with the plan's budget and a seed.

        Raises:
            MarotteError: the recipe is missing, or has wrong keys.
        """
        from marotte.learn.train.recipe import training_recipe

        path = recipe_of_clone(self.recipes / f"{row.recipe}.toml")
        tables = with_minutes(with_row_changes(read_recipe(path), row), self.minutes)
        tables["train"] = {**tables.get("train", {}), "seed": seed}
        return training_recipe({**tables, "name": row.run}, str(path))


def with_row_changes(tables: dict[str, Any], row: Row) -> dict[str, Any]:
    """Return a recipe's tables with the changes of a row."""
    result = {key: value for key, value in tables.items() if key not in row.drops}
    for table, keys in row.changes.items():
        result[table] = {**result.get(table, {}), **keys}
    return result


def runs_of(rows: Sequence[Row]) -> list[tuple[Row, int]]:
    """Return each run that rows need, as a row and a seed. Rows may share a run."""
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
    """Return whether a run's checkpoint has used up its budget."""
    from marotte.learn.train.checkpoint import (
        CHECKPOINT_FILE,
        RunProgress,
        damage_refused,
        read_checkpoint,
    )

    if not (folder / CHECKPOINT_FILE).is_file():
        return False
    path = folder / CHECKPOINT_FILE
    stored = read_checkpoint(path)
    with damage_refused(path):
        return RunProgress(**stored["progress"]).done(recipe.train) >= 1

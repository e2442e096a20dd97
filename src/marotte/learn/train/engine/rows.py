"""The rows of a table, trained on equal data: recipes in, run folders out.

All rows are one group, except those whose intermediate teacher is a row itself: they form a second
group, which starts when the first one is trained.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from marotte.errors import MarotteError
from marotte.learn.data.dataset import LabelledSpeech
from marotte.learn.models.student import StudentNet
from marotte.learn.train.checkpoint import CHECKPOINT_FILE, load_net
from marotte.learn.train.engine.group import Report, TrainingGroup, steps_within
from marotte.learn.train.engine.student_training import EngineSettings, build_student
from marotte.learn.train.recipe import FinetuneConfig, TrainingRecipe

STEP_SHARE = 0.8  # of a time budget; the measured steps include no checkpoints and no other load


@dataclass(frozen=True)
class RowBudget:
    """The training data of every row.

    Attributes:
        frames: number of frames in all; 0 if a time is given instead.
        batch: crops per step.
        crop_frames: frames per crop; longer crops share more of the front end.
        seeds: one run per row and seed.
        finetune: keep the recipes' fine-tuning. Without it, all rows see the same crops throughout.
        learning_rate: replaces the recipes' highest learning rate; 0 keeps it.
    """

    frames: int = 0
    batch: int = 8
    crop_frames: int = 64
    seeds: tuple[int, ...] = (0,)
    finetune: bool = False
    learning_rate: float = 0.0


def plan_row(recipe: TrainingRecipe, budget: RowBudget) -> list[TrainingRecipe]:
    """Return a row's recipe with a budget, one per seed."""
    train = replace(
        recipe.train,
        steps=max(1, budget.frames // (budget.batch * budget.crop_frames)),
        batch=budget.batch,
        frames=budget.crop_frames,
        learning_rate=budget.learning_rate or recipe.train.learning_rate,
        shards=1,
        precision="32-true",
    )
    finetune = recipe.finetune if budget.finetune else FinetuneConfig()
    row = replace(recipe, train=train, finetune=finetune)
    if len(budget.seeds) == 1:
        return [replace(row, train=replace(train, seed=budget.seeds[0]))]
    return [
        replace(row, name=f"{recipe.name}-seed{seed}", train=replace(train, seed=seed))
        for seed in budget.seeds
    ]


def train_rows(
    recipes: Sequence[TrainingRecipe],
    speech: LabelledSpeech,
    runs: Path,
    budget: RowBudget,
    settings: EngineSettings,
    *,
    seconds: float = 0.0,
    report: Report | None = None,
    trained: Callable[[], None] | None = None,
) -> dict[str, int]:
    """Train rows; runs that have a checkpoint continue from it.

    Args:
        recipes: the rows' recipes. `hybrid.recipe` names the file of another row's recipe; its stem
            is the name of that row, which is one of these or has a run in `runs`.
        speech: the training speech.
        runs: the folder of the runs.
        budget: the data of every row.
        settings: where and how to train.
        seconds: the time for all rows, from which the number of steps is estimated; 0 for
            `budget.frames`.
        report: see `TrainingGroup.train`.
        trained: called when a group is trained.

    Returns:
        The number of frames that each run was trained on. They differ if the time ran out in the
        second group.

    Raises:
        MarotteError: a row is a baseline, or an intermediate teacher is missing.
    """
    begun = time.monotonic()
    rows = [each for recipe in recipes for each in plan_row(recipe, budget)]
    groups = _make_groups(rows, speech, runs, settings)
    steps = steps_within(STEP_SHARE * seconds, groups) if seconds else None
    until = begun + 1.05 * seconds if seconds else float("inf")
    for group in groups:
        for name, teacher in group.intermediates.items():
            _load_weights(teacher.net, runs / Path(name).stem)
        group.train(runs, steps, report, until)
        if trained:
            trained()
    per_step = budget.batch * budget.crop_frames
    return {
        name: student.progress.step * per_step
        for group in groups
        for name, student in group.students.items()
    }


def _make_groups(
    rows: Sequence[TrainingRecipe], speech: LabelledSpeech, runs: Path, settings: EngineSettings
) -> list[TrainingGroup]:
    """Return one group, or two if some rows are the intermediate teachers of others."""
    by_name = {each.name: each for each in rows}
    needed = sorted({each.hybrid.recipe for each in rows} - {""})
    teachers = {name: _intermediate(name, by_name, runs, speech.names) for name in needed}
    later = {name for name in needed if Path(name).stem in by_name}
    halves = (
        [each for each in rows if each.hybrid.recipe not in later],
        [each for each in rows if each.hybrid.recipe in later],
    )
    return [
        TrainingGroup(half, speech, settings, _teachers_of(half, teachers))
        for half in halves
        if half
    ]


def _intermediate(
    name: str, rows: dict[str, TrainingRecipe], runs: Path, names: tuple[str, ...]
) -> StudentNet:
    """Return the network of an intermediate teacher; its weights are loaded later."""
    stem = Path(name).stem
    path = runs / stem / CHECKPOINT_FILE
    if path.is_file():
        net = load_net(path)[0]
        if not isinstance(net, StudentNet):
            raise MarotteError(f"{path} holds a baseline, which can't be an intermediate teacher")
        return net
    if stem not in rows:
        raise MarotteError(
            f"the intermediate teacher {name} is not among the rows and has no run in {runs}: "
            "add its recipe, or train it first"
        )
    return build_student(rows[stem], names).eval()


def _teachers_of(
    rows: Sequence[TrainingRecipe], teachers: dict[str, StudentNet]
) -> dict[str, StudentNet]:
    """Return the intermediate teachers of some rows."""
    needed = {each.hybrid.recipe for each in rows}
    return {name: net for name, net in teachers.items() if name in needed}


def _load_weights(net: StudentNet, run: Path) -> None:
    """Load the weights that a run returned into an intermediate teacher."""
    net.load_state_dict(load_net(run / CHECKPOINT_FILE)[0].state_dict())

"""`marotte train`: a recipe and a labelled corpus in, a run folder out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import completion, options
from marotte.cli.progress_bars import bar, progress_bars, training_bar
from marotte.cli.requirements import need_torch

EXAMPLES = (
    "marotte train recipes/live.toml CORPUS",
    "marotte train recipes/live.toml CORPUS --minutes 30 -o my-run",
    "torchrun --nproc-per-node 2 -m marotte train recipes/live.toml CORPUS",
)


def train(
    recipe: Annotated[
        Path, typer.Argument(metavar="RECIPE", help="A training recipe, a .toml file.")
    ],
    corpus: options.LabelledCorpus,
    output: options.NewRun = None,
    minutes: options.Minutes = None,
    rig: options.Rig = None,
    head: Annotated[
        Path | None,
        typer.Option(
            help="A GLB file of the rig, on which the lips are measured.",
            show_default="Marotte's head",
        ),
    ] = None,
    intermediate: Annotated[
        Path | None,
        typer.Option(
            help="The run folder of the intermediate teacher.",
            show_default="next to this run, named after its recipe",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="Warm start from this student: a name, or the path of an ONNX file.",
            show_default="the recipe's",
            autocompletion=completion.students,
        ),
    ] = None,
    threads: options.Threads = None,
) -> None:
    """Train a student from a recipe. A run that was stopped goes on.

    `torchrun` shares each training step among processes.
    """
    need_torch()
    import torch

    from marotte.learn.data.store import Store
    from marotte.learn.train.checkpoint import CHECKPOINT_FILE
    from marotte.learn.train.distributed import rank
    from marotte.learn.train.recipe import read_training_recipe
    from marotte.learn.train.session import TrainingSession
    from marotte.learn.train.setup import RunSetup, TargetRig, find_intermediate
    from marotte.paths import cache_folder

    plan = read_training_recipe(recipe, minutes)
    plan = replace(plan, start=start or plan.start)
    folder = output or cache_folder() / "runs" / plan.name
    if threads:
        torch.set_num_threads(threads)
    store, target = Store.open(corpus), TargetRig.load(rig, head)
    setup = RunSetup.load(
        plan,
        folder,
        target,
        intermediate=find_intermediate(plan, recipe.parent, folder, intermediate),
        start_folder=Path() if start else recipe.parent,
    )
    with progress_bars() as bars:
        session = TrainingSession(store, target, bar(bars, "reading"))
        missing = session.missing_sources(plan)
        if missing and rank() == 0:
            bars.console.print(
                f"{corpus} has no speech of {', '.join(missing)}, which {recipe} names: "
                "training goes on without it",
                markup=False,
                soft_wrap=True,
            )
        session.train(setup, training_bar(bars, "training", plan.train))
    if rank() == 0:
        typer.echo(f"trained {plan.name}: {folder / CHECKPOINT_FILE}")
        typer.echo(f"next: marotte export {folder} -o {plan.name}.onnx")

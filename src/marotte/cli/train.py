"""`marotte train`: a recipe and a labelled corpus in, a run's folder out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import options
from marotte.cli.learn import need_torch
from marotte.cli.progress import bar, progress, steps


def train(
    recipe: Annotated[Path, typer.Argument(help="A training recipe, a .toml file.")],
    corpus: options.LabelledCorpus,
    run: options.NewRun = None,
    minutes: options.Minutes = None,
    rig: options.Rig = None,
    head: Annotated[
        Path | None,
        typer.Option(help="A GLB of that rig, to measure its lips.", show_default="Marotte's"),
    ] = None,
    intermediate: Annotated[
        Path | None,
        typer.Option(
            help="The run's folder of the intermediate teacher.",
            show_default="beside this run, by its recipe's name",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="The student to go on from: a name, or an ONNX file.",
            show_default="the recipe's",
        ),
    ] = None,
    threads: options.Threads = None,
) -> None:
    """Train a student by its recipe; a run that was stopped goes on.

    `torchrun --nproc-per-node 2 -m marotte train ...` shares the work between processes.
    """
    need_torch()
    import torch

    from marotte.learn.data.store import Store
    from marotte.learn.train.checkpoint import FILE
    from marotte.learn.train.distributed import rank
    from marotte.learn.train.recipe import read_training_recipe
    from marotte.learn.train.session import TrainingSession
    from marotte.learn.train.setup import RunSetup, TargetRig, find_intermediate
    from marotte.paths import cache_folder

    plan = read_training_recipe(recipe, minutes)
    plan = replace(plan, start=start or plan.start)
    folder = run or cache_folder() / "runs" / plan.name
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
    with progress() as bars:
        session = TrainingSession(store, target, bar(bars, "reading"))
        missing = session.missing_sources(plan)
        if missing and rank() == 0:
            bars.console.print(
                f"{corpus} has no speech of {', '.join(missing)}, which {recipe} names: "
                "training without it",
                markup=False,
                soft_wrap=True,
            )
        session.train(setup, steps(bars, "training", plan.train))
    if rank() == 0:
        typer.echo(f"trained {plan.name}: {folder / FILE}")
        typer.echo(f"next: marotte export {folder} -o {plan.name}.onnx")

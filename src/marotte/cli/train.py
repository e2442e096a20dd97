"""`marotte train`: a recipe and a labelled corpus in, a run's folder out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import options
from marotte.cli.learn import need_torch
from marotte.cli.progress import bar, progress, steps
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from marotte.learn.models.student import StudentNet
    from marotte.learn.train.loop import TargetRig
    from marotte.learn.train.recipe import TrainingRecipe


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

    from marotte.learn.data.dataset import absent_sources, load_speech
    from marotte.learn.data.mesh_pca import keep_mesh
    from marotte.learn.data.store import Store
    from marotte.learn.train import loop
    from marotte.learn.train.checkpoint import FILE
    from marotte.learn.train.distributed import rank
    from marotte.learn.train.warm_start import read_start
    from marotte.paths import cache_folder

    plan = read_training(recipe, minutes)
    beside = Path() if start else recipe.parent
    plan = replace(plan, start=start or plan.start)
    folder = run or cache_folder() / "runs" / plan.name
    if threads:
        torch.set_num_threads(threads)
    store = Store.open(corpus)
    names, puppet = _puppet(rig, head)
    keep_mesh(rig, folder)
    second = _intermediate(plan, recipe, folder, intermediate)
    first = read_start(plan.start, beside) if plan.start else None
    with progress() as bars:
        speech = load_speech(store, plan.teacher, "train", names, bar(bars, "reading"))
        validation = load_speech(store, plan.teacher, "valid", names)
        lacking = absent_sources(speech, plan.sources)
        if lacking and rank() == 0:
            bars.console.print(
                f"{corpus} has no speech of {', '.join(lacking)}, which {recipe} names: "
                "trained on what there is",
                markup=False,
                soft_wrap=True,
            )
        report = steps(bars, "training", plan.train)
        loop.train(plan, speech, validation, folder, report, second, puppet, first)
    if rank() == 0:
        typer.echo(f"trained {plan.name}: {folder / FILE}")
        typer.echo(f"next: marotte export {folder} -o {plan.name}.onnx")


def read_training(path: Path, minutes: float | None = None) -> TrainingRecipe:
    """A training recipe, its budget replaced where minutes are given."""
    from marotte.config import strict
    from marotte.learn.recipes import read_recipe, with_minutes
    from marotte.learn.train.recipe import TrainingRecipe

    return strict(TrainingRecipe, with_minutes(read_recipe(path), minutes), str(path))


def _puppet(rig: Path | None, head: Path | None) -> tuple[tuple[str, ...], TargetRig]:
    """The controls that speech drives, and whose they are."""
    from marotte.face.loading import load_head, load_rig
    from marotte.face.mesh import ENDING, load_mesh
    from marotte.face.rig import ARKIT_52
    from marotte.learn.train.loop import TargetRig

    described = load_rig(rig) if rig else ARKIT_52
    names = described.speech
    if not names:
        raise MarotteError(
            f"no control of rig {described.name!r} is driven by speech: "
            'say "speech": true where one is'
        )
    for name in names:
        column = described.index[name]
        if described.minimum[column] < -1 or described.maximum[column] > 1:
            raise MarotteError(
                f"{name!r} of rig {described.name!r} leaves -1..1, which a student can't: "
                "scale its curves and its range"
            )
    if rig and rig.suffix == ENDING and not head:
        mesh = load_mesh(rig)
        return names, TargetRig(described.name, mesh.head if mesh.lips else None)
    return names, TargetRig(described.name, load_head(head) if head else None)


def _intermediate(
    plan: TrainingRecipe, path: Path, folder: Path, given: Path | None
) -> StudentNet | None:
    """The second teacher of a recipe with hybrid distillation."""
    from marotte.learn.train.checkpoint import FILE, load_net

    if not plan.hybrid.recipe:
        if given:
            raise MarotteError(f"{plan.name} has no [hybrid] table: leave --intermediate out")
        return None
    if given is None:
        first = read_training(path.parent / plan.hybrid.recipe)
        given = folder.parent / first.name
        if not (given / FILE).is_file():
            raise MarotteError(
                f"{plan.name} learns from {first.name!r} too, of which there is no run at {given}: "
                f"train {path.parent / plan.hybrid.recipe} first, or say where by --intermediate"
            )
    return load_net(given / FILE)[0]

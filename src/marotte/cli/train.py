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
    from marotte.learn.distill import Puppet
    from marotte.learn.plan import Recipe
    from marotte.learn.student import StudentNet


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

    from marotte.cache import cache_folder
    from marotte.learn import distill
    from marotte.learn.checkpoint import FILE
    from marotte.learn.dataset import absent, load_speech
    from marotte.learn.mesh import keep_mesh
    from marotte.learn.parallel import rank
    from marotte.learn.start import read_start
    from marotte.learn.store import Store

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
        lacking = absent(speech, plan.sources)
        if lacking and rank() == 0:
            bars.console.print(
                f"{corpus} has no speech of {', '.join(lacking)}, which {recipe} names: "
                "trained on what there is",
                markup=False,
                soft_wrap=True,
            )
        report = steps(bars, "training", plan.train)
        distill.train(plan, speech, validation, folder, report, second, puppet, first)
    if rank() == 0:
        typer.echo(f"trained {plan.name}: {folder / FILE}")
        typer.echo(f"next: marotte export {folder} -o {plan.name}.onnx")


def read_training(path: Path, minutes: float | None = None) -> Recipe:
    """A training recipe, its budget replaced where minutes are given."""
    from marotte.learn.plan import Recipe
    from marotte.learn.recipe import read_recipe, strict, within

    return strict(Recipe, within(read_recipe(path), minutes), str(path))


def _puppet(rig: Path | None, head: Path | None) -> tuple[tuple[str, ...], Puppet]:
    """The controls that speech drives, and whose they are."""
    from marotte.head import load_head
    from marotte.learn.distill import Puppet
    from marotte.mesh import ENDING, load_mesh
    from marotte.rig import ARKIT_52, load_rig

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
        return names, Puppet(described.name, mesh.head if mesh.lips else None)
    return names, Puppet(described.name, load_head(head) if head else None)


def _intermediate(plan: Recipe, path: Path, folder: Path, given: Path | None) -> StudentNet | None:
    """The second teacher of a recipe with hybrid distillation."""
    from marotte.learn.checkpoint import FILE, load_net

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

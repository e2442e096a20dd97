"""`marotte teach`: a teacher that labels by ear is trained on what another has labelled."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import options
from marotte.cli.learn import need_torch
from marotte.cli.progress import bar, progress, steps


def teach(
    recipe: Annotated[Path, typer.Argument(help="A recipe of a Voice2Face, a .toml file.")],
    corpus: options.LabelledCorpus,
    run: options.NewRun = None,
    minutes: options.Minutes = None,
    threads: options.Threads = None,
    download: Annotated[
        bool,
        typer.Option(
            "--download", help="Fetch the recipe's speech encoder from the Hugging Face hub."
        ),
    ] = False,
) -> None:
    """Train a Voice2Face, a teacher that needs no transcript; a run that was stopped goes on."""
    need_torch()
    import torch

    from marotte.learn.data.store import Store
    from marotte.learn.teachers.encoders import open_encoder
    from marotte.learn.teachers.voice2face.recipe import load_teach_recipe
    from marotte.learn.teachers.voice2face.training import assess
    from marotte.learn.teachers.voice2face.training import teach as train
    from marotte.learn.teachers.voice2face.training_set import TrainingSet
    from marotte.paths import cache_folder

    plan = load_teach_recipe(recipe, minutes)
    folder = run or cache_folder() / "runs" / plan.name
    store = Store.open(corpus)
    if threads:
        torch.set_num_threads(threads)
    encoder = open_encoder(plan.encoder.model, plan.encoder.layer, download=download)
    with progress() as bars:
        training_set = TrainingSet.prepare(plan, store, encoder, bar(bars, "listening"))
        net = train(plan, training_set, folder, steps(bars, "teaching", plan.train))
        found = assess(net, training_set.valid or training_set.train, encoder.first_s)
    heard = (
        f"{len(training_set.valid)} utterances of speakers it did not learn from"
        if training_set.valid
        else "what it learnt from, as the corpus keeps no speakers for validation"
    )
    lips = (
        f"{100 * found.closures.pbm:.1f} % of p b m closed, "
        f"{100 * found.closures.false_closure:.1f} % of open vowels; "
        if len(found.closures.bilabial_mm)
        else ""  # nobody knows their phones
    )
    typer.echo(
        f"on {heard}: {lips}MSE {found.mse:.4f}; "
        f"the controls keep the mesh's lip gap to {found.round_trip_mm:.2f} mm"
    )
    typer.echo(f"taught {plan.name}: {folder / 'checkpoint.pt'}")
    by_name = f"voice2face:{folder}" if run or plan.name != "voice2face" else "voice2face"
    typer.echo(f"next: marotte label {corpus} --teacher {by_name}")

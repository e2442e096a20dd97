"""`marotte teach`: a recipe and a labelled corpus in, a teacher that needs no transcript out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import options
from marotte.cli.progress_bars import bar, progress_bars, training_bar
from marotte.cli.requirements import need_torch

EXAMPLES = (
    "marotte teach recipes/voice2face.toml CORPUS",
    "marotte teach recipes/captured.toml CORPUS --captures FACES",
)


def teach(
    recipe: Annotated[
        Path,
        typer.Argument(metavar="RECIPE", help="A recipe of a Voice2Face teacher, a .toml file."),
    ],
    corpus: options.LabelledCorpus,
    output: options.NewRun = None,
    minutes: options.Minutes = None,
    threads: options.Threads = None,
    captures: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A folder of captured faces, for a recipe that learns from them.",
            show_default=False,
        ),
    ] = None,
    download: Annotated[
        bool,
        typer.Option(
            "--download", help="Download the recipe's speech encoder from the Hugging Face Hub."
        ),
    ] = False,
) -> None:
    """Train Voice2Face, a teacher that needs no transcript. A run that was stopped goes on."""
    need_torch()
    import torch

    from marotte.learn.capture.loaders import load_takes
    from marotte.learn.data.store import Store
    from marotte.learn.teachers.encoders import open_encoder
    from marotte.learn.teachers.voice2face.recipe import load_teach_recipe
    from marotte.learn.teachers.voice2face.training import assess
    from marotte.learn.teachers.voice2face.training import teach as train
    from marotte.learn.teachers.voice2face.training_set import TrainingSet
    from marotte.learn.train.run_lock import run_lock
    from marotte.paths import cache_folder

    plan = load_teach_recipe(recipe, minutes)
    folder = output or cache_folder() / "runs" / plan.name
    store = Store.open(corpus)
    if threads:
        torch.set_num_threads(threads)
    encoder = open_encoder(plan.encoder.model, plan.encoder.layer, download=download)
    with progress_bars() as bars:
        listening = bar(bars, "listening")
        takes = load_takes(captures) if captures else ()
        training_set = TrainingSet.prepare(plan, store, encoder, listening, takes)
        with run_lock(folder):
            net = train(plan, training_set, folder, training_bar(bars, "teaching", plan.train))
        scores = assess(net, training_set.valid or training_set.train, encoder.first_s)
    speech = (
        f"{len(training_set.valid)} utterances that were not trained on"
        if training_set.valid
        else "the training speech, because the corpus has no speech for validation"
    )
    lips = (
        f"{100 * scores.closures.pbm:.1f} % of p b m closed, "
        f"{100 * scores.closures.false_closure:.1f} % of open vowels; "
        if len(scores.closures.bilabial_mm)
        else ""  # the speech has no phones
    )
    typer.echo(
        f"on {speech}: {lips}MSE {scores.mse:.4f}; "
        f"the controls reproduce the mesh's lip gap to {scores.round_trip_mm:.2f} mm"
    )
    typer.echo(f"taught {plan.name}: {folder / 'checkpoint.pt'}")
    by_name = f"voice2face:{folder}" if output or plan.name != "voice2face" else "voice2face"
    typer.echo(f"next: marotte label {corpus} --teacher {by_name}")

"""`marotte rate`: make a folder in which people rate students blindly; plot their answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import options
from marotte.cli.group import examples
from marotte.cli.progress_bars import progress_bars, stage_bar
from marotte.cli.requirements import need_torch
from marotte.errors import MarotteError
from marotte.paths import make_folder

app = typer.Typer(help="Let people compare students with their teacher.", no_args_is_help=True)


@app.command(epilog=examples("marotte rate make CORPUS live my-student.onnx -o rating"))
def make(
    corpus: Annotated[
        Path, typer.Argument(metavar="CORPUS", help="The corpus folder whose test sets are spoken.")
    ],
    students: Annotated[
        list[str],
        typer.Argument(metavar="STUDENT...", help="Students: names, ONNX files or run folders."),
    ],
    output: options.OutputFolder = Path("rating"),
    clips: Annotated[int, typer.Option(help="Clips per student.", min=1)] = 10,
    teacher: Annotated[str, typer.Option(help="The teacher, shown on the left.")] = "phonetic",
    ensemble: Annotated[
        bool,
        typer.Option(
            "--ensemble",
            help="Show each student a second time with three predictions averaged per frame, as "
            "in equation 8 of the paper.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="Random seed of the order.")] = 0,
) -> None:
    """Write videos, teacher left and student right, and a page that asks for ratings."""
    from marotte.learn.data.store import Store
    from marotte.learn.measure import rating
    from marotte.learn.measure.predictors import Predictor, open_student

    if any(Path(student).is_dir() for student in students):
        need_torch()
    predictors: dict[str, Predictor] = {}
    for student in students:
        name, predictor = open_student(student)
        if name in predictors:
            raise MarotteError(f"two students are called {name!r}: give each its own name")
        predictors[name] = predictor
        if ensemble:
            predictors.update([open_student(student, ensemble)])
    store = Store.open(corpus)
    make_folder(output)
    with progress_bars() as bars:
        trials = rating.make_study(predictors, store, output, teacher, clips, seed, stage_bar(bars))
    typer.echo(f"{len(trials)} videos: open {output / 'index.html'}")
    typer.echo(f"don't show {output / 'key.json'} to the raters")
    typer.echo("next: marotte rate plot ANSWERS.json ...")


@app.command(epilog=examples("marotte rate plot answers/*.json --answer-key rating/key.json"))
def plot(
    answers: Annotated[
        list[Path],
        typer.Argument(
            metavar="ANSWERS...", help="The files that the raters downloaded, one per person."
        ),
    ],
    answer_key: Annotated[
        Path, typer.Option(help="The file key.json of the folder that was rated.")
    ] = Path("rating/key.json"),
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The picture to write, .png.")
    ] = Path("rating.png"),
) -> None:
    """Draw a box plot of the ratings."""
    from statistics import mean

    from marotte.learn.measure import rating
    from marotte.paths import check_writable

    check_writable(output)
    scores = rating.read_answers(answer_key, answers)
    rating.plot(scores, output)
    for name, each in scores.items():
        typer.echo(f"{name}: {mean(each):.2f}, the mean of {len(each)}")
    typer.echo(str(output))

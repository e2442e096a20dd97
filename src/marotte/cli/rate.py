"""`marotte rate`: a folder in which people rate students blindly, and a plot of what they said."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from marotte.cli.learn import need_torch
from marotte.cli.progress import progress, teller
from marotte.cli.table import make_folder
from marotte.errors import MarotteError

app = typer.Typer(help="Let people rate students beside their teacher.", no_args_is_help=True)


@app.command()
def make(
    students: Annotated[
        list[str], typer.Argument(help="Students by name, by file, or by their run's folder.")
    ],
    corpus: Annotated[Path, typer.Option(help="The corpus whose test sets are spoken.")],
    to: Annotated[Path, typer.Option(help="The folder to make.")] = Path("rating"),
    clips: Annotated[int, typer.Option(help="Clips of each student.", min=1)] = 10,
    teacher: Annotated[str, typer.Option(help="Who is on the left.")] = "phonetic",
    smooth: Annotated[bool, typer.Option("--smooth", help="Show them smoothed too.")] = False,
    seed: Annotated[int, typer.Option(help="Of the order.")] = 0,
) -> None:
    """Write videos, teacher left and student right, and a page that asks for a score of each."""
    from marotte.learn.data.store import Store
    from marotte.learn.measure import rating
    from marotte.learn.measure.predictors import Predictor, open_student

    if any(Path(student).is_dir() for student in students):
        need_torch()
    faces: dict[str, Predictor] = {}
    for student in students:
        name, face = open_student(student)
        if name in faces:
            raise MarotteError(f"two students are called {name!r}: give each its own name")
        faces[name] = face
        if smooth:
            faces.update([open_student(student, smooth)])
    store = Store.open(corpus)
    make_folder(to)
    with progress() as bars:
        trials = rating.make_study(faces, store, to, teacher, clips, seed, teller(bars))
    typer.echo(f"{len(trials)} videos: open {to / 'index.html'}")
    typer.echo(f"keep {to / 'key.json'} from who rates; then: marotte rate plot ANSWERS.json ...")


@app.command()
def plot(
    answers: Annotated[list[Path], typer.Argument(help="What people downloaded, a file each.")],
    key: Annotated[Path, typer.Option(help="The key of the folder they rated.")] = Path(
        "rating/key.json"
    ),
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture.")] = Path(
        "rating.png"
    ),
) -> None:
    """Draw a box plot of scores out of answers."""
    from statistics import mean

    from marotte.learn.measure import rating
    from marotte.paths import check_writable

    check_writable(output)
    scores = rating.read_answers(key, answers)
    rating.plot(scores, output)
    for name, each in scores.items():
        typer.echo(f"{name}: {mean(each):.2f}, the mean of {len(each)}")
    typer.echo(str(output))

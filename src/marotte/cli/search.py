"""`marotte search`: a grid of students under one budget, and the frontier they draw (§ 6.5)."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import options, table
from marotte.cli.learn import need_torch
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from marotte.learn.reproduce.rows import Row

FRONTENDS, CHANNELS, LOOKAHEAD = "mel,sinc,waveform", "32,64,128", "64,128,256"


def search(
    recipe: Annotated[Path, typer.Argument(help="The recipe that all of them have in common.")],
    corpus: options.LabelledCorpus,
    minutes: Annotated[float, typer.Option(help="The training budget of each student.")] = 20,
    frontends: Annotated[str, typer.Option(help="Front ends, by commas.")] = FRONTENDS,
    channels: Annotated[str, typer.Option(help="C, by commas.")] = CHANNELS,
    lookahead: Annotated[str, typer.Option(help="d in ms, by commas.")] = LOOKAHEAD,
    speech: options.SpeechMinutes = None,
    to: Annotated[Path, typer.Option(help="The folder for table and picture.")] = Path("search"),
    train: options.TrainMissing = True,
    workers: options.Workers = None,
    threads: options.Threads = None,
) -> None:
    """Train every front end with every C and d; show what quality each delay and size buys.

    What is trained, or scored, is not trained or scored again: widen the grid as you go.
    """
    need_torch()
    from marotte.face.rig import ARKIT_52
    from marotte.learn.models.student import StudentConfig
    from marotte.learn.reproduce import report
    from marotte.learn.reproduce.runs import TablePlan, runs_of

    rows = grid(recipe.stem, frontends, channels, lookahead)
    plan = TablePlan.of(corpus, recipe.parent, minutes)
    for row, seed in runs_of(rows):
        # What can't be built is refused before hours are spent.
        StudentConfig(names=ARKIT_52.speech, **vars(plan.recipe(row, seed).student))
    frontier = report.Table("frontier", rows, plan, to)
    made = table.make(frontier, table.Making(speech, train, workers, threads))
    typer.echo(f"{made} students: {to / 'frontier.md'}, .csv and .png beside it")


def grid(
    recipe: str, frontends: str = FRONTENDS, channels: str = CHANNELS, lookahead: str = LOOKAHEAD
) -> list[Row]:
    """The teacher, and a student for every front end, C and d, as it differs from the recipe.

    Raises:
        MarotteError: C or d are no numbers by commas.
    """
    from marotte.learn.reproduce.rows import TEACHER, Row

    students = [
        Row(
            f"{frontend} C={round(c)} d={d:g}",
            recipe,
            changes={
                "student": {
                    "frontend": frontend,
                    "norm": "step",
                    "channels": round(c),
                    "lookahead_ms": d,
                }
            },
        )
        for frontend, c, d in product(_list(frontends), _numbers(channels), _numbers(lookahead))
    ]
    return [Row(TEACHER, ""), *students]


def _list(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


def _numbers(words: str) -> list[float]:
    try:
        return [float(word) for word in _list(words)]
    except ValueError as error:
        raise MarotteError(f"give numbers by commas, e.g. 32,64, got {words!r}") from error

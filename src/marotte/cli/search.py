"""`marotte search`: a grid of students, each with one budget, in; a Pareto front out (§ 6.5)."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import options, paper_table
from marotte.cli.requirements import need_torch
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from marotte.learn.reproduce.rows import Row

EXAMPLES = ("marotte search recipes/live.toml CORPUS --minutes 20 --channels 32,64",)
FRONTENDS, CHANNELS, LOOKAHEAD = "mel,sinc,waveform", "32,64,128", "64,128,256"


def search(
    recipe: Annotated[
        Path,
        typer.Argument(metavar="RECIPE", help="The recipe that all students share, a .toml file."),
    ],
    corpus: options.LabelledCorpus,
    minutes: Annotated[
        float, typer.Option(help="Training budget of each student, in minutes.")
    ] = 20,
    frontends: Annotated[str, typer.Option(help="Front ends, separated by commas.")] = FRONTENDS,
    channels: Annotated[
        str, typer.Option(help="Numbers of channels C, separated by commas.")
    ] = CHANNELS,
    lookahead: Annotated[
        str, typer.Option(help="Look-aheads d in ms, separated by commas.")
    ] = LOOKAHEAD,
    speech: options.SpeechMinutes = None,
    output: options.OutputFolder = Path("search"),
    train: options.TrainMissing = True,
    workers: options.Workers = None,
    threads: options.Threads = None,
) -> None:
    """Train a grid of students, and show which quality each size and look-ahead gives.

    Students are trained and scored once, so the grid can be widened step by step.
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
    frontier = report.Table("frontier", rows, plan, output)
    made = paper_table.make_table(
        frontier, paper_table.TableOptions(speech, train, workers, threads)
    )
    typer.echo(f"{made} students: {output / 'frontier.md'}, with .csv and .png next to it")


def grid(
    recipe: str, frontends: str = FRONTENDS, channels: str = CHANNELS, lookahead: str = LOOKAHEAD
) -> list[Row]:
    """Return rows for the teacher and for a student of each front end, C and d.

    Raises:
        MarotteError: C or d are not numbers separated by commas.
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
        raise MarotteError(f"separate numbers by commas, e.g. 32,64, got {words!r}") from error

"""`marotte reproduce`: the paper's tables and figures from the command line."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import options, table
from marotte.cli.learn import need_torch
from marotte.cli.search import grid
from marotte.errors import MarotteError

GRID_RECIPE = "s1"  # of the frontier's students, by its losses


class Target(str, Enum):
    """What can be made again."""

    table2 = "table2"
    table3 = "table3"
    table4 = "table4"
    teacher_window = "teacher-window"
    frontier = "frontier"
    claims = "claims"


def reproduce(
    target: Annotated[Target, typer.Argument(help="What to make again.")],
    corpus: Annotated[
        Path | None, typer.Option(help="The labelled corpus folder.", show_default=False)
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="The training budget of every run.", show_default="each recipe's own"),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(help="These rows alone, by commas, e.g. S2,S2+.", show_default="all"),
    ] = None,
    speech: options.SpeechMinutes = None,
    to: Annotated[Path, typer.Option(help="The folder for tables, pictures and videos.")] = Path(
        "reproduced"
    ),
    recipes: Annotated[
        Path | None,
        typer.Option(
            help="The folder of the rows' recipes.",
            show_default="recipes/table2, or recipes/table4 for table4",
        ),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="A page in which to rewrite the table too.")
    ] = None,
    train: options.TrainMissing = True,
    videos: Annotated[bool, typer.Option(help="Write videos; they need the extra video.")] = True,
    workers: options.Workers = None,
    threads: options.Threads = None,
) -> None:
    """Make a table of the paper again: train what is missing, score it, write and draw it."""
    from marotte.learn.reproduce import report

    if target is Target.claims:
        text = report.claims(to)
        if page:
            from marotte.learn.measure.card import replace_section

            replace_section(page, text, *report.markers("claims"))
        typer.echo(text)
        return
    need_torch()
    from marotte.learn.reproduce.rows import TABLES, chosen_rows
    from marotte.learn.reproduce.runs import TablePlan

    if corpus is None:
        raise MarotteError("say which labelled corpus: --corpus FOLDER, as `corpus build` says it")
    recipes = recipes or Path("recipes", "table4" if target is Target.table4 else "table2")
    all_rows = grid(GRID_RECIPE) if target is Target.frontier else TABLES[target.value]
    chosen = chosen_rows(all_rows, rows.split(",") if rows else ())
    asked = report.Table(target.value, chosen, TablePlan.of(corpus, recipes, minutes), to)
    films = videos and target is Target.table2
    table.make(asked, table.Making(speech, train, workers, threads, page, films))
    typer.echo(f"{target.value}: {to / f'{target.value}.md'}, its figures as CSV beside it")
    if target not in (Target.frontier, Target.table4):
        report.claims(to)
        typer.echo(f"claims: {to / 'claims.md'}")

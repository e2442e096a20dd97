"""`marotte reproduce`: the paper's tables and figures from the command line."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli.learn import need_torch
from marotte.cli.progress import progress
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from rich.progress import Progress

    from marotte.learn.reproduce.runs import Told


class Target(str, Enum):
    """What can be made again."""

    table2 = "table2"
    table3 = "table3"
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
    speech: Annotated[
        float | None,
        typer.Option(help="Score at most so many minutes of each test set.", show_default="all"),
    ] = None,
    to: Annotated[Path, typer.Option(help="The folder for tables, pictures and videos.")] = Path(
        "reproduced"
    ),
    recipes: Annotated[Path, typer.Option(help="The folder of the rows' recipes.")] = Path(
        "recipes/table2"
    ),
    page: Annotated[
        Path | None, typer.Option(help="A page in which to rewrite the table too.")
    ] = None,
    train: Annotated[
        bool, typer.Option(help="Train what is missing; else only what is trained is measured.")
    ] = True,
    videos: Annotated[bool, typer.Option(help="Write videos; they need the extra video.")] = True,
    workers: Annotated[
        int | None, typer.Option(help="Processes that score.", show_default="one a core")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads that train.")] = None,
) -> None:
    """Make a table of the paper again: train what is missing, score it, write and draw it."""
    from marotte.learn.reproduce import report

    if target is Target.claims:
        text = report.claims(to)
        if page:
            from marotte.learn.card import rewrite

            rewrite(page, text, *report.markers("claims"))
        typer.echo(text)
        return
    need_torch()
    import torch

    from marotte.learn.evaluate import processes
    from marotte.learn.reproduce.results import Speech
    from marotte.learn.reproduce.rows import TABLES, chosen_rows
    from marotte.learn.reproduce.runs import Plan

    if corpus is None:
        raise MarotteError("say which labelled corpus: --corpus FOLDER, as `corpus build` says it")
    if threads:
        torch.set_num_threads(threads)
    make_folder(to)
    plan = Plan.of(corpus, recipes, minutes)
    chosen = chosen_rows(TABLES[target.value], rows.split(",") if rows else ())
    table = report.Table(target.value, chosen, plan, to)
    with progress() as bars:
        told = teller(bars)
        if train:
            report.train(table, told)
        else:
            table = report.trained_only(table)
        with processes(workers or os.cpu_count() or 1) as pool:
            figures, costs = report.collect(table, Speech(speech, pool), told)
        report.write(table, figures, costs, page)
        report.draw(table, figures, costs, told)
        if videos and target is Target.table2:
            report.film(table, told)
    typer.echo(f"{target.value}: {to / f'{target.value}.md'}, its figures as CSV beside it")
    if target is not Target.frontier:
        report.claims(to)
        typer.echo(f"claims: {to / 'claims.md'}")


def make_folder(folder: Path) -> None:
    """Make a folder for what is written.

    Raises:
        MarotteError: it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MarotteError(f"can't make the folder {folder}: {error.strerror or error}") from error


def teller(bars: Progress) -> Told:
    """One bar that says what goes on."""
    from rich.markup import escape

    task = bars.add_task("", total=None)

    def told(what: str, done: float, total: float) -> None:
        bars.update(task, description=escape(what), completed=done, total=total)

    return told

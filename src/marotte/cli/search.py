"""`marotte search`: a grid of students under one budget, and the frontier they draw (§ 6.5)."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli.learn import need_torch
from marotte.cli.progress import progress
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from marotte.learn.reproduce.rows import Row


def search(
    recipe: Annotated[Path, typer.Argument(help="The recipe that all of them have in common.")],
    corpus: Annotated[Path, typer.Option(help="The labelled corpus folder.")],
    minutes: Annotated[float, typer.Option(help="The training budget of each student.")] = 20,
    frontends: Annotated[str, typer.Option(help="Front ends, by commas.")] = "mel,sinc,waveform",
    channels: Annotated[str, typer.Option(help="C, by commas.")] = "32,64,128",
    lookahead: Annotated[str, typer.Option(help="d in ms, by commas.")] = "64,128,256",
    speech: Annotated[
        float | None,
        typer.Option(help="Score at most so many minutes of each test set.", show_default="all"),
    ] = None,
    to: Annotated[Path, typer.Option(help="The folder for table and picture.")] = Path("search"),
    train: Annotated[
        bool, typer.Option(help="Train what is missing; else only what is trained is measured.")
    ] = True,
    workers: Annotated[
        int | None, typer.Option(help="Processes that score.", show_default="one a core")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads that train.")] = None,
) -> None:
    """Train every front end with every C and d; show what quality each delay and size buys.

    What is trained, or scored, is not trained or scored again: widen the grid as you go.
    """
    need_torch()
    import torch

    from marotte.cli.reproduce import make_folder, teller
    from marotte.learn.evaluate import processes
    from marotte.learn.reproduce import report
    from marotte.learn.reproduce.results import Speech
    from marotte.learn.reproduce.rows import TEACHER, Row
    from marotte.learn.reproduce.runs import Plan
    from marotte.learn.student import StudentConfig
    from marotte.rig import ARKIT_52

    rows = grid(recipe, _list(frontends), _numbers(channels), _numbers(lookahead))
    if threads:
        torch.set_num_threads(threads)
    plan = Plan.of(corpus, recipe.parent, minutes)
    for row in rows:
        # What can't be built is refused before hours are spent.
        StudentConfig(names=ARKIT_52.speech, **vars(plan.recipe(row, 0).student))
    make_folder(to)
    table = report.Table("frontier", [Row(TEACHER, ""), *rows], plan, to)
    with progress() as bars:
        told = teller(bars)
        if train:
            report.train(table, told)
        else:
            table = report.trained_only(table)
        with processes(workers or os.cpu_count() or 1) as pool:
            figures, costs = report.collect(table, Speech(speech, pool), told)
        report.write(table, figures, costs, page=None)
        report.draw(table, figures, costs, told)
    typer.echo(f"{len(costs)} students: {to / 'frontier.md'}, .csv and .png beside it")


def grid(
    recipe: Path, frontends: list[str], channels: list[float], lookaheads_ms: list[float]
) -> list[Row]:
    """A row for every student of the grid, as it differs from the recipe."""
    from marotte.learn.reproduce.rows import Row

    return [
        Row(
            f"{frontend} C={round(c)} d={d:g}",
            recipe.stem,
            changes={
                "student": {
                    "frontend": frontend,
                    "norm": "step",
                    "channels": round(c),
                    "lookahead_ms": d,
                }
            },
        )
        for frontend, c, d in product(frontends, channels, lookaheads_ms)
    ]


def _list(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


def _numbers(words: str) -> list[float]:
    try:
        return [float(word) for word in _list(words)]
    except ValueError as error:
        raise MarotteError(f"give numbers by commas, e.g. 32,64, got {words!r}") from error

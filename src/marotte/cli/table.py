"""What `reproduce` and `search` have in common: their options, and how a table comes to be."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli.learn import need_torch
from marotte.cli.progress import progress
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from rich.progress import Progress

    from marotte.learn.reproduce.report import Table
    from marotte.learn.reproduce.runs import Told

Speech = Annotated[
    float | None,
    typer.Option(help="Score at most so many minutes of each test set.", show_default="all"),
]
Train = Annotated[
    bool, typer.Option(help="Train what is missing; else only what is trained is measured.")
]
Workers = Annotated[
    int | None, typer.Option(help="Processes that score.", show_default="one a core")
]
Threads = Annotated[int | None, typer.Option(help="CPU threads that train.")]


@dataclass(frozen=True)
class Making:
    """How a table is made.

    Attributes:
        speech: minutes of each test set to score at most; None for all.
        train: whether what is missing is trained; else it is left out.
        workers: processes that score; None for one a core.
        threads: CPU threads that train; None for as many as PyTorch takes.
        page: a page in which to rewrite the table too.
        videos: whether to write videos.
    """

    speech: float | None
    train: bool
    workers: int | None
    threads: int | None
    page: Path | None = None
    videos: bool = False


def make(table: Table, how: Making) -> int:
    """Train what is missing of a table, score it, write and draw it; gives how many students.

    Raises:
        MarotteError: its folder can't be made, or no run of it is finished.
    """
    need_torch()
    import torch

    from marotte.learn.evaluate import processes
    from marotte.learn.reproduce import report, results

    if how.threads:
        torch.set_num_threads(how.threads)
    make_folder(table.folder)
    with progress() as bars:
        told = teller(bars)
        if how.train:
            report.train(table, told)
        else:
            table = report.trained_only(table)
        with processes(how.workers or os.cpu_count() or 1) as pool:
            figures, costs = report.collect(table, results.Speech(how.speech, pool), told)
        report.write(table, figures, costs, how.page)
        report.draw(table, figures, costs, told)
        if how.videos:
            report.film(table, told)
    return len(costs)


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

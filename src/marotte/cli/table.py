"""What `reproduce` and `search` have in common: how a table comes to be."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from marotte.cli.learn import need_torch
from marotte.cli.progress import progress, teller
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from marotte.learn.reproduce.report import Table


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

    from marotte.learn.processes import process_pool
    from marotte.learn.reproduce import report, results

    if how.threads:
        torch.set_num_threads(how.threads)
    make_folder(table.folder)
    with progress() as bars:
        told = teller(bars)
        table = report.prepared(table, how.speech, told)
        if how.train:
            report.train(table, told)
        else:
            table = report.trained_only(table)
        with process_pool(how.workers or os.cpu_count() or 1) as pool:
            figures, costs = report.collect(table, results.ScoredSpeech(how.speech, pool), told)
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

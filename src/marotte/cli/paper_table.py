"""Train the students of a table, score them, write and draw it: for `reproduce` and `search`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from marotte.cli.progress_bars import progress_bars, stage_bar
from marotte.cli.requirements import need_torch
from marotte.paths import make_folder

if TYPE_CHECKING:
    from marotte.learn.reproduce.report import Table


@dataclass(frozen=True)
class TableOptions:
    """Options of how a table is made.

    Attributes:
        speech: at most this many minutes of each test set are scored; None for all.
        train: whether missing students are trained; otherwise they are left out.
        workers: number of processes that score; None for one per core.
        threads: number of CPU threads for training; None for as many as PyTorch takes.
        page: a page in which the table is rewritten too.
        videos: whether to write videos.
    """

    speech: float | None
    train: bool
    workers: int | None
    threads: int | None
    page: Path | None = None
    videos: bool = False


def make_table(table: Table, options: TableOptions) -> int:
    """Train what is missing of a table, score it, write it and draw it; return its student count.

    Raises:
        MarotteError: the folder can't be made, or no run of the table is finished.
    """
    need_torch()
    import torch

    from marotte.learn.processes import process_pool
    from marotte.learn.reproduce import report
    from marotte.learn.reproduce.measuring import ScoredSpeech

    if options.threads:
        torch.set_num_threads(options.threads)
    make_folder(table.folder)
    with progress_bars() as bars:
        progress = stage_bar(bars)
        table = report.with_training_data(table, options.speech, progress)
        if options.train:
            report.train(table, progress)
        else:
            table = report.trained_only(table)
        with process_pool(options.workers or os.cpu_count() or 1) as pool:
            figures, costs = report.measure_rows(
                table, ScoredSpeech(options.speech, pool), progress
            )
        report.write(table, figures, costs, options.page)
        report.draw_pictures(table, figures, costs, progress)
        if options.videos:
            report.write_videos(table, progress)
    return len(costs)

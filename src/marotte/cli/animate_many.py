"""Many recordings of `marotte animate`: all cores animate them, and a summary is printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import typer

from marotte.cli.group import exit_with
from marotte.cli.progress_bars import bar, progress_bars
from marotte.cli.times import duration_text, speed_text

if TYPE_CHECKING:
    from marotte.batch import BatchResult, Settings

SOME_FAILED = 1  # exit code


def animate_many(
    recordings: Sequence[Path],
    folder: Path,
    formats: Sequence[str],
    settings: Settings,
    again: bool,
    workers: int | None,
) -> None:
    """Animate recordings into a folder, and print what was done and what failed.

    Raises:
        typer.Exit: a recording could not be animated.
        KeyboardInterrupt: the run was interrupted; the message says how far it was.
    """
    from marotte.batch import animate_files

    n_done, n_total = 0, 0
    start_s = perf_counter()
    try:
        with progress_bars() as bars:
            update = bar(bars, "animating")

            def progress(done: int, total: int) -> None:
                nonlocal n_done, n_total
                n_done, n_total = done, total
                update(done, total)

            result = animate_files(
                recordings,
                folder,
                formats,
                settings,
                again=again,
                workers=workers,
                progress=progress,
            )
    except KeyboardInterrupt:
        command = "the same command, without --again," if again else "the same command"
        message = f"{n_done} of {n_total} recordings are done; {command} goes on from there"
        raise KeyboardInterrupt(*([message] if n_total else [])) from None
    print_batch(result, folder, perf_counter() - start_s)
    if result.failures:
        for failure in result.failures:
            typer.echo(f"marotte: {' '.join(failure.split())}", err=True)
        count = len(result.failures)
        raise exit_with(f"{count} of {result.total} recordings failed", SOME_FAILED)


def print_batch(result: BatchResult, folder: Path, work_s: float) -> None:
    """Print how much was animated, how fast, and where the files are."""
    line = f"{result.animated} of {result.total} recordings animated into {folder}"
    if result.animated:
        line += f": {duration_text(result.sound_s)} of sound in {duration_text(work_s)}"
        line += f", {speed_text(result.sound_s, work_s)}"
    typer.echo(line)
    if result.skipped:
        typer.echo(f"{result.skipped} skipped: their files are up to date")

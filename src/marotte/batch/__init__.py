"""Many recordings and folders of recordings in; one file per recording and format out.

All cores work, one process per core. A run can be stopped at any time: files appear whole or not
at all, and the next run does only what is missing or out of date.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from marotte.batch.plan import (
    Job,
    check_formats,
    count_recordings,
    find_recordings,
    is_up_to_date,
)
from marotte.batch.settings import Settings, settings_time_ns
from marotte.errors import MarotteError
from marotte.paths import check_writable, make_folder
from marotte.processes import map_tasks, n_cores
from marotte.progress import Progress

if TYPE_CHECKING:
    from marotte.api import Model

__all__ = ["BatchResult", "Settings", "animate_files"]

PARTIAL_FOLDER = ".marotte-partial"
LEFTOVER_AGE_S = 3600  # a run that is at work changes its partial folder more often


@dataclass
class BatchResult:
    """What a run did.

    Attributes:
        total: number of recordings.
        animated: number of recordings that were animated in this run.
        skipped: number of recordings whose files were up to date.
        sound_s: duration of the animated recordings, in seconds.
        failures: a sentence for each recording that could not be animated.
    """

    total: int
    animated: int = 0
    skipped: int = 0
    sound_s: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Number of recordings that are dealt with."""
        return self.animated + self.skipped + len(self.failures)


def animate_files(
    inputs: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    formats: Sequence[str] = ("csv",),
    settings: Settings | None = None,
    *,
    again: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> BatchResult:
    """Animate recordings in all cores.

    `a.wav` becomes `folder/a.csv`; a folder `lines` is searched, and `lines/b/c.wav` becomes
    `folder/b/c.csv`. A recording is skipped when all its files are there, are not older than the
    recording, and were made with the same settings. Use one run per output folder at a time.

    Worker processes import the main module, so a script must call this function below
    `if __name__ == "__main__":`.

    Args:
        inputs: sound files, and folders of them.
        folder: the folder to write to; it is made where it is missing.
        formats: endings of the files to write, e.g. csv, glb.
        settings: how the recordings are animated; by the student `live` at 60 fps unless given.
        again: whether recordings are animated even if their files are up to date.
        workers: number of processes; None for one per core.
        progress: called with the number of recordings done and their total.

    Raises:
        MarotteError: nothing was done, because an argument can't be used.
    """
    folder, settings = Path(folder), settings or Settings()
    paths = [Path(path) for path in inputs]
    check_formats(formats, settings.scene)
    settings.load()
    result = BatchResult(count_recordings(paths))
    make_folder(folder)
    check_writable(folder / "file")
    since_ns = settings_time_ns(folder, settings, again)
    if progress:
        progress(0, result.total)

    def jobs() -> Iterator[Job]:
        for source, name in find_recordings(paths):
            job = Job(source, tuple(folder / f"{name}.{ending}" for ending in formats))
            if is_up_to_date(job, since_ns):
                result.skipped += 1
                if progress:
                    progress(result.done, result.total)
            else:
                yield job

    with _partial_folder(folder) as partial_folder:
        prepare = partial(_prepare, settings, partial_folder)
        processes = max(1, min(workers or n_cores(), result.total))
        with closing(map_tasks(prepare, jobs(), processes)) as finished:
            for each in finished:
                _add(result, each.task, each.result)
                if progress:
                    progress(result.done, result.total)
    return result


@contextmanager
def _partial_folder(folder: Path) -> Generator[Path]:
    """Make a hidden folder for files that are being written; remove it, and those of killed runs.

    It lies in the output folder, so that a finished file can be moved into place at once.
    """
    parent = folder / PARTIAL_FOLDER
    make_folder(parent)
    for leftover in parent.iterdir():
        with suppress(OSError):  # another run may remove it at the same time
            if time.time() - leftover.stat().st_mtime > LEFTOVER_AGE_S:
                rmtree(leftover)
    path = Path(mkdtemp(dir=parent))
    try:
        yield path
    finally:
        rmtree(path, ignore_errors=True)
        with suppress(OSError):  # another run, or one that was killed just now, has files there
            parent.rmdir()


def _add(result: BatchResult, job: Job, outcome: float | str | None) -> None:
    """Count a finished job. Its outcome is the duration of the sound, or what went wrong."""
    if outcome is None:
        outcome = "the process died, perhaps because memory ran out"
    if isinstance(outcome, str):
        named = str(job.source) in outcome
        result.failures.append(outcome if named else f"{job.source}: {outcome}")
    else:
        result.animated += 1
        result.sound_s += outcome


def _prepare(settings: Settings, partial_folder: Path) -> Callable[[Job], float | str]:
    """Return the function that a worker process runs on each job."""
    model: Model | None = None

    def run(job: Job) -> float | str:
        nonlocal model
        try:
            model = model or settings.load()
            return _animate(model, settings, job, partial_folder)
        except MarotteError as error:
            return str(error)
        except Exception as error:  # one recording must not end the run of ten thousand
            return f"{type(error).__name__}: {error}"

    return run


def _animate(model: Model, settings: Settings, job: Job, partial_folder: Path) -> float:
    """Animate a recording, write its files and move them into place; return its duration in s."""
    from marotte.face.animation import write_files

    recording = settings.open(job.source)
    animation = settings.animate(model, recording)
    unfinished = [partial_folder / f"{os.getpid()}{path.suffix}" for path in job.outputs]
    write_files(animation, unfinished)
    make_folder(job.outputs[0].parent)
    try:
        for path, output in zip(unfinished, job.outputs, strict=True):
            path.replace(output)
    except OSError as error:
        raise MarotteError(f"can't write {error.filename2}: {error.strerror}") from error
    return recording.seconds

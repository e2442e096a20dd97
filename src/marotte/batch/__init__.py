"""Many recordings and folders of recordings in; one file per recording and format out.

All cores work, one process per core. A run can be stopped at any time: files appear whole or not
at all, and the next run does only what is missing or out of date.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
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
from marotte.paths import check_writable, make_folder, partial_folder
from marotte.processes import map_tasks, n_cores
from marotte.progress import Progress

if TYPE_CHECKING:
    from marotte.api import Model

__all__ = ["BatchResult", "Settings", "animate_files"]


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

    with partial_folder(folder) as unfinished:
        prepare = partial(_prepare, settings, unfinished)
        processes = max(1, min(workers or n_cores(), result.total))
        with closing(map_tasks(prepare, jobs(), processes)) as finished:
            for each in finished:
                _add(result, each.task, each.result)
                if progress:
                    progress(result.done, result.total)
    return result


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


def _prepare(settings: Settings, unfinished: Path) -> Callable[[Job], float | str]:
    """Return the function that a worker process runs on each job."""
    model: Model | None = None

    def run(job: Job) -> float | str:
        nonlocal model
        try:
            model = model or settings.load()
            return _animate(model, settings, job, unfinished)
        except MarotteError as error:
            return str(error)
        except Exception as error:  # one recording must not end the run of ten thousand
            return f"{type(error).__name__}: {error}"

    return run


def _animate(model: Model, settings: Settings, job: Job, folder: Path) -> float:
    """Animate a recording, write its files and move them into place; return its duration in s."""
    from marotte.face.animation import write_files

    recording = settings.open(job.source)
    animation = settings.animate(model, recording)
    unfinished = [folder / f"{os.getpid()}{path.suffix}" for path in job.outputs]
    write_files(animation, unfinished)
    make_folder(job.outputs[0].parent)
    try:
        for path, output in zip(unfinished, job.outputs, strict=True):
            path.replace(output)
    except OSError as error:
        raise MarotteError(f"can't write {error.filename2}: {error.strerror}") from error
    return recording.seconds

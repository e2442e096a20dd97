"""Labelling: a corpus and a teacher in, a label file per part of the corpus out.

A part's label file is written completely or not at all. Each row is a processed utterance, with
curves or with the reason why the teacher left it out. A part is complete when every utterance that
the filter selects is processed. A run that was stopped or killed therefore resumes where it
stopped, and a part that was labelled with a filter can be completed later. An utterance that failed
(damaged sound, an error of the teacher) is not processed: the same command tries it again.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.learn.data.filters import Filter
from marotte.learn.data.labels import LabelFormat, LabelStatus, LabelWriter, check_curves
from marotte.learn.data.schema import from_row
from marotte.learn.data.store import Store
from marotte.learn.errors import Skip, reason_of
from marotte.learn.processes import map_unordered
from marotte.learn.teachers import Teacher, open_teacher
from marotte.version import __version__

READER_THREADS = 8  # that inspect the parts: a bucket is slow, but serves many requests at once


@dataclass(frozen=True)
class LabelJob:
    """Settings of a labelling run, sent to each process.

    Attributes:
        folder: path or URL of the corpus.
        teacher: name of the teacher, see `open_teacher`.
        curves: folders of curves, see `open_teacher`.
        filter: selects the utterances to label.
        again: relabel utterances that another version of the teacher labelled, and retry
            utterances that were left out.
    """

    folder: Path | str
    teacher: str
    curves: tuple[Path, ...] = ()
    filter: Filter = field(default_factory=Filter)
    again: bool = False


@dataclass(frozen=True)
class LabelPlan:
    """The work of a labelling run.

    Attributes:
        parts: parts with utterances to label.
        n_parts: number of all parts of the corpus.
        seconds: duration of the speech to label.
        failed: errors of unreadable parts, one sentence each.
    """

    parts: tuple[str, ...]
    n_parts: int
    seconds: float
    failed: tuple[str, ...]


@dataclass(frozen=True)
class LabelledPart:
    """The result of labelling one part.

    Attributes:
        part: name of the part.
        labelled: number of utterances that were labelled.
        seconds: duration of the processed speech.
        left_out: number of utterances that the teacher left out, by reason.
        failed: errors of utterances that failed, one sentence each.
    """

    part: str
    labelled: int
    seconds: float
    left_out: Counter[str]
    failed: tuple[str, ...]


@dataclass
class LabelTotals:
    """Running totals of a labelling run; see `LabelledPart`."""

    parts: int = 0
    labelled: int = 0
    seconds: float = 0.0
    speed: float = 0.0
    left_out: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def add(self, result: LabelledPart, elapsed_s: float) -> None:
        """Add a part's result, `elapsed_s` after the start of the run."""
        self.parts += bool(result.labelled or result.left_out)
        self.labelled += result.labelled
        self.seconds += result.seconds
        self.speed = self.seconds / elapsed_s
        self.left_out += result.left_out
        self.failed += result.failed


def plan_labels(job: LabelJob) -> LabelPlan:
    """Find the utterances that the filter selects and that are not processed yet.

    Raises:
        MarotteError: there is no such corpus or teacher, the filter selects nothing, or there are
            labels by another version of the teacher and `again` is not set.
    """
    store, teacher = Store.open(job.folder), cached_teacher(job)
    parts = store.parts()
    with ThreadPoolExecutor(READER_THREADS) as pool:
        checks = list(pool.map(lambda part: _check_part(store, teacher, job, part), parts))
    others = Counter(
        check.version for check in checks if check.version not in (None, teacher.version)
    )
    if others and not job.again:
        counts = ", ".join(f"version {version}: {n} parts" for version, n in others.items())
        raise MarotteError(
            f"{job.folder} holds labels by other versions of the teacher {teacher.name!r} "
            f"({counts}), but this is version {teacher.version}: give --again to relabel them"
        )
    failed = tuple(check.failed for check in checks if check.failed)
    if not any(check.matched for check in checks) and not failed:
        raise MarotteError(
            f"no speech in {job.folder} matches --only: `marotte corpus show` lists the speech"
        )
    todo = [(part, check) for part, check in zip(parts, checks, strict=True) if check.todo]
    seconds = sum(check.seconds for _, check in todo)
    return LabelPlan(tuple(part for part, _ in todo), len(parts), seconds, failed)


def label(job: LabelJob, plan: LabelPlan, workers: int) -> Iterator[LabelledPart]:
    """Label the parts of a plan in processes on this machine; yield each part's result."""
    with removing_leftovers(job):
        yield from map_unordered(functools.partial(label_part, job), plan.parts, workers)


@contextmanager
def removing_leftovers(job: LabelJob) -> Iterator[None]:
    """Remove unfinished label files of killed processes, before and after the block."""
    folder = f"labels/{cached_teacher(job).name}"
    Store(job.folder).remove_leftovers(folder)
    try:
        yield
    finally:
        Store(job.folder).remove_leftovers(folder)


def cached_teacher(job: LabelJob) -> Teacher:
    """Return this process's teacher; it is opened once, as it may be a large network."""
    return _teacher(job.teacher, job.curves)


def label_part(job: LabelJob, part: str) -> LabelledPart:
    """Label one part's selected utterances that are not processed yet, in this process."""
    store, teacher = Store(job.folder), cached_teacher(job)
    work = _PartWork(job, teacher, store.label_status(teacher.name, part))
    labelled, seconds, failed = 0, 0.0, []
    left_out: Counter[str] = Counter()
    with ExitStack() as stack:
        writer = None
        for id, length_s, outcome in _outcomes(store, teacher, work, part):
            seconds += length_s
            if isinstance(outcome, MarotteError) and not isinstance(outcome, Skip):
                failed.append(str(outcome))
                continue
            if writer is None:  # do not create a file without rows
                writer = stack.enter_context(_writer(store, teacher, work, part))
            if isinstance(outcome, Skip):
                writer.leave_out(id, str(outcome))
                left_out[str(outcome)] += 1
            else:
                writer.add(id, outcome)
                labelled += 1
    return LabelledPart(part, labelled, seconds, left_out, tuple(failed))


class _PartWork:
    """The utterances of one part to label, and the old labels to keep, by id."""

    def __init__(self, job: LabelJob, teacher: Teacher, status: LabelStatus | None) -> None:
        self.filter = job.filter
        self.keep: frozenset[str] = frozenset()
        self.redo: frozenset[str] = frozenset()
        if status is None:
            return
        left_out = frozenset(status.left_out)
        if status.version != teacher.version:  # a label file holds labels of one version
            self.redo = status.labelled | left_out
        elif job.again:
            self.keep, self.redo = status.labelled, left_out
        else:
            self.keep = status.labelled | left_out

    def includes(self, row: Mapping[str, Any]) -> bool:
        """Return whether a row of the store must be labelled."""
        return row["id"] in self.redo or (row["id"] not in self.keep and self.filter.matches(row))


@dataclass(frozen=True)
class _PartCheck:
    """The work in one part; see `LabelPlan`."""

    version: str | None = None
    matched: bool = False
    todo: bool = False
    seconds: float = 0.0
    failed: str = ""


def _check_part(store: Store, teacher: Teacher, job: LabelJob, part: str) -> _PartCheck:
    try:
        status = store.label_status(teacher.name, part)
        work = _PartWork(job, teacher, status)
        rows = list(store.rows(part, job.filter.columns))
    except MarotteError as error:
        return _PartCheck(failed=str(error))
    todo = [row["seconds"] for row in rows if work.includes(row)]
    matched = any(map(job.filter.matches, rows))
    return _PartCheck(status.version if status else None, matched, bool(todo), sum(todo))


Outcome = NDArray[np.floating] | Skip | MarotteError


def _outcomes(
    store: Store, teacher: Teacher, work: _PartWork, part: str
) -> Iterator[tuple[str, float, Outcome]]:
    """Yield each utterance's id, duration in seconds, and curves or error."""
    seen: set[str] = set()
    try:
        for row in store.rows(part):
            id, seconds = row["id"], row["seconds"]
            if id in seen or not work.includes(row):
                continue
            seen.add(id)
            try:
                yield id, seconds, _curves(teacher, row)
            except MarotteError as error:
                yield id, seconds, error
    except MarotteError as error:
        yield part, 0.0, error


def _curves(teacher: Teacher, row: dict[str, Any]) -> NDArray[np.floating]:
    """Return the teacher's curves for a row of the store.

    Raises:
        Skip: the teacher leaves the utterance out.
        MarotteError: the sound is damaged, the teacher fails, or the curves are invalid.
    """
    if teacher.needs_phones and not row["phones"]:
        raise Skip("no phones")
    id, utterance = row["id"], from_row(row)
    try:
        curves = teacher.curves(utterance)
    except Skip:
        raise
    except MarotteError as error:
        raise MarotteError(f"{id}: {error}") from error
    except Exception as error:  # a plug-in's bug in one utterance must not end a run of hours
        raise MarotteError(
            f"teacher {teacher.name!r} failed at {id}: {reason_of(error)}"
        ) from error
    check_curves(id, curves, len(teacher.rig.names))
    return curves


@contextmanager
def _writer(store: Store, teacher: Teacher, work: _PartWork, part: str) -> Iterator[LabelWriter]:
    """Open a writer of the part's labels, with the old labels to keep already written."""
    provenance = {"teacher": teacher.name, "version": teacher.version, "rig": teacher.rig.name}
    provenance |= {**teacher.provenance, "marotte": __version__}
    format = LabelFormat(teacher.fps, teacher.rig.names, provenance)
    with store.label_writer(teacher.name, part, format) as writer:
        for id, curves, reason in store.label_rows(teacher.name, part) if work.keep else ():
            if id in work.keep:
                writer.copy(id, curves, reason)
        yield writer


@functools.lru_cache(maxsize=1)
def _teacher(name: str, curves: tuple[Path, ...]) -> Teacher:
    return open_teacher(name, curves)

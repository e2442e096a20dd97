"""Labelling: a corpus and a teacher in, the teacher's curves beside every part of the corpus.

A part's labels are one file, written whole. A row of it is an utterance that is settled: it has
curves, or a reason why it has none. A part is complete when every utterance that was asked for is
settled, so a run that was stopped, however hard, goes on where it was, and a part of which only
some speech was asked for is completed later. What failed (damaged sound, a teacher's fault) is not
settled: the same command tries it again.
"""

from __future__ import annotations

import functools
import traceback
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
from marotte.learn.errors import Skip
from marotte.learn.processes import map_unordered
from marotte.learn.teachers import Teacher, open_teacher
from marotte.version import __version__

READER_THREADS = 8  # threads that look through the parts: a bucket answers slowly, but many at once


@dataclass(frozen=True)
class LabelJob:
    """What each process has to know in order to label a part.

    Attributes:
        folder: the corpus, a path or a URL.
        teacher: see `open_teacher`.
        curves: see `open_teacher`.
        only: which utterances.
        again: label anew what another version of the teacher labelled, and try again what it
            left out.
    """

    folder: Path | str
    teacher: str
    curves: tuple[Path, ...] = ()
    filter: Filter = field(default_factory=Filter)
    again: bool = False


@dataclass(frozen=True)
class LabelPlan:
    """What a run will do.

    Attributes:
        parts: those in which something is asked for that is not settled.
        n_parts: all parts of the corpus.
        seconds: of the speech that is to be labelled.
        failed: why parts can't be read, a sentence each.
    """

    parts: tuple[str, ...]
    n_parts: int
    seconds: float
    failed: tuple[str, ...]


@dataclass(frozen=True)
class LabelledPart:
    """What came of one part.

    Attributes:
        part: its name.
        labelled: how many utterances have got curves.
        seconds: of speech looked at.
        left_out: by reason, how many utterances the teacher gave no curves.
        failed: what is not settled for a fault, a sentence each.
    """

    part: str
    labelled: int
    seconds: float
    left_out: Counter[str]
    failed: tuple[str, ...]


@dataclass
class LabelTotals:
    """What has come of a run so far; see `LabelledPart`."""

    parts: int = 0
    labelled: int = 0
    seconds: float = 0.0
    speed: float = 0.0
    left_out: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def add(self, done: LabelledPart, elapsed_s: float) -> None:
        """Count a part, `elapsed_s` after the run began."""
        self.parts += bool(done.labelled or done.left_out)
        self.labelled += done.labelled
        self.seconds += done.seconds
        self.speed = self.seconds / elapsed_s
        self.left_out += done.left_out
        self.failed += done.failed


def plan_labels(job: LabelJob) -> LabelPlan:
    """Compare what is asked for with what is settled.

    Raises:
        MarotteError: there is no corpus, no such teacher, no such speech, or there are labels by
            another version of the teacher, which have to be made `again`.
    """
    store, teacher = Store.open(job.folder), cached_teacher(job)
    parts = store.parts()
    with ThreadPoolExecutor(READER_THREADS) as pool:
        looks = list(pool.map(lambda part: _look(store, teacher, job, part), parts))
    others = Counter(look.version for look in looks if look.version not in (None, teacher.version))
    if others and not job.again:
        found = ", ".join(f"version {version}: {n} parts" for version, n in others.items())
        raise MarotteError(
            f"{job.folder} holds labels by other versions of the teacher {teacher.name!r} "
            f"({found}), and this is version {teacher.version}: give --again to label them anew"
        )
    failed = tuple(look.failed for look in looks if look.failed)
    if not any(look.matched for look in looks) and not failed:
        raise MarotteError(
            f"{job.folder} has no such speech as --only asks for: see `marotte corpus show`"
        )
    todo = [(part, look) for part, look in zip(parts, looks, strict=True) if look.todo]
    seconds = sum(look.seconds for _, look in todo)
    return LabelPlan(tuple(part for part, _ in todo), len(parts), seconds, failed)


def label(job: LabelJob, plan: LabelPlan, workers: int) -> Iterator[LabelledPart]:
    """Label the parts of a plan in processes of this machine; gives what came of each."""
    with removing_leftovers(job):
        yield from map_unordered(functools.partial(label_part, job), plan.parts, workers)


@contextmanager
def removing_leftovers(job: LabelJob) -> Iterator[None]:
    """Remove what killed processes left unfinished, before the block and after it."""
    folder = f"labels/{cached_teacher(job).name}"
    Store(job.folder).remove_leftovers(folder)
    try:
        yield
    finally:
        Store(job.folder).remove_leftovers(folder)


def cached_teacher(job: LabelJob) -> Teacher:
    """A process's own teacher, opened once: it may be a large network."""
    return _teacher(job.teacher, job.curves)


def label_part(job: LabelJob, part: str) -> LabelledPart:
    """Label what is asked for and not settled in one part, in this process."""
    store, teacher = Store(job.folder), cached_teacher(job)
    choice = _Choice(job, teacher, store.label_status(teacher.name, part))
    labelled, seconds, failed = 0, 0.0, []
    left_out: Counter[str] = Counter()
    with ExitStack() as stack:
        writer = None
        for id, length_s, outcome in _outcomes(store, teacher, choice, part):
            seconds += length_s
            if isinstance(outcome, MarotteError) and not isinstance(outcome, Skip):
                failed.append(str(outcome))
                continue
            if writer is None:  # a file is begun when there is something to write
                writer = stack.enter_context(_writer(store, teacher, choice, part))
            if isinstance(outcome, Skip):
                writer.leave_out(id, str(outcome))
                left_out[str(outcome)] += 1
            else:
                writer.add(id, outcome)
                labelled += 1
    return LabelledPart(part, labelled, seconds, left_out, tuple(failed))


class _Choice:
    """Which utterances of one part are to be labelled, and which labels it keeps."""

    def __init__(self, job: LabelJob, teacher: Teacher, settled: LabelStatus | None) -> None:
        self.only, self.settled = job.filter, settled
        self.kept: frozenset[str] = frozenset()
        self.redone: frozenset[str] = frozenset()
        if settled is None:
            return
        left_out = frozenset(settled.left_out)
        if settled.version != teacher.version:  # one file, one version
            self.redone = settled.labelled | left_out
        elif job.again:
            self.kept, self.redone = settled.labelled, left_out
        else:
            self.kept = settled.labelled | left_out

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of the store is to be labelled."""
        return row["id"] in self.redone or (row["id"] not in self.kept and self.only.matches(row))


@dataclass(frozen=True)
class _Look:
    """What there is to do in a part; see `LabelPlan`."""

    version: str | None = None
    matched: bool = False
    todo: bool = False
    seconds: float = 0.0
    failed: str = ""


def _look(store: Store, teacher: Teacher, job: LabelJob, part: str) -> _Look:
    try:
        settled = store.label_status(teacher.name, part)
        choice = _Choice(job, teacher, settled)
        rows = list(store.rows(part, job.filter.columns))
    except MarotteError as error:
        return _Look(failed=str(error))
    todo = [row["seconds"] for row in rows if choice.matches(row)]
    matched = any(map(job.filter.matches, rows))
    return _Look(settled.version if settled else None, matched, bool(todo), sum(todo))


Outcome = NDArray[np.floating] | Skip | MarotteError


def _outcomes(
    store: Store, teacher: Teacher, choice: _Choice, part: str
) -> Iterator[tuple[str, float, Outcome]]:
    """For each chosen utterance its id, its seconds, and its curves or why it has none."""
    seen: set[str] = set()
    try:
        for row in store.rows(part):
            id, seconds = row["id"], row["seconds"]
            if id in seen or not choice.matches(row):
                continue
            seen.add(id)
            try:
                yield id, seconds, _face(teacher, row)
            except MarotteError as error:
                yield id, seconds, error
    except MarotteError as error:
        yield part, 0.0, error


def _face(teacher: Teacher, row: dict[str, Any]) -> NDArray[np.floating]:
    """A row's curves.

    Raises:
        Skip: the teacher has none for it.
        MarotteError: something is wrong with its sound, with the teacher, or with the curves.
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
    except Exception as error:  # anybody's code: one utterance must not end hours of work
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise MarotteError(
            f"teacher {teacher.name!r} failed at {id}: {type(error).__name__}: {error} "
            f"({Path(place.filename).name}, line {place.lineno})"
        ) from error
    check_curves(id, curves, len(teacher.rig.names))
    return curves


@contextmanager
def _writer(store: Store, teacher: Teacher, choice: _Choice, part: str) -> Iterator[LabelWriter]:
    """A writer of the part's labels which begins with those that are kept."""
    provenance = {"teacher": teacher.name, "version": teacher.version, "rig": teacher.rig.name}
    provenance |= {**teacher.provenance, "marotte": __version__}
    format = LabelFormat(teacher.fps, teacher.rig.names, provenance)
    with store.label_writer(teacher.name, part, format) as writer:
        for id, curves, reason in store.label_rows(teacher.name, part) if choice.kept else ():
            if id in choice.kept:
                writer.copy(id, curves, reason)
        yield writer


@functools.lru_cache(maxsize=1)
def _teacher(name: str, curves: tuple[Path, ...]) -> Teacher:
    return open_teacher(name, curves)

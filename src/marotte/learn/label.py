"""Labelling: a corpus and a teacher in, the teacher's curves beside every part of the corpus."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.learn.corpora.source import Skip
from marotte.learn.store import Store
from marotte.learn.teachers import open_teacher


def label_corpus(
    store: Store,
    teacher_name: str,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    curves: Sequence[Path] = (),
) -> tuple[int, Counter[str]]:
    """Label every part that its teacher has not labelled yet, on all cores.

    A part's labels are written whole, so a run that was stopped goes on where it was.

    Args:
        store: the corpus.
        teacher_name: see `open_teacher`.
        workers: processes; one a core by default.
        progress: called with parts done and parts in all.
        curves: see `open_teacher`.

    Returns:
        How many parts were labelled, and by reason how many utterances were left out.
    """
    open_teacher(teacher_name, curves)
    skipped: Counter[str] = Counter()
    done = set(store.labelled(teacher_name))
    parts = store.parts()
    todo = [part for part in parts if part not in done]
    if progress:
        progress(len(parts) - len(todo), len(parts))
    # A worker must not inherit threads or locks: every system starts it afresh.
    with ProcessPoolExecutor(workers or os.cpu_count(), get_context("spawn")) as pool:
        jobs = [pool.submit(label_part, store.folder, teacher_name, part, curves) for part in todo]
        try:
            for n_done, job in enumerate(as_completed(jobs), start=len(parts) - len(todo) + 1):
                skipped += job.result()
                if progress:
                    progress(n_done, len(parts))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return len(todo), skipped


def label_part(
    folder: Path, teacher_name: str, part: str, curves: Sequence[Path] = ()
) -> Counter[str]:
    """Label one part of the corpus in `folder`; gives why utterances were left out, counted."""
    store, teacher = Store(folder), open_teacher(teacher_name, curves)
    labels: dict[str, NDArray[np.float32]] = {}
    skipped: Counter[str] = Counter()
    for utterance in store.utterances([part]):
        try:
            if teacher.needs_phones and not utterance.phones:
                raise Skip("no phones")
            labels[utterance.id] = teacher.curves(utterance)
        except Skip as reason:
            skipped[str(reason)] += 1
    provenance = {"teacher": teacher.name, "version": teacher.version, "rig": teacher.rig.name}
    store.write_labels(teacher.name, part, labels, teacher.fps, teacher.rig.names, provenance)
    return skipped

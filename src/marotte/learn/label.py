"""Labelling: a corpus and a teacher in, the teacher's curves beside every part of the corpus."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from marotte.learn.store import Store
from marotte.learn.teachers import open_teacher


def label_corpus(
    store: Store,
    teacher_name: str,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Label every part that its teacher has not labelled yet, on all cores.

    A part's labels are written whole, so a run that was stopped goes on where it was.

    Args:
        store: the corpus.
        teacher_name: see `open_teacher`.
        workers: processes; one a core by default.
        progress: called with parts done and parts in all.

    Returns:
        How many parts were labelled.
    """
    open_teacher(teacher_name)
    done = set(store.labelled(teacher_name))
    parts = store.parts()
    todo = [part for part in parts if part not in done]
    if progress:
        progress(len(parts) - len(todo), len(parts))
    # A worker must not inherit threads or locks: every system starts it afresh.
    with ProcessPoolExecutor(workers or os.cpu_count(), get_context("spawn")) as pool:
        jobs = [pool.submit(label_part, store.folder, teacher_name, part) for part in todo]
        try:
            for n_done, job in enumerate(as_completed(jobs), start=len(parts) - len(todo) + 1):
                job.result()
                if progress:
                    progress(n_done, len(parts))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return len(todo)


def label_part(folder: Path, teacher_name: str, part: str) -> None:
    """Label one part of the corpus in `folder`; utterances without phones are left out."""
    store, teacher = Store(folder), open_teacher(teacher_name)
    curves = {u.id: teacher.curves(u) for u in store.utterances([part]) if u.phones}
    provenance = {"teacher": teacher.name, "version": teacher.version, "rig": teacher.rig.name}
    store.write_labels(teacher.name, part, curves, teacher.fps, teacher.rig.names, provenance)

"""Work spread over processes of this machine: results as they come, and nothing left running."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from marotte.errors import MarotteError

THREADS = "OMP_NUM_THREADS"
Work = TypeVar("Work")
Result = TypeVar("Result")


def spread(do: Callable[[Work], Result], work: Sequence[Work], workers: int) -> Iterator[Result]:
    """Do each piece of work in one of `workers` processes; give the results as they come.

    One worker is this process itself. Several share the cores, and end when this process does,
    however hard, or when no more results are asked for.

    Raises:
        MarotteError: a process was ended from outside.
    """
    shared = max(1, (os.cpu_count() or 1) // workers)
    with processes(workers, os.environ.get(THREADS, str(shared))) as executor:
        if executor is None:
            yield from map(do, work)
            return
        for future in as_completed([executor.submit(do, each) for each in work]):
            yield future.result()


@contextmanager
def processes(workers: int, threads: str = "1") -> Generator[Executor | None]:
    """Processes of so many threads each, which end with this one; None where one is all there is.

    Raises:
        MarotteError: one of them was ended from outside.
    """
    if workers < 2:
        yield None
        return
    # A worker must not inherit threads or locks: every system starts it afresh.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(threads,))
    try:
        yield executor
    except BrokenProcessPool as error:
        raise MarotteError(
            "a process of this command was ended from outside, perhaps for want of memory: "
            "run the same command again to go on, with fewer --workers"
        ) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _start(threads: str) -> None:
    # Ctrl-C ends a worker at once and silently; half-written files are never in their place.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A killed parent can't tell its workers to stop: each watches over it.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # PyTorch, which is loaded later than this, would take all cores in each process.
    os.environ[THREADS] = threads


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)

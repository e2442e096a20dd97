"""Run a function on many inputs in several processes, which never outlive this one."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar

from marotte.errors import MarotteError
from marotte.processes import THREADS, end_with_parent

Input = TypeVar("Input")
Result = TypeVar("Result")


def map_unordered(
    function: Callable[[Input], Result], inputs: Sequence[Input], workers: int
) -> Iterator[Result]:
    """Apply a function to each input in `workers` processes; yield results as they finish.

    With one worker, the function runs in this process, in order. Several workers share the cores.
    They end when this process ends, even if it is killed, and when the iterator is closed.

    Raises:
        MarotteError: a worker process was killed.

    Example:
        >>> list(map_unordered(abs, [-1, 2], workers=1))
        [1, 2]
    """
    threads = max(1, (os.cpu_count() or 1) // workers)
    with process_pool(workers, os.environ.get(THREADS, str(threads))) as executor:
        if executor is None:
            yield from map(function, inputs)
            return
        for future in as_completed([executor.submit(function, each) for each in inputs]):
            yield future.result()


@contextmanager
def process_pool(workers: int, threads: str = "1") -> Generator[Executor | None]:
    """Open a pool of worker processes that end with this process; None for fewer than two.

    Args:
        workers: the number of processes.
        threads: the number of threads per process, as the value of `OMP_NUM_THREADS`.

    Raises:
        MarotteError: a worker process was killed.
    """
    if workers < 2:
        yield None
        return
    # A worker must not inherit threads or locks: start each one afresh on every system.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(threads,))
    try:
        yield executor
    except BrokenProcessPool as error:
        raise MarotteError(
            "a worker process was killed, perhaps because memory ran out: "
            "run the same command again with fewer --workers; it goes on where it stopped"
        ) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _start(threads: str) -> None:
    # Ctrl-C ends a worker at once and silently. Files are renamed into place only when complete.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_parent()
    # PyTorch is imported later and would otherwise take all cores in each process.
    os.environ[THREADS] = threads

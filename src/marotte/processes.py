"""Worker processes: tasks in, results out, and no process that outlives its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Generic, TypeVar, cast

THREADS = "OMP_NUM_THREADS"
"""The environment variable that limits the threads of NumPy and PyTorch when it is set early."""

POLL_S = 0.5  # Windows handles Ctrl-C only between two waits
END_S = 1.0

Task = TypeVar("Task")
Result = TypeVar("Result")
Function = Callable[[Any], Any]


def n_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def end_with_parent() -> None:
    """Start a thread that ends this worker process when its parent ends, even if it is killed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


@dataclass(frozen=True)
class _Worker:
    process: SpawnProcess
    connection: Connection

    def end(self) -> None:
        self.process.terminate()
        self.process.join(END_S)
        self.process.kill()
        self.connection.close()


@dataclass(frozen=True)
class Finished(Generic[Task, Result]):
    """A task and its result; None if the worker process died of the task."""

    task: Task
    result: Result | None


def map_tasks(
    prepare: Callable[[], Callable[[Task], Result]], tasks: Iterable[Task], workers: int
) -> Generator[Finished[Task, Result]]:
    """Run a function on each task in worker processes; yield results as they finish.

    Each worker has one thread, and gets its next task when it has finished one, so that any number
    of tasks needs little memory. A worker that dies is replaced. All workers end at once when the
    generator is closed, when it is interrupted, or when this process is killed.

    Args:
        prepare: makes the function in each worker; it must be picklable.
        tasks: picklable values; they are taken one at a time, when a worker is free.
        workers: the number of processes.
    """
    waiting = iter(tasks)
    idle: list[_Worker] = []
    busy: dict[Connection, tuple[_Worker, Task]] = {}
    try:
        while True:
            for task in _first(waiting, workers - len(busy)):
                worker = idle.pop() if idle else _start_worker(prepare)
                busy[worker.connection] = worker, task
                with suppress(OSError):  # where the worker died meanwhile, the result is None
                    worker.connection.send(task)
            if not busy:
                return
            for connection in wait(list(busy), POLL_S):
                worker, task = busy.pop(cast(Connection, connection))
                try:
                    result = worker.connection.recv()
                except (EOFError, OSError):
                    worker.end()
                    yield Finished(task, None)
                    continue
                idle.append(worker)
                yield Finished(task, result)
    finally:
        for worker in (*idle, *(worker for worker, _ in busy.values())):
            worker.process.terminate()
        for worker in (*idle, *(worker for worker, _ in busy.values())):
            worker.end()


def _first(tasks: Iterator[Task], count: int) -> Iterator[Task]:
    """Yield at most `count` tasks, each taken only when it is asked for."""
    for _ in range(count):
        try:
            yield next(tasks)
        except StopIteration:
            return


def _start_worker(prepare: Callable[[], Function]) -> _Worker:
    # A worker must not inherit threads or locks: start each one afresh on every system.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, prepare), daemon=True)
    with _interrupts_blocked():
        process.start()
    theirs.close()
    return _Worker(process, cast(Connection, ours))


@contextmanager
def _interrupts_blocked() -> Generator[None]:
    """Block Ctrl-C for a moment. A process that is started then never gets it: its parent does."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # else it starts with the process, and unblocks Ctrl-C
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(connection: Connection, prepare: Callable[[], Function]) -> None:
    """Answer tasks until the parent closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    os.environ[THREADS] = "1"
    function = prepare()
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(function(task))

"""Processes that start at once: copies of one that has loaded everything (Linux and macOS).

To start Python and load PyTorch takes seconds; a copy by `fork` takes a hundredth of one. The
process that is copied never does anything else, so that no copy begins with a thread, a lock or
an open file. A copy is a process like others: it is killed, gets signals and ends like them.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

POLL_S = 0.005
OUTPUT = ".output"
LOADED = ("torch", "torch.nn", "onnx", "onnxruntime", "pyarrow.parquet", "soundfile", "soxr", "av",
          "marotte.realtime.runner", "marotte.learn.corpora.build", "marotte.learn.jobs.label",
          "marotte.learn.train.loop", "marotte.learn.capture.loaders")  # fmt: skip


@dataclass(frozen=True)
class Job:
    """What a process does.

    Attributes:
        function: a function of a module, so that it can be pickled.
        folder: the working folder.
        cpu_s: the time of a core after which the system ends the process; None for no limit.
        wall_s: the time after which the process is killed, and counts as hanging.
        signal: what the process gets; None for nothing.
        signal_s: when it gets the signal, in seconds after its start.
        signal_after: a text that the process prints; the seconds count from there.
    """

    function: Callable[..., object]
    arguments: tuple[Any, ...] = ()
    folder: str = "."
    environment: Mapping[str, str] = field(default_factory=dict)
    cpu_s: int | None = None
    wall_s: float = 600.0
    signal: int | None = None
    signal_s: float = 0.0
    signal_after: str = ""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: its exit code; minus the signal's number if a signal ended it; None if it hung.
        text: what it printed.
        grown_bytes: the largest memory that it took beyond the loaded packages.
        signalled: whether the signal came before the end.
    """

    code: int | None
    text: str
    seconds: float
    grown_bytes: int
    signalled: bool


class Warm:
    """A process with everything loaded, which starts copies of itself."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,))
        self._process.start()
        theirs.close()
        self._connection.recv()  # everything is loaded

    def run(self, job: Job) -> Ended:
        """Run a job in a new process, and wait for its end."""
        self._connection.send(job)
        return self._connection.recv()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def call_marotte(*arguments: str) -> None:
    """Run the command line as the installed command does."""
    from marotte.__main__ import main

    sys.argv = ["marotte", *arguments]
    main()


def _serve(connection: Connection) -> None:
    from importlib import import_module

    from marotte.cli import build_app

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: for the parent
    for name in LOADED:
        import_module(name)
    build_app()
    connection.send(None)
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        output = Path(job.folder, OUTPUT)
        output.unlink(missing_ok=True)
        if not (process := os.fork()):
            connection.close()
            _become(job, output)
        connection.send(_watch(process, job, output))


def _become(job: Job, output: Path) -> None:
    """Do a job in this process, which was copied just now, and end it."""
    import resource

    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, path in enumerate((Path(os.devnull), output, output)):
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        os.dup2(os.open(path, flags, 0o600), number)
    if job.cpu_s is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (job.cpu_s, job.cpu_s))
    os.environ.update(job.environment)
    os.chdir(job.folder)
    code: object = 0
    try:
        job.function(*job.arguments)
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    # What Python does at its end; libraries would wait for threads that a copy doesn't have.
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
    sys.stdout.flush()
    os._exit(code if isinstance(code, int) else 1)


def _watch(process: int, job: Job, output: Path) -> Ended:
    """Send a process its signal, and wait until it ends."""
    start = time.monotonic()
    due = None if job.signal is None or job.signal_after else start + job.signal_s
    signalled, loaded_bytes = False, _own_bytes()
    while time.monotonic() - start < job.wall_s:
        pid, status, usage = os.wait4(process, os.WNOHANG)
        if pid:
            grown = max(0, usage.ru_maxrss * 1024 - loaded_bytes)
            code = os.waitstatus_to_exitcode(status)
            return Ended(code, _text(output), time.monotonic() - start, grown, signalled)
        if job.signal_after and due is None and job.signal_after in _text(output):
            due = time.monotonic() + job.signal_s
        if due is not None and job.signal is not None and not signalled and time.monotonic() >= due:
            os.kill(process, job.signal)
            signalled = True
        time.sleep(POLL_S)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return Ended(None, _text(output), job.wall_s, 0, signalled)


def _text(output: Path) -> str:
    return output.read_bytes().decode("utf-8", "replace") if output.exists() else ""


def _own_bytes() -> int:
    """Return the memory of this process without that of files, which a copy doesn't begin with."""
    statm = Path("/proc/self/statm")
    if not statm.exists():  # macOS
        return 0
    _, resident, shared, *_ = map(int, statm.read_text().split())
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")

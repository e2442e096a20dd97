"""A process that runs cases, and is replaced when a case ends or blocks it."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from cases import Outcome, damaged_files, run
from kinds import KINDS

WALL_S = 300.0  # after which a case hangs, also on a busy machine; CPU time is limited to 10 s
NOISE = ("Traceback (most recent call last)", "EP Error")  # what must not be printed


def random_of(kind: str, seed: int) -> Random:
    """Return the random generator of a case."""
    return Random(f"{kind}/{seed}")


class Worker:
    """Runs cases in another process."""

    def __init__(self) -> None:
        self._start()

    def run(self, kind: str, seed: int) -> Outcome:
        """Run a case; a process that dies or hangs is a fault."""
        self._connection.send((kind, seed))
        if not self._connection.poll(WALL_S):
            self.close()
            self._start()
            return Outcome("", WALL_S, 0, f"did not end in {WALL_S} s")
        try:
            return self._connection.recv()
        except EOFError:
            self._process.join()
            code = self._process.exitcode
            self._start()
            return Outcome("", 0.0, 0, f"the process died with exit code {code}")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()


def _work(connection: Connection) -> None:
    kinds = {kind.name: kind for kind in KINDS}
    with tempfile.NamedTemporaryFile() as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
        while True:
            name, seed = connection.recv()
            files = damaged_files(kinds[name], random_of(name, seed))
            os.truncate(printed.name, 0)
            os.lseek(1, 0, os.SEEK_SET)
            outcome = run(kinds[name], files)
            text = Path(printed.name).read_bytes().decode("utf-8", "replace")
            if not outcome.fault and any(noise in text for noise in NOISE):
                outcome = Outcome(outcome.message, outcome.seconds, 0, f"printed {text[-1500:]}")
            connection.send(outcome)

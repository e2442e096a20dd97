"""An output that fails in any way ends alone, with a line; nobody waits for it."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from marotte.face.animation import Frame
from marotte.realtime import output_queue
from marotte.realtime.output_queue import OutputQueue
from marotte.realtime.outputs import Output

FRAME = Frame(0.5, 80.0, np.zeros(52, np.float32))


class Failing(Output):
    """Fails with an exception of some kind."""

    max_queued_frames = 2

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.abandoned = False

    def send(self, frame: Frame) -> None:
        raise self.error

    def close(self) -> None:
        raise AssertionError("an output that has failed is abandoned, not closed")

    def abandon(self) -> str:
        self.abandoned = True
        raise RuntimeError("this fails, too")


@pytest.mark.parametrize(
    "error",
    [
        OSError("the wire is cut"),
        ValueError("Out of range float values"),
        UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range"),
        TypeError("not enough arguments for format string"),
        RuntimeError("Error opening: System error."),
        MemoryError(),
    ],
)
def test_every_exception_ends_the_output_and_frees_who_waits(error: Exception) -> None:
    lines: list[str] = []
    output = Failing(error)
    queue = OutputQueue("broken", output, drop=False, report=lines.append)
    begun_s = time.monotonic()
    for _ in range(20):
        queue.send(FRAME)
    assert queue.close()
    assert time.monotonic() - begun_s < 5
    assert queue.failure is not None
    assert output.abandoned
    [line] = lines
    assert line.startswith("broken: ")
    assert str(error) in line


class Stuck(Output):
    """Waits for ever, as a pipe does that nobody reads."""

    max_queued_frames = 2

    def __init__(self) -> None:
        self.freed = threading.Event()

    def send(self, frame: Frame) -> None:
        self.freed.wait()


def test_end_of_the_take_frees_who_waits_for_a_stuck_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(output_queue, "STUCK_S", 0.2)
    monkeypatch.setattr(output_queue, "CLOSE_TIMEOUT_S", 0.2)
    output = Stuck()
    queue = OutputQueue("stuck", output, drop=False)
    begun_s = time.monotonic()
    for _ in range(20):
        queue.send(FRAME, lambda: True)
    assert not queue.close()
    assert time.monotonic() - begun_s < 5  # not a second for each frame
    assert queue.n_dropped > 10
    assert queue.failure == "it does not respond"
    output.freed.set()


def test_slow_output_is_closed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_queue, "CLOSE_TIMEOUT_S", 0.3)

    class Slow(Output):
        max_queued_frames = 100
        n = 0

        def send(self, frame: Frame) -> None:
            time.sleep(0.05)
            self.n += 1

    output = Slow()
    queue = OutputQueue("slow", output, drop=True)
    for _ in range(20):
        queue.send(FRAME)
    assert queue.close()  # a second in all, three times the timeout
    assert output.n == queue.n_sent == 20

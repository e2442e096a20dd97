"""Read raw samples (16-bit, little-endian, mono) from standard input or another pipe.

A thread reads the pipe as the samples come, up to two seconds ahead; then the program that writes
has to wait. The samples go on at the pace of their own sample rate, from the first one, so that the
bursts of a synthesiser are as smooth as a file.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from io import RawIOBase
from threading import Event, Thread
from typing import cast, final

import numpy as np

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.realtime.inputs import Input, OnSamples, Report, Samples
from marotte.realtime.inputs.pacing import Backlog, Clock

READ_BYTES = 4096
BLOCK_S = 0.01  # as a microphone delivers
Put = Callable[[Samples], None]

FILE_MAGIC = (b"RIFF", b"fLaC", b"OggS", b"ID3")


@final
class PipeInput(Input):
    """A pipe of raw samples."""

    def __init__(
        self, rate: int = SAMPLE_RATE, fast: bool = False, pipe: RawIOBase | None = None
    ) -> None:
        """Take the pipe.

        Args:
            rate: the sample rate in Hz.
            fast: don't throttle to real time.
            pipe: where to read; standard input if None.

        Raises:
            MarotteError: standard input is a terminal, or closed.
        """
        if pipe is None:
            if sys.stdin is None:
                raise MarotteError("standard input is closed: give a file to --input")
            if sys.stdin.isatty():
                raise MarotteError(
                    "standard input is a terminal: pipe raw 16-bit mono samples into it, "
                    "or give a file to --input"
                )
            # Unbuffered: a thread that waits in a buffer would keep the program from exiting.
            pipe = cast("RawIOBase", getattr(sys.stdin.buffer, "raw", sys.stdin.buffer))
        self.name = "standard input"
        self.rate = rate
        self.fast = fast
        self.pipe = pipe

    def run(self, on_samples: OnSamples, stop: Event, report: Report) -> None:
        """Read until the other end of the pipe is closed.

        Raises:
            MarotteError: the content is a sound file, not raw samples.
        """
        if self.fast:
            self._read(lambda samples: on_samples(samples, time.perf_counter()), stop)
            return
        backlog = Backlog(self.rate)
        Thread(target=self._fill, args=(backlog, stop), name="pipe", daemon=True).start()
        clock = Clock(self.rate)
        n_block = round(BLOCK_S * self.rate)
        while (samples := backlog.take(n_block, stop)) is not None:
            due_s = clock.due(len(samples), backlog.waited, backlog.catches_up())
            if stop.wait(max(0.0, due_s - time.perf_counter())):
                return
            on_samples(samples, due_s)

    def _fill(self, backlog: Backlog, stop: Event) -> None:
        failure: BaseException | None = None
        try:
            self._read(backlog.put, stop)
        except BaseException as error:
            failure = error
        finally:
            backlog.end(failure)

    def _read(self, put: Put, stop: Event) -> None:
        """Give each piece of the pipe's content as samples."""
        rest, is_first = b"", True
        while not stop.is_set() and (content := self.pipe.read(READ_BYTES)):
            if is_first and content.startswith(FILE_MAGIC):
                raise MarotteError(
                    "standard input is a sound file, but raw samples are needed: give the file to "
                    "--input, or convert it, e.g. with ffmpeg -f s16le -ac 1 -ar 16000 -"
                )
            is_first = False
            content, rest = rest + content, b""
            if len(content) % 2:
                content, rest = content[:-1], content[-1:]
            put(np.frombuffer(content, "<i2") * np.float32(1 / 32768))

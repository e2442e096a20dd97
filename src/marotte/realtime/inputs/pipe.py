"""Read raw samples (16-bit, little-endian, mono) from standard input or another pipe."""

from __future__ import annotations

import sys
import time
from io import RawIOBase
from threading import Event
from typing import cast, final

import numpy as np

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.realtime.inputs import Input, OnSamples, Report

READ_BYTES = 4096
# A pipe may have filled while this program was loading: so much sound may come at once. Whatever
# is further ahead comes from a file or a synthesiser, and is throttled to real time.
MAX_AHEAD_S = 2.2
PACE = 1.02  # slightly faster than real time, so that a microphone with a fast clock never waits
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
            MarotteError: standard input is a terminal.
        """
        if pipe is None:
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
        ahead_s, last_s = 0.0, time.perf_counter()
        rest, is_first, throttled = b"", True, False
        while not stop.is_set() and (content := self.pipe.read(READ_BYTES)):
            if is_first and content.startswith(FILE_MAGIC):
                raise MarotteError(
                    "standard input is a sound file, but raw samples are needed: give the file to "
                    "--input, or convert it, e.g. with ffmpeg -f s16le -ac 1 -ar 16000 -"
                )
            is_first = False
            now_s = time.perf_counter()
            content, rest = rest + content, b""
            if len(content) % 2:
                content, rest = content[:-1], content[-1:]
            samples = np.frombuffer(content, "<i2") * np.float32(1 / 32768)
            ahead_s = max(0.0, ahead_s - PACE * (now_s - last_s)) + len(samples) / self.rate
            last_s = now_s
            if not self.fast and ahead_s > MAX_AHEAD_S:
                if not throttled:
                    report("standard input is throttled to real time: --fast reads it at once")
                throttled = True
                stop.wait((ahead_s - MAX_AHEAD_S) / PACE)
            on_samples(samples, time.perf_counter())

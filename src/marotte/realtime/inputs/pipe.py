"""Raw samples on standard input (16 bits, little-endian, mono) in; the same as floats out."""

from __future__ import annotations

import sys
import time
from io import RawIOBase
from threading import Event
from typing import cast, final

import numpy as np

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.realtime.inputs import Hear, Input, Say

READ_BYTES = 4096
# What may have waited in a pipe while this program was loading comes at once, and is welcome: more
# than that comes from something that is no microphone, and is given away at the pace it sounds.
AHEAD_S = 2.2
# A little faster than sound, so that a microphone whose clock is fast never waits.
PACE = 1.02
CONTAINERS = (b"RIFF", b"fLaC", b"OggS", b"ID3")


@final
class PipeInput(Input):
    """Hears a pipe."""

    def __init__(
        self, rate: int = SAMPLE_RATE, fast: bool = False, pipe: RawIOBase | None = None
    ) -> None:
        if pipe is None:
            if sys.stdin.isatty():
                raise MarotteError(
                    "standard input is a terminal: pipe raw 16-bit mono samples into it, "
                    "or give a file to --input"
                )
            # Not the buffer: a thread that waits in it would hold the program up when it ends.
            pipe = cast("RawIOBase", getattr(sys.stdin.buffer, "raw", sys.stdin.buffer))
        self.name = "standard input"
        self.rate = rate
        self.fast = fast
        self.pipe = pipe

    def run(self, hear: Hear, stop: Event, say: Say) -> None:
        """Give the pipe's sound away until its other end is closed.

        Raises:
            MarotteError: what comes is a sound file, not bare samples.
        """
        ahead_s, before = 0.0, time.perf_counter()
        rest, first, paced = b"", True, False
        while not stop.is_set() and (read := self.pipe.read(READ_BYTES)):
            if first and read.startswith(CONTAINERS):
                raise MarotteError(
                    "standard input is a sound file, bare samples are needed: give the file to "
                    "--input, or convert it, e.g. with ffmpeg -f s16le -ac 1 -ar 16000 -"
                )
            first = False
            now = time.perf_counter()
            content, rest = rest + read, b""
            if len(content) % 2:
                content, rest = content[:-1], content[-1:]
            samples = np.frombuffer(content, "<i2") * np.float32(1 / 32768)
            ahead_s = max(0.0, ahead_s - PACE * (now - before)) + len(samples) / self.rate
            before = now
            if not self.fast and ahead_s > AHEAD_S:
                if not paced:
                    say("standard input comes faster than it sounds: --fast would not wait for it")
                paced = True
                stop.wait((ahead_s - AHEAD_S) / PACE)
            hear(samples, time.perf_counter())

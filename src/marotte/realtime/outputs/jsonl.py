"""Frames in; a line of JSON for each out, on standard output or in a file.

{"time_s": 0.5, "delay_ms": 116.0, "controls": {"jawOpen": 0.31, ...}, "head": [0.0, 0.0, 0.0]}
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import BinaryIO, final

import numpy as np

from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.recorder import Recorder, path_of

DECIMALS = 4  # a ten-thousandth of a control's range is beyond what any face shows


def connect(target: str, take: Take) -> Output:
    """Open `json`, to standard output, or `json:FILE`, which appears when the take ends."""
    return JsonRecorder(path_of(target, "json"), take) if target else JsonLines(take)


def line_of(frame: Frame, names: tuple[str, ...]) -> bytes:
    """The line of a frame, whose controls have these names."""
    controls = np.round(frame.controls.astype(np.float64), DECIMALS) + 0.0  # -0 becomes 0
    described: dict[str, object] = {
        "time_s": round(frame.time_s, 6),
        "delay_ms": round(frame.delay_ms, 3),
        "controls": dict(zip(names, controls.tolist(), strict=True)),
        "head": [round(angle, DECIMALS) for angle in frame.head],
    }
    return json.dumps(described, allow_nan=False).encode("ascii") + b"\n"


@final
class JsonLines(Output):
    """Writes to standard output."""

    waiting_frames = 150  # who reads a pipe may stop for a moment

    def __init__(self, take: Take) -> None:
        """Open it."""
        self.names = take.rig.names
        # Without a buffer: a thread that waits in one would hold the program up when it ends.
        self.out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)

    def send(self, frame: Frame) -> None:
        """Write a line.

        Raises:
            MarotteError: nobody reads any more.
        """
        line = line_of(frame, self.names)
        try:
            while line:
                line = line[self.out.write(line) :]
        except OSError as error:
            raise MarotteError(f"nobody takes its lines any more ({error.strerror})") from error

    def close(self) -> None:
        """Close this end of the pipe."""
        self.out.close()


@final
class JsonRecorder(Recorder):
    """Writes to a file."""

    def __init__(self, path: Path, take: Take) -> None:
        """Name the file."""
        super().__init__(path)
        self.names = take.rig.names

    def open(self, temporary: Path) -> None:
        """Open the file."""
        self.out: BinaryIO = self.stack.enter_context(temporary.open("wb"))

    def send(self, frame: Frame) -> None:
        """Write a line."""
        self.begin()
        self.out.write(line_of(frame, self.names))

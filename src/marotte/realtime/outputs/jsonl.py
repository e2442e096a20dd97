"""Write frames as lines of JSON, to standard output or a file.

{"time_s": 0.5, "delay_ms": 116.0, "controls": {"jawOpen": 0.31, ...}, "head": [0.0, 0.0, 0.0]}
"""

from __future__ import annotations

import json
import os
import sys
from io import TextIOBase
from pathlib import Path
from typing import final

import numpy as np

from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.recorder import Recorder, recording_path

DECIMALS = 4  # nobody sees a ten-thousandth of a control's range


def connect(target: str, take: Take) -> Output:
    """Open `json` (standard output) or `json:FILE`, which appears when the take ends."""
    return JsonRecorder(recording_path(target, "json"), take) if target else JsonLines(take)


def encode_frame(frame: Frame, names: tuple[str, ...]) -> bytes:
    """Return a frame as a line of JSON; `names` are its controls' names in order.

    Example:
        >>> frame = Frame(0.5, 80.0, np.float32([0.25]))
        >>> encode_frame(frame, ("jawOpen",)).decode().strip()
        '{"time_s": 0.5, "delay_ms": 80.0, "controls": {"jawOpen": 0.25}, "head": [0.0, 0.0, 0.0]}'
    """
    controls = np.round(frame.controls.astype(np.float64), DECIMALS) + 0.0  # turns -0 into 0
    fields: dict[str, object] = {
        "time_s": round(frame.time_s, 6),
        "delay_ms": round(frame.delay_ms, 3),
        "controls": dict(zip(names, controls.tolist(), strict=True)),
        "head": [round(angle, DECIMALS) for angle in frame.head],
    }
    return json.dumps(fields, allow_nan=False).encode("ascii") + b"\n"


@final
class JsonLines(Output):
    """Writes to standard output."""

    max_queued_frames = 150  # the reader of a pipe may pause for a moment

    def __init__(self, take: Take) -> None:
        """Open standard output.

        Raises:
            MarotteError: it is closed.
        """
        if not isinstance(sys.stdout, TextIOBase):  # None, if it was closed before the start
            raise MarotteError("standard output is closed: write the frames to a file, json:FILE")
        self.names = take.rig.names
        # Unbuffered: a thread that waits in a buffer would keep the program from exiting.
        self.stdout = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)

    def send(self, frame: Frame) -> None:
        """Write a line.

        Raises:
            MarotteError: the reader has closed the pipe.
        """
        line = encode_frame(frame, self.names)
        try:
            while line:
                line = line[self.stdout.write(line) :]
        except OSError as error:
            raise MarotteError(f"standard output is closed ({error.strerror})") from error

    def close(self) -> None:
        """Close this end of the pipe."""
        self.stdout.close()


@final
class JsonRecorder(Recorder):
    """Writes to a file."""

    def __init__(self, path: Path, take: Take) -> None:
        """Set the path."""
        super().__init__(path)
        self.names = take.rig.names

    def send(self, frame: Frame) -> None:
        """Write a line."""
        self.write(encode_frame(frame, self.names))

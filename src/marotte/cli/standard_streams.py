"""Sound on standard input, and curves as JSON lines on standard output, of `marotte animate`."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from marotte.errors import MarotteError

if TYPE_CHECKING:
    from marotte.face.animation import Animation

STANDARD = Path("-")


def read_standard_input() -> BytesIO:
    """Return the sound file on standard input.

    Raises:
        MarotteError: standard input is a terminal, or closed.
    """
    stdin = sys.stdin
    if stdin is None or stdin.isatty():  # pyright: ignore[reportUnnecessaryComparison]
        raise MarotteError(
            "standard input is a terminal: pipe a sound file into it, or give the file by name"
        )
    content = BytesIO(stdin.buffer.read())
    content.name = "standard input"
    return content


def write_json_lines(animation: Animation) -> None:
    """Write each frame as a line of JSON, like those of `marotte live -o json`.

    Raises:
        MarotteError: the reader has closed standard output.
    """
    from marotte.face.animation import Frame
    from marotte.realtime.outputs.jsonl import encode_frame

    try:
        for k, controls in enumerate(animation.controls):
            frame = Frame(k / animation.fps, 0.0, controls, animation.head_pose(k))
            sys.stdout.buffer.write(encode_frame(frame, animation.names))
        sys.stdout.buffer.flush()
    except OSError as error:
        raise MarotteError(f"standard output is closed ({error.strerror})") from error

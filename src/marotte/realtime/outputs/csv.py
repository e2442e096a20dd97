"""Frames in; a Live Link Face CSV of the take out."""

from __future__ import annotations

from pathlib import Path
from typing import final

from marotte.export.livelink_csv import Rows
from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.recorder import Recorder, path_of


def connect(target: str, take: Take) -> Output:
    """Open `csv:FILE`."""
    return CsvRecorder(path_of(target, "csv"), take)


@final
class CsvRecorder(Recorder):
    """Writes a row a frame, under its own timecode: frames that were dropped are missing rows."""

    def __init__(self, path: Path, take: Take) -> None:
        """Name the file.

        Raises:
            MarotteError: the rig has none of ARKit's controls.
        """
        super().__init__(path)
        self.fps = take.fps
        self.rows = Rows(take.rig, take.fps)

    def open(self, temporary: Path) -> None:
        """Write the header."""
        self.out = self.stack.enter_context(temporary.open("w", encoding="ascii", newline=""))
        self.out.write(self.rows.header())

    def send(self, frame: Frame) -> None:
        """Write its row."""
        self.begin()
        self.out.write(self.rows.row(round(frame.time_s * self.fps), frame.controls, frame.head))

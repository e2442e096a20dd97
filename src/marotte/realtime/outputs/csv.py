"""Record frames as a Live Link Face CSV, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import final

from marotte.export.livelink_csv import RowFormatter
from marotte.face.animation import Frame
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.recorder import Recorder, recording_path


def connect(target: str, take: Take) -> Output:
    """Open `csv:FILE`."""
    return CsvRecorder(recording_path(target, "csv"), take)


@final
class CsvRecorder(Recorder):
    """Writes one row per frame with the frame's own timecode; a dropped frame is a missing row."""

    def __init__(self, path: Path, take: Take) -> None:
        """Set the path.

        Raises:
            MarotteError: the rig has none of ARKit's controls.
        """
        super().__init__(path)
        self.fps = take.fps
        self.formatter = RowFormatter(take.rig, take.fps)

    def open(self, temporary: Path) -> None:
        """Write the header."""
        self.file = self.stack.enter_context(temporary.open("w", encoding="ascii", newline=""))
        self.file.write(self.formatter.header())

    def send(self, frame: Frame) -> None:
        """Write the frame's row."""
        self.start()
        index = round(frame.time_s * self.fps)
        self.file.write(self.formatter.row(index, frame.controls, frame.head))

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

    def header(self) -> bytes:
        """Return the names of the columns."""
        return self.formatter.header().encode()

    def send(self, frame: Frame) -> None:
        """Write the frame's row."""
        index = round(frame.time_s * self.fps)
        self.write(self.formatter.row(index, frame.controls, frame.head).encode())

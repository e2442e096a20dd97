"""A .json or .csv file of `marotte animate` in; names, times, values and the head's angles out."""

import csv
import json
from pathlib import Path

HEAD = ("HeadYaw", "HeadPitch", "HeadRoll")
COLUMNS_BEFORE = 2  # Timecode, BlendShapeCount
TIMECODE_FPS = 60  # the unit of the timecode's frames, at any frame rate


class Take:
    """What a file holds.

    Attributes:
        names: of the controls.
        times: of the frames, in seconds from the start of the sound.
        rows: a list of values per frame, in the order of the names.
        head: yaw, pitch and roll in radians per frame; None if the file has no head.
    """

    def __init__(self, names, times, rows, head=None):
        self.names, self.times, self.rows, self.head = names, times, rows, head
        lengths = {len(row) for row in rows}
        if not rows or lengths != {len(names)}:
            raise ValueError(f"{len(names)} names, but rows of {sorted(lengths)} values")


def read(path):
    """Read a take.

    Raises:
        ValueError: the file is not a take.
    """
    path = Path(path)
    readers = {".json": _read_json, ".csv": _read_csv}
    if path.suffix.lower() not in readers:
        raise ValueError(f"{path} is not a take: write one with `marotte animate -o take.json`")
    try:
        return readers[path.suffix.lower()](path)
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise ValueError(
            f"{path} is not a take ({error}): write one with `marotte animate -o take.json`"
        ) from error


def _read_json(path):
    fields = json.loads(path.read_text(encoding="utf-8"))
    fps = float(fields["exportFps"])
    rows = [[float(value) for value in row] for row in fields["weightMat"]]
    return Take(list(fields["facsNames"]), [frame / fps for frame in range(len(rows))], rows)


def _read_csv(path):
    with path.open(encoding="utf-8-sig", newline="") as lines:
        table = csv.reader(lines)
        header = next(table)
        if header[0].lower() != "timecode":
            raise ValueError(f"the first column is {header[0]!r}, not Timecode")
        rows = [row for row in table if row]
    times = [_seconds(row[0]) for row in rows]
    values = [[float(value) for value in row[COLUMNS_BEFORE:]] for row in rows]
    columns = header[COLUMNS_BEFORE:]
    controls = [i for i, name in enumerate(columns) if not name.endswith(("Yaw", "Pitch", "Roll"))]
    head = None
    if all(name in columns for name in HEAD):
        places = [columns.index(name) for name in HEAD]
        head = [[row[i] for i in places] for row in values]
    return Take(
        [columns[i] for i in controls],
        [time - times[0] for time in times],
        [[row[i] for i in controls] for row in values],
        head,
    )


def _seconds(timecode):
    """Return the seconds of `HH:MM:SS:FF.mmm`.

    Example:
        >>> _seconds("00:01:02:30.000")
        62.5
    """
    hours, minutes, seconds, frames = timecode.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(frames) / TIMECODE_FPS

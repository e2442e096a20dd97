"""Write an animation as a CSV file of ARKit curves, as the app Live Link Face records it.

A rig without any of ARKit's controls gets a table with the same first two columns and its own
names.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.export import frames_with_progress
from marotte.face.animation import Animation
from marotte.face.rig import ARKIT_NAMES, Rig
from marotte.paths import replacing
from marotte.progress import Progress

TIMECODE_FPS = 60  # the unit of the timecode's frames, at any frame rate of the animation
THOUSANDTHS_PER_DAY = 24 * 3600 * TIMECODE_FPS * 1000

_SWAPPED = {
    "jawLeft": "jawRight",
    "jawRight": "jawLeft",
    "mouthLeft": "mouthRight",
    "mouthRight": "mouthLeft",
}
# The app writes these two pairs right before left, unlike all other uses of ARKit's names.
SHAPES = tuple(_SWAPPED.get(name, name) for name in ARKIT_NAMES)
POSES = (
    "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
    "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
)  # fmt: skip
HEAD = slice(len(SHAPES), len(SHAPES) + 3)  # yaw, pitch, roll
COLUMNS = (*(name[0].upper() + name[1:] for name in SHAPES), *POSES)


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write one row per frame. Eyes, and ARKit controls that the rig lacks, stay at 0.

    Raises:
        MarotteError: the file can't be written.
    """
    formatter = RowFormatter(animation.rig, animation.fps, animation.scene.timecode_s)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
        out.write(formatter.header())
        for frame, controls in enumerate(frames_with_progress(animation, progress)):
            out.write(formatter.row(frame, controls, animation.head_pose(frame)))


@final
class RowFormatter:
    """Formats the lines of the file, for frames of one rig at one frame rate.

    Example:
        >>> from marotte.face.rig import ARKIT_52
        >>> formatter = RowFormatter(ARKIT_52, fps=30.0)
        >>> formatter.row(1, np.zeros(52, np.float32), (0.0, 0.0, 0.0))[:31]
        '00:00:00:02.000,61,0.0000000000'
    """

    def __init__(self, rig: Rig, fps: float, first_s: Fraction = Fraction(0)) -> None:
        """Find the file's column of each of the rig's controls.

        Args:
            rig: the rig of the frames.
            fps: frames per second.
            first_s: the timecode of the first frame, in seconds.
        """
        self.first_s = first_s
        self.is_arkit = not rig.index.keys().isdisjoint(SHAPES)
        self.columns = COLUMNS if self.is_arkit else rig.names
        self.source = self.target = np.arange(len(rig.names))
        if self.is_arkit:
            self.source, self.target = match_columns(rig, SHAPES)
        self.fps = exact_rate(fps)
        self.template = f"%s,{len(self.columns)}" + ",%.10f" * len(self.columns) + "\n"
        self.values = np.zeros(len(self.columns))

    def header(self) -> str:
        """Return the first line."""
        line = io.StringIO()  # `csv` quotes names that contain commas
        names = ("Timecode", "BlendShapeCount", *self.columns)
        csv.writer(line, lineterminator="\n").writerow(names)
        return line.getvalue()

    def row(
        self, frame: int, controls: NDArray[np.float32], head: tuple[float, float, float]
    ) -> str:
        """Return a frame's line.

        Args:
            frame: the frame's number, from 0.
            controls: [n_controls] in the rig's order.
            head: yaw, pitch and roll in radians.
        """
        self.values[self.target] = controls[self.source]
        if self.is_arkit:
            self.values[HEAD] = head
        # Adding 0 turns -0 into 0; -0 would be written with its sign.
        time = timecode(frame, self.fps, self.first_s)
        return self.template % (time, *(self.values + 0.0).tolist())


def timecode(frame: int, fps: Fraction, first_s: Fraction = Fraction(0)) -> str:
    """Return a frame's time as `HH:MM:SS:FF.mmm`, to the nearest thousandth of 1/60 s.

    The time is rounded before it is split, so that rounding up carries into the seconds. After 24
    hours it starts again from zero. `first_s` is the time of frame 0, in seconds.

    Example:
        >>> timecode(1, Fraction(24))
        '00:00:00:02.500'
    """
    thousandths = round((frame / fps + first_s) * TIMECODE_FPS * 1000) % THOUSANDTHS_PER_DAY
    sixtieths, thousandth = divmod(thousandths, 1000)
    seconds, sixtieth = divmod(sixtieths, TIMECODE_FPS)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}:{sixtieth:02}.{thousandth:03}"


def exact_rate(fps: float) -> Fraction:
    """Return the fraction that a frame rate stands for, with which times do not drift.

    Example:
        >>> exact_rate(29.97), exact_rate(30_000 / 1001)
        (Fraction(2997, 100), Fraction(30000, 1001))
    """
    return Fraction(fps).limit_denominator(1_000_000)


def match_columns(rig: Rig, names: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the columns of the controls that a rig shares with some names of ARKit.

    Returns:
        The columns in the rig and those in `names`, so that values[second] = controls[first].

    Raises:
        MarotteError: the rig has none of them.

    Example:
        >>> rig = Rig("two", ("beard", "jawOpen"), (0.0, 0.0), (1.0, 1.0), ())
        >>> [columns.tolist() for columns in match_columns(rig, ("jawLeft", "jawOpen"))]
        [[1], [1]]
    """
    pairs = [(rig.index[name], i) for i, name in enumerate(names) if name in rig.index]
    if not pairs:
        raise MarotteError(
            f"rig {rig.name!r} has none of ARKit's controls (its first is {rig.names[0]!r}), the "
            "only ones that Live Link knows: use json, which keeps the names of any rig"
        )
    columns: NDArray[np.intp] = np.array(pairs, np.intp)
    return columns[:, 0], columns[:, 1]

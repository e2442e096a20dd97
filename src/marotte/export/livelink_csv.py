"""An animation in, the CSV file of ARKit curves that the app Live Link Face records out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.export import counted
from marotte.face.animation import Animation
from marotte.face.rig import ARKIT_NAMES, Rig
from marotte.paths import replacing
from marotte.progress import Progress

TIMECODE_FPS = 60  # the timecode's frames are sixtieths of a second, whatever the animation's rate
THOUSANDTHS_PER_DAY = 24 * 3600 * TIMECODE_FPS * 1000

_SWAPPED = {
    "jawLeft": "jawRight",
    "jawRight": "jawLeft",
    "mouthLeft": "mouthRight",
    "mouthRight": "mouthLeft",
}
# The app writes these two pairs right before left, unlike everything else that speaks ARKit.
SHAPES = tuple(_SWAPPED.get(name, name) for name in ARKIT_NAMES)
POSES = (
    "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll",
    "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
)  # fmt: skip
HEAD = slice(len(SHAPES), len(SHAPES) + 3)  # yaw, pitch, roll
COLUMNS = (*(name[0].upper() + name[1:] for name in SHAPES), *POSES)


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write one row a frame; eyes, and ARKit controls that the rig lacks, stay at 0.

    Raises:
        MarotteError: the rig has no ARKit control at all, or the file can't be written.
    """
    rows = Rows(animation.rig, animation.fps)
    with replacing(path) as temporary, temporary.open("w", encoding="ascii", newline="") as out:
        out.write(rows.header())
        for frame, controls in enumerate(counted(animation, progress)):
            out.write(rows.row(frame, controls, animation.head_pose(frame)))


@final
class Rows:
    """The lines of the file, for the frames of one rig at one rate."""

    def __init__(self, rig: Rig, fps: float) -> None:
        """Pair the rig's columns with the file's.

        Raises:
            MarotteError: the rig has no ARKit control at all.
        """
        self.source, self.place = _shape_columns(rig)
        self.fps = exact_rate(fps)
        self.text = f"%s,{len(COLUMNS)}" + ",%.10f" * len(COLUMNS) + "\n"
        self.values = np.zeros(len(COLUMNS))

    def header(self) -> str:
        """The first line."""
        return ",".join(("Timecode", "BlendShapeCount", *COLUMNS)) + "\n"

    def row(
        self, frame: int, controls: NDArray[np.float32], head: tuple[float, float, float]
    ) -> str:
        """The line of frame number `frame`: its controls [n_controls], and the head's angles."""
        self.values[self.place] = controls[self.source]
        self.values[HEAD] = head
        # -0 would be written with its sign.
        return self.text % (timecode(frame, self.fps), *(self.values + 0.0).tolist())


def timecode(frame: int, fps: Fraction) -> str:
    """The moment of a frame as `HH:MM:SS:FF.mmm`, to the nearest thousandth of 1/60 s.

    The thousandths are rounded first and split after, so that a fraction rounded up carries
    into the seconds. After 24 hours it starts again from zero.
    """
    whole = round(frame * TIMECODE_FPS * 1000 / fps) % THOUSANDTHS_PER_DAY
    sixtieths, thousandth = divmod(whole, 1000)
    seconds, sixtieth = divmod(sixtieths, TIMECODE_FPS)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}:{sixtieth:02}.{thousandth:03}"


def exact_rate(fps: float) -> Fraction:
    """The fraction that a rate stands for: 29.97 is 2997/100, 30000/1001 stays what it is.

    Times counted with it do not drift, however many frames there are.
    """
    return Fraction(fps).limit_denominator(1_000_000)


def _shape_columns(rig: Rig) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair the rig's columns with this file's: values[place] = controls[source]."""
    pairs = [(rig.index[name], at) for at, name in enumerate(SHAPES) if name in rig.index]
    if not pairs:
        raise MarotteError(
            f"rig {rig.name!r} has none of ARKit's controls (its first is {rig.names[0]!r}), which "
            "are all that a Live Link CSV holds: write .json or .npz, which keep any rig's names"
        )
    columns: NDArray[np.intp] = np.array(pairs, np.intp)
    return columns[:, 0], columns[:, 1]

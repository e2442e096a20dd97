"""Ten seconds of a captured face and of ours, one above the other: a score in, a picture out."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.learn.capture.controls import group_values
from marotte.learn.measure.capture.score import SetScore
from marotte.learn.measure.plot_style import COLOURS, TEACHER_COLOUR, figure

SECONDS = 10.0
PANELS = ("lip gap", "jawOpen", "mouthFunnel")


def plot_set(each: SetScore, path: Path) -> None:
    """Draw the ten seconds of a set that have the most speech.

    Raises:
        MarotteError: matplotlib is missing, or the picture can't be written.
    """
    scene = each.scene
    window = liveliest(scene.speech, round(SECONDS * scene.fps))
    time_s = np.arange(window.stop - window.start) / scene.fps
    captured = {"lip gap": scene.real.gap_mm, **group_values(scene.real.controls, scene.real.given)}
    faces = [(face.name, face.motion) for face in each.faces if face.motion is not None]
    with figure(path, (12, 8), nrows=len(PANELS), sharex=True) as (drawn, axes):
        for panel, axis in zip(PANELS, axes, strict=True):
            axis.plot(time_s, captured[panel][window], color=TEACHER_COLOUR, lw=2, label="real")
            for (name, motion), colour in zip(faces, itertools.cycle(COLOURS), strict=False):
                ours = {"lip gap": motion.gap_mm, **group_values(motion.controls)}
                axis.plot(time_s, ours[panel][window], color=colour, label=name)
            axis.set_ylabel("lip gap, mm" if panel == "lip gap" else panel)
        axes[0].legend(ncols=len(faces) + 1, loc="upper right")
        axes[-1].set_xlabel("time, s")
        drawn.suptitle(f"{scene.name}: {SECONDS:g} seconds")


def liveliest(speech: NDArray[np.bool_], n_frames: int) -> slice:
    """Return the span of frames with the most speech; the first of several.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.measure.capture.plot import liveliest
        >>> liveliest(np.array([0, 0, 1, 1, 0], bool), 2)
        slice(2, 4, None)
    """
    if len(speech) <= n_frames:
        return slice(0, len(speech))
    total = np.concatenate([[0], np.cumsum(speech)])
    first = int((total[n_frames:] - total[:-n_frames]).argmax())
    return slice(first, first + n_frames)

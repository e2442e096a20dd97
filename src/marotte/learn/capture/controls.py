"""Groups of ARKit controls that are compared as one, and how much people move them.

`IPHONE` is the yardstick of amplitudes: means and standard deviations of takes of four English
speakers, captured with an iPhone in conversations and speeches with pauses. They are those of the
data set BEAT (Liu et al. 2022) as published with DiffSHEG (Chen et al. 2024; JeremyCJM/DiffSHEG,
`assets/data.tar.gz`, `facial52/json_mean.npy` and `json_std.npy`), left and right averaged. The
standard deviation includes differences between the speakers, and much of a mean is a person's
neutral face: motion is what to match.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.face.rig import ARKIT_52, ARKIT_NAMES

BOTH_SIDES = (
    "mouthLowerDown", "mouthUpperUp", "mouthPress", "mouthStretch", "mouthSmile", "mouthDimple",
    "mouthFrown", "cheekSquint", "noseSneer", "browOuterUp", "eyeBlink", "eyeSquint",
)  # fmt: skip
GROUPS: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("jawOpen", "jawForward", "mouthClose", "mouthFunnel")},
    "mouthPucker": ("mouthPucker",),
    **{name: (f"{name}Left", f"{name}Right") for name in BOTH_SIDES[:4]},
    "mouthRoll": ("mouthRollLower", "mouthRollUpper"),
    "mouthShrug": ("mouthShrugLower", "mouthShrugUpper"),
    **{name: (f"{name}Left", f"{name}Right") for name in BOTH_SIDES[4:]},
    "browInnerUp": ("browInnerUp",),
}
"""The members of each group, whose mean is compared."""

PAIRS = (
    ("mouthSmile", "mouthStretch"),
    ("mouthPress", "mouthRoll"),
    ("mouthLowerDown", "mouthUpperUp"),
    ("mouthPucker", "mouthFunnel"),
    ("mouthStretch", "mouthLowerDown"),
)
"""Pairs of groups that people move apart, and that faces made by rule move together."""

MOUTH = tuple(name for name in ARKIT_NAMES if name.startswith(("jaw", "mouth")))
"""The controls of jaw and mouth."""


class Statistics(NamedTuple):
    """Mean and standard deviation of a control over time."""

    mean: float
    sd: float


IPHONE = {
    "jawOpen": Statistics(0.176, 0.095),
    "jawForward": Statistics(0.142, 0.074),
    "mouthClose": Statistics(0.104, 0.061),
    "mouthFunnel": Statistics(0.230, 0.130),
    "mouthPucker": Statistics(0.070, 0.047),
    "mouthLowerDown": Statistics(0.301, 0.118),
    "mouthUpperUp": Statistics(0.167, 0.103),
    "mouthPress": Statistics(0.065, 0.034),
    "mouthStretch": Statistics(0.280, 0.069),
    "mouthRoll": Statistics(0.054, 0.047),
    "mouthShrug": Statistics(0.160, 0.060),
    "mouthSmile": Statistics(0.253, 0.198),
    "mouthFrown": Statistics(0.004, 0.022),
    "mouthDimple": Statistics(0.138, 0.052),
    "cheekSquint": Statistics(0.191, 0.085),
    "noseSneer": Statistics(0.208, 0.097),
    "browInnerUp": Statistics(0.197, 0.101),
    "browOuterUp": Statistics(0.075, 0.115),
    "eyeBlink": Statistics(0.124, 0.217),
    "eyeSquint": Statistics(0.245, 0.106),
}
"""Statistics of each group in takes of an iPhone; see above for their source."""


REAL_SD = {
    name: IPHONE[group].sd for group, names in GROUPS.items() for name in names if group in IPHONE
}
"""Standard deviation of each ARKit control in real takes, where it is known."""

UNKNOWN_SD = 0.05  # of a control without statistics of real faces


def real_sd(name: str) -> float:
    """Return the standard deviation of a control in real takes; `UNKNOWN_SD` if it is not known.

    Example:
        >>> from marotte.learn.capture.controls import real_sd
        >>> real_sd("jawOpen"), real_sd("tongueOut")
        (0.095, 0.05)
    """
    return REAL_SD.get(name, UNKNOWN_SD)


def group_values(
    controls: NDArray[np.floating], given: Collection[str] = ARKIT_NAMES
) -> dict[str, NDArray[np.floating]]:
    """Return the mean of each group's members [n_frames].

    Args:
        controls: ARKit controls [n_frames, 52].
        given: the controls that were captured; others do not count in a group's mean. A group
            without any is 0.

    Example:
        >>> import numpy as np
        >>> from marotte.face.rig import ARKIT_52
        >>> from marotte.learn.capture.controls import group_values
        >>> controls = ARKIT_52.neutral(1)
        >>> controls[0, ARKIT_52.index["mouthSmileLeft"]] = 1
        >>> float(group_values(controls)["mouthSmile"][0])
        0.5
        >>> float(group_values(controls, {"mouthSmileLeft"})["mouthSmile"][0])
        1.0
    """
    result: dict[str, NDArray[np.floating]] = {}
    for group, members in GROUPS.items():
        columns = [ARKIT_52.index[name] for name in members if name in given]
        result[group] = controls[:, columns].mean(1) if columns else np.zeros(len(controls))
    return result

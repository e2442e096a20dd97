"""Animations and frames of ARKit's controls in; the same in another kind of avatar's names out.

- `oculus`: the 15 visemes of Oculus (sil, PP, FF ... ou), whose weights sum to 1;
- `rpm`: the same as Ready Player Me and TalkingHead call them: `viseme_sil` ... `viseme_U`;
- `vrm`: VRM 1.0's expressions aa, ih, ou, ee, oh, blinkLeft, blinkRight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.animation import Animation, Frame
from marotte.face.head import Head
from marotte.face.rig import Rig
from marotte.face.visemes import VISEMES, Visemes, Vowels, typical_mouth

Curves = NDArray[np.float32]
_RPM_VOWELS = {"ih": "I", "oh": "O", "ou": "U"}  # which Ready Player Me spells differently
RPM = tuple(f"viseme_{_RPM_VOWELS.get(name, name)}" for name in VISEMES)
_VRM_VISEMES = ("aa", "ih", "ou", "E", "oh")
VRM = ("aa", "ih", "ou", "ee", "oh", "blinkLeft", "blinkRight")  # in the order of `Vowels`


_NAMINGS: dict[str, tuple[tuple[str, ...], Callable[[Rig], Callable[[Curves], Curves]]]] = {
    "oculus": (VISEMES, lambda rig: Visemes(rig).of),
    "rpm": (RPM, lambda rig: Visemes(rig).of),
    "vrm": (VRM, lambda rig: Vowels(rig).of),
}
NAMINGS = ("arkit", *_NAMINGS)
_VRM_POSES = {
    **{name: typical_mouth(viseme) for name, viseme in zip(VRM, _VRM_VISEMES, strict=False)},
    "blinkLeft": {"eyeBlinkLeft": 1.0},
    "blinkRight": {"eyeBlinkRight": 1.0},
}
_POSES = {
    **{name: typical_mouth(name) for name in VISEMES},
    **{rpm: typical_mouth(name) for rpm, name in zip(RPM, VISEMES, strict=True)},
    **_VRM_POSES,
}


def check_naming(naming: str) -> None:
    """Refuse an unknown naming.

    Raises:
        MarotteError: the naming is unknown.
    """
    if naming not in NAMINGS:
        raise MarotteError(f"there is no naming {naming!r}: use {', '.join(NAMINGS)}")


def in_naming(animation: Animation, naming: str) -> Animation:
    """Return an animation in another naming; `arkit` returns it as it is.

    Raises:
        MarotteError: the naming is unknown, or the rig has no control that opens the mouth.

    Example:
        >>> import numpy as np
        >>> from marotte import ARKIT_52
        >>> from marotte.export.naming import in_naming
        >>> from marotte.face.animation import Animation, Frame
        >>> silent = Animation(ARKIT_52.neutral(2), 60.0, ARKIT_52)
        >>> in_naming(silent, "rpm").names[:2]
        ('viseme_sil', 'viseme_PP')
        >>> float(in_naming(silent, "oculus")["sil"][0]) > 0.99
        True
    """
    if naming == "arkit":
        return animation
    rig, compute = _naming_of(animation.rig, naming)
    return replace(animation, controls=compute(animation.controls), rig=rig)


@final
class FrameNaming:
    """Turns live frames of a rig into another naming: the last processor of a stream.

    Attributes:
        rig: the names of the frames that `apply` returns.

    Example:
        >>> import numpy as np, marotte
        >>> from marotte.export.naming import FrameNaming
        >>> naming = FrameNaming(marotte.ARKIT_52, "vrm")
        >>> frame = marotte.Frame(0.0, 0.0, np.zeros(52, np.float32))
        >>> dict(zip(naming.rig.names, naming.apply(frame).controls.round(1).tolist()))["aa"]
        0.0
    """

    def __init__(self, rig: Rig, naming: str) -> None:
        """Prepare a rig.

        Raises:
            MarotteError: the naming is unknown, or the rig has no control that opens the mouth.
        """
        self.rig, self._compute = _naming_of(rig, naming)

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        """Do nothing: names do not depend on the sound."""

    def apply(self, frame: Frame) -> Frame:
        """Return the frame in the other naming."""
        return replace(frame, controls=self._compute(frame.controls))


def _naming_of(rig: Rig, naming: str) -> tuple[Rig, Callable[[Curves], Curves]]:
    """Return a naming's rig, and what turns the controls of `rig` into it.

    Raises:
        MarotteError: the naming is unknown, or the rig has no control that opens the mouth.
    """
    check_naming(naming)
    if "jawOpen" not in rig.index:
        raise MarotteError(
            f"rig {rig.name!r} has no control jawOpen, from which visemes are computed: "
            "leave --names out"
        )
    names, convert = _NAMINGS[naming]
    named = Rig(naming, names, (0.0,) * len(names), (1.0,) * len(names), names)
    return named, convert(rig)


def head_in(naming: str, head: Head) -> Head:
    """Return a head whose blendshapes are the typical mouths of a naming.

    Args:
        naming: a naming; other words, such as the name of a rig, return the head as it is.
        head: a head with ARKit's controls.
    """
    if naming not in _NAMINGS:
        return head
    names = _NAMINGS[naming][0]
    deltas = np.zeros((len(names), *head.neutral.shape), np.float32)
    for delta, name in zip(deltas, names, strict=True):
        for control, value in _POSES[name].items():
            delta += value * head.deltas[head.names.index(control)]
    return replace(head, names=names, deltas=deltas)

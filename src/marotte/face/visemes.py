"""ARKit controls in; the weights of Oculus' 15 visemes, or of VRM's five vowels, out.

Eight features of a face are compared with the typical mouth of each viseme. The weight of a viseme
falls with the distance:

    w_i ~ exp(-1/2 sum_f ((x_f - m_if) / s_f)^2),  sum_i w_i = 1

Sounds that look alike on the lips can't be distinguished: t and d, n and l, k and g.
"""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.face.rig import Rig

# The features: jaw, mouthClose, lips pressed, pucker, funnel, lips stretched, lower lip under the
# teeth, tongue. The mouths are means over phonemes of four languages in the labels of the captured
# teacher (tools/fit_mouths.py); only `aa` is opened wider, so that every wide mouth is one.
# _SCALES is about one standard deviation of each within a viseme.
_SCALES = np.array([0.06, 0.05, 0.15, 0.05, 0.08, 0.05, 0.1, 0.1])
_MOUTHS = {
    "sil": (0.00, 0.00, 0.0, 0.00, 0.00, 0.00, 0.00, 0.00),
    "PP": (0.20, 0.19, 0.8, 0.02, 0.00, 0.00, 0.03, 0.00),
    "FF": (0.08, 0.01, 0.0, 0.02, 0.00, 0.02, 0.41, 0.00),
    "TH": (0.12, 0.05, 0.0, 0.00, 0.05, 0.04, 0.04, 0.33),
    "DD": (0.18, 0.07, 0.0, 0.03, 0.11, 0.05, 0.03, 0.00),
    "kk": (0.20, 0.08, 0.0, 0.03, 0.14, 0.04, 0.04, 0.00),
    "CH": (0.08, 0.11, 0.0, 0.06, 0.37, 0.02, 0.00, 0.00),
    "SS": (0.13, 0.03, 0.0, 0.02, 0.08, 0.10, 0.03, 0.00),
    "nn": (0.20, 0.07, 0.0, 0.03, 0.12, 0.05, 0.04, 0.00),
    "RR": (0.16, 0.12, 0.0, 0.05, 0.20, 0.02, 0.05, 0.00),
    "aa": (0.32, 0.07, 0.0, 0.02, 0.14, 0.02, 0.04, 0.00),
    "E": (0.27, 0.04, 0.0, 0.02, 0.08, 0.13, 0.04, 0.00),
    "ih": (0.22, 0.04, 0.0, 0.02, 0.06, 0.15, 0.03, 0.00),
    "oh": (0.22, 0.19, 0.0, 0.07, 0.35, 0.00, 0.05, 0.00),
    "ou": (0.13, 0.11, 0.0, 0.15, 0.18, 0.01, 0.03, 0.00),
}

VISEMES = tuple(_MOUTHS)
"""The names and the order that Oculus uses: sil is 0, PP is 1, ou is 14."""

# The weights of VRM's shapes A, I, U, E, O for each viseme.
_VOWELS = {
    "TH": (0.3, 0, 0, 0, 0),
    "DD": (0.25, 0.1, 0, 0, 0),
    "kk": (0.35, 0, 0, 0, 0),
    "CH": (0, 0, 0.6, 0, 0),
    "SS": (0, 0.6, 0, 0, 0),
    "nn": (0.2, 0.15, 0, 0, 0),
    "RR": (0, 0, 0.4, 0, 0.15),
    "FF": (0, 0, 0.15, 0, 0),
    "aa": (1, 0, 0, 0, 0),
    "E": (0, 0, 0, 1, 0),
    "ih": (0, 1, 0, 0, 0),
    "oh": (0, 0, 0, 0, 1),
    "ou": (0, 0, 1, 0, 0),
}
_PRESSED_FULLY = 0.2  # mouthPress of lips closed for p, b and m


def typical_mouth(viseme: str) -> dict[str, float]:
    """Return the ARKit controls of a viseme's typical mouth, without those that are 0.

    Example:
        >>> typical_mouth("PP")
        {'jawOpen': 0.2, 'mouthClose': 0.19, 'mouthPressLeft': 0.16, 'mouthPressRight': 0.16, \
'mouthPucker': 0.02, 'mouthRollLower': 0.03}
    """
    jaw, close, pressed, pucker, funnel, stretch, rolled, tongue = _MOUTHS[viseme]
    controls = {
        "jawOpen": jaw,
        "mouthClose": close,
        "mouthPressLeft": round(_PRESSED_FULLY * pressed, 3),
        "mouthPressRight": round(_PRESSED_FULLY * pressed, 3),
        "mouthPucker": pucker,
        "mouthFunnel": funnel,
        "mouthStretchLeft": stretch,
        "mouthStretchRight": stretch,
        "mouthRollLower": rolled,
        "tongueOut": tongue,
    }
    return {name: value for name, value in controls.items() if value}


@final
class Visemes:
    """Turns the controls of one rig into viseme weights; missing controls count as 0.

    Example:
        >>> from marotte import ARKIT_52
        >>> from marotte.face.visemes import VISEMES, Visemes
        >>> neutral = ARKIT_52.neutral(1)
        >>> VISEMES[Visemes(ARKIT_52).of(neutral)[0].argmax()]
        'sil'
    """

    def __init__(self, rig: Rig) -> None:
        """Look up the columns of the rig."""
        self._index = rig.index
        self._mouths = np.array(list(_MOUTHS.values()), np.float64)

    def of(self, controls: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return weights [..., 15] that sum to 1, for controls [..., n_controls]."""
        features = self.features(controls)
        distance = np.square((features[..., None, :] - self._mouths) / _SCALES).sum(axis=-1)
        # The nearest viseme gets the exponent 0, so that the sum never underflows.
        weights = np.exp(-0.5 * (distance - distance.min(axis=-1, keepdims=True)))
        return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)

    def features(self, controls: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the features [..., 8] in the order of the table above."""

        def value(*names: str) -> NDArray[np.float64]:
            columns = [self._index[name] for name in names if name in self._index]
            if not columns:
                return np.zeros(controls.shape[:-1])
            return controls[..., columns].mean(axis=-1, dtype=np.float64)

        def both(name: str) -> NDArray[np.float64]:
            return value(f"{name}Left", f"{name}Right")

        pressed = np.clip(both("mouthPress") / _PRESSED_FULLY, 0, 1)
        free = 1 - pressed  # lips closed for p, b and m show no other sound
        features = (
            value("jawOpen"),
            value("mouthClose"),
            pressed,
            free * value("mouthPucker"),
            free * value("mouthFunnel"),
            free * both("mouthStretch"),
            free * value("mouthRollLower"),
            value("tongueOut"),
        )
        return np.stack(features, axis=-1)


@final
class Vowels:
    """Turns the controls of one rig into VRM's shapes A, I, U, E, O and the blink of each eye.

    Example:
        >>> from marotte import ARKIT_52
        >>> from marotte.face.visemes import Vowels
        >>> Vowels(ARKIT_52).of(ARKIT_52.neutral(1)[0]).shape
        (7,)
    """

    names = ("A", "I", "U", "E", "O", "Blink_L", "Blink_R")

    def __init__(self, rig: Rig) -> None:
        """Look up the columns of the rig."""
        self._visemes = Visemes(rig)
        none = (0.0,) * 5
        self._vowels = np.array([_VOWELS.get(name, none) for name in VISEMES], np.float32)
        self._blinks = [rig.index.get(f"eyeBlink{side}") for side in ("Left", "Right")]

    def of(self, controls: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values [..., 7] in the order of `names`, for controls [..., n_controls]."""
        still = np.zeros(controls.shape[:-1], np.float32)
        blinks = [still if column is None else controls[..., column] for column in self._blinks]
        vowels = self._visemes.of(controls) @ self._vowels
        return np.concatenate([vowels, np.stack(blinks, axis=-1)], axis=-1)

"""Controls in; controls with a wanted lip gap out.

The lip gap is that of the packaged head, a linear function of the controls. Rigs with other names
than ARKit's have no gap here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import Rig

Floats = NDArray[np.float64]

CLOSED_MM = 1.5  # lips that are not further apart are closed
EXACT_MM = 1e-3

PARTING = (
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
)  # fmt: skip
"""The controls that part the lips without the jaw."""

PRESSING = (
    "mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper",
)  # fmt: skip
"""The controls that press the lips together or roll them in."""


@final
class Lips:
    """Measures and corrects the lip gap of a rig's controls.

    Example:
        >>> from marotte import ARKIT_52
        >>> from marotte.postprocess.lips import Lips
        >>> lips = Lips(ARKIT_52)
        >>> controls = ARKIT_52.neutral(1)[0]
        >>> round(float(lips.gap(controls)), 2)  # mm
        0.36
        >>> round(float(lips.gap(lips.hold(controls, 8.0))), 2)
        8.0
    """

    def __init__(self, rig: Rig) -> None:
        """Find the rig's mouth.

        Raises:
            MarotteError: the rig has none of the controls that move the lips.
        """
        self.rest_mm, weights_mm = _gap_weights()
        self._weights_mm: Floats = np.array([weights_mm.get(name, 0.0) for name in rig.names])
        if not self._weights_mm.any():
            raise MarotteError(
                f"rig {rig.name!r} has no control of ARKit's that moves the lips, such as jawOpen, "
                "so moods, gain and effort can't be used with it: leave them out"
            )
        self._zero: Floats = np.maximum(0.0, np.array(rig.minimum, np.float64))
        self._high: Floats = np.array(rig.maximum, np.float64)
        self._close, self._jaw, self._parting = (
            np.array([rig.index[n] for n in names if n in rig.index], np.int64)
            for names in (("mouthClose",), ("jawOpen",), PARTING)
        )

    def gap(self, controls: NDArray[Any]) -> Any:
        """Return the lip gap [...] of controls [..., n_controls], in mm."""
        return self.rest_mm + controls @ self._weights_mm

    def hold(self, controls: NDArray[Any], gap_mm: float) -> Floats:
        """Return controls [n_controls] with this lip gap, or as near to it as they reach.

        A gap that is too large is closed by the jaw first, as far as mouthClose does not exceed it
        (it means how far the lips stay together while the jaw opens); then the lips part less. One
        that is too small is opened by less mouthClose, then by the jaw, then by the lips.
        """
        held = np.array(controls, np.float64)
        excess_mm = float(self.gap(held)) - gap_mm
        close, jaw, parting = self._close, self._jaw, self._parting
        zero, high = self._zero, self._high
        steps = [(close, zero), (jaw, high), (parting, high)]
        if excess_mm > 0:
            least_jaw = zero.copy()
            least_jaw[jaw] = np.clip(held[close], 0, held[jaw]) if len(close) else 0
            steps = [(jaw, least_jaw), (parting, zero), (jaw, zero), (close, high)]
        for columns, bounds in steps:
            if abs(excess_mm) < EXACT_MM:
                break
            way = bounds[columns] - held[columns]
            moved_mm = float(self._weights_mm[columns] @ way)
            if moved_mm:
                share = min(1.0, max(0.0, -excess_mm / moved_mm))
                held[columns] += share * way
                excess_mm += share * moved_mm
        return held


@lru_cache(maxsize=1)
def _gap_weights() -> tuple[float, dict[str, float]]:
    """Return the packaged head's lip gap at rest and each control's change of it, in mm."""
    head = load_head()
    rest_mm, weights_mm = head.lip_gap_weights(head.names)
    return rest_mm, dict(zip(head.names, weights_mm.tolist(), strict=True))

"""The keys that a curve needs between which a program interpolates linearly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def needed_keys(values: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the frames of a curve [n_frames] that differ from a neighbour, the first and the last.

    Between them, linear keys give the same curve.

    Example:
        >>> import numpy as np
        >>> from marotte.export.keys import needed_keys
        >>> needed_keys(np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0])).tolist()
        [0, 2, 3, 6]
    """
    changes = np.flatnonzero(np.diff(values))
    ends = [0, len(values) - 1] if len(values) else []
    return np.unique(np.concatenate([changes, changes + 1, ends])).astype(np.intp)

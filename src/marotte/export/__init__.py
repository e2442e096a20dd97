"""The formats that an animation is written in: one module per format, chosen by a path's ending.

Each module has a function `write(animation, path, progress)`; `marotte.plugins` lists them, and
`Animation.save` finds them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from marotte.face.animation import Animation
from marotte.progress import Progress

PROGRESS_FRAMES = 600


def frames_with_progress(
    animation: Animation, progress: Progress | None
) -> Iterator[NDArray[np.float32]]:
    """Yield the frames [n_controls] one by one, and report progress on the way and at the end."""
    for frame, controls in enumerate(animation.controls):
        if progress and frame % PROGRESS_FRAMES == 0:
            progress(frame, animation.n_frames)
        yield controls
    if progress:
        progress(animation.n_frames, animation.n_frames)

"""Write an animation as a NumPy archive: the controls as they are, with the names of their columns.

Keys: `controls` float32 [n_frames, n_controls]; `names` [n_controls]; `rig`, the rig's name; `fps`;
`seconds`, the frames' duration; `sample_rate` and `n_samples` of the sound that the frames were
made from (16 kHz mono; `n_samples` is 0 if there is none); `student`, the name of the student.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from marotte.audio.resampling import SAMPLE_RATE
from marotte.face.animation import Animation
from marotte.paths import replacing
from marotte.progress import Progress


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write the archive; `numpy.load(path)` opens it without pickles.

    Raises:
        MarotteError: the file can't be written.
    """
    # Given a path, NumPy adds the ending .npz to it; given an open file, it does not.
    with replacing(path) as temporary, temporary.open("wb") as out:
        np.savez_compressed(
            out,
            controls=np.asarray(animation.controls, np.float32),
            names=np.array(animation.rig.names),
            rig=np.array(animation.rig.name),
            fps=np.array(animation.fps, np.float64),
            seconds=np.array(animation.seconds, np.float64),
            sample_rate=np.array(SAMPLE_RATE),
            n_samples=np.array(animation.recording.n_samples if animation.recording else 0),
            student=np.array(animation.student),
        )
    if progress:
        progress(animation.n_frames, animation.n_frames)

"""Write an animation as JSON in the layout of NVIDIA Audio2Face's export."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from marotte.export import frames_with_progress
from marotte.face.animation import Animation
from marotte.paths import replacing
from marotte.progress import Progress

DECIMALS = 6  # nobody sees a millionth of a control's range


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write the controls of any rig, under the rig's own names.

    Raises:
        MarotteError: the file can't be written.
    """
    recording = animation.recording
    before = {
        "exportFps": float(animation.fps),
        "trackPath": recording.path.name if recording and recording.path else "",
        "numPoses": len(animation.rig.names),
        "numFrames": animation.n_frames,
        "facsNames": animation.rig.names,
    }
    after: dict[str, list[str]] = {"joints": [], "rotations": [], "translations": []}
    with replacing(path) as temporary, temporary.open("w", encoding="ascii", newline="") as out:
        # Rows go out one by one between both halves: hours of frames as text would fill the memory.
        out.write(json.dumps(before)[:-1] + ', "weightMat": [')
        for frame, controls in enumerate(frames_with_progress(animation, progress)):
            weights = np.round(controls.astype(np.float64), DECIMALS) + 0.0  # turns -0 into 0
            out.write((",\n" if frame else "\n") + json.dumps(weights.tolist(), allow_nan=False))
        out.write("\n], " + json.dumps(after)[1:] + "\n")

"""A calibrated track in, the files of a take out: curves, clips and a description.

```
NAME/audio.flac    mono, 16 kHz
NAME/curves.csv    time in seconds of the sound, ARKit's controls, the distance of the lips in mm
NAME/clips.json    the parts with a face and speech, cut at pauses
NAME/take.json     frames, lost frames, sync, calibration, versions
NAME/scores.npz    the tracker's scores, so that a take can be calibrated again
```
"""

from __future__ import annotations

import csv
import itertools
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.face.rig import ARKIT_52
from marotte.learn.capture.calibration import Calibration
from marotte.learn.capture.sync import Sync
from marotte.learn.capture.take import LIP_GAP_MM
from marotte.learn.capture.track import Track
from marotte.paths import replacing
from marotte.version import __version__

CURVES, CLIPS, TAKE = "curves.csv", "clips.json", "take.json"

MIN_CLIP_S = 1.0
LONGEST_CLIP_S = 15.0
PAUSE_S = 0.5  # clips are cut in pauses that last this long, counted at the edges of `speech`
EDGE_S = 0.3  # of rest that a clip keeps before and after speech


def write_take(
    folder: Path,
    video: str,
    set_name: str,
    track: Track,
    curves: NDArray[np.float32],
    speech: NDArray[np.bool_],
    calibration: Calibration,
    sync: Sync,
) -> dict[str, Any]:
    """Write the files of a take, the description last; return the description.

    Args:
        folder: the folder of the take.
        video: the name of the video.
        set_name: takes with the same one were calibrated together.
        track: what the tracker saw.
        curves: the calibrated curves [n_frames, 52]; NaN where the face was lost.
        speech: whether somebody speaks [n_frames].
        calibration: what made the curves of the track.
        sync: how far picture and sound are apart.

    Raises:
        MarotteError: the folder can't be written to.
    """
    lost = np.asarray(np.isnan(curves).any(axis=1))
    clips = find_clips(track.time_s, lost, speech)
    description = {
        "video": video,
        "set": set_name,
        "seconds": round(float(track.time_s[-1] + 1 / track.fps), 3),
        "fps": round(track.fps, 3),
        "frames": len(lost),
        "lost_frames": int(lost.sum()),
        "clips": len(clips),
        "clip_seconds": round(sum(end - start for start, end in clips), 3),
        "sync": sync._asdict() | {"clear": sync.clear, "warning": sync.warning},
        "lip_gap": asdict(calibration.lip_gap) if calibration.lip_gap else None,
        "dead": list(calibration.dead),
        "calibration": {name: asdict(each) for name, each in calibration.scales.items()},
        "tracker": track.version,
        "marotte": __version__,
    }
    with replacing(folder / CURVES) as temporary:
        write_curves(temporary, track, curves)
    named = [
        {"name": f"{folder.name}-{number:03d}", "start": start, "seconds": round(end - start, 3)}
        for number, (start, end) in enumerate(clips)
    ]
    _write_json(folder / CLIPS, named)
    _write_json(folder / TAKE, description)
    return description


def _write_json(path: Path, content: object) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")


def write_curves(path: Path, track: Track, curves: NDArray[np.float32]) -> None:
    """Write curves [n_frames, 52] and the lip gap; rows without a face have empty cells."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["time", *ARKIT_52.names, LIP_GAP_MM])
        for time_s, row, gap_mm in zip(track.time_s, curves, track.lip_gap_mm, strict=True):
            values = [*row.tolist(), float(gap_mm)]
            cells = [f"{value:.4f}" for value in values] if np.isfinite(values).all() else []
            writer.writerow([f"{time_s:.4f}", *(cells or [""] * len(values))])


def find_clips(
    time_s: NDArray[np.float64], lost: NDArray[np.bool_], speech: NDArray[np.bool_]
) -> list[tuple[float, float]]:
    """Return start and end in seconds of the parts in which a face that was found speaks.

    A part ends in a pause, after 15 s at the latest, and where the face was lost. It keeps up to
    0.3 s of rest at both ends. Parts shorter than 1 s are left out.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.take_files import find_clips
        >>> time_s = np.arange(0, 10, 0.04)
        >>> speech = (time_s > 1) & (time_s < 4) | (time_s > 5) & (time_s < 9)
        >>> lost = (time_s > 6.99) & (time_s < 7.2)
        >>> [(round(a, 2), round(b, 2)) for a, b in find_clips(time_s, lost, speech)]
        [(0.74, 4.26), (4.74, 6.96), (7.2, 9.26)]
    """
    clips: list[tuple[float, float]] = []
    for first, end in _runs(~lost):
        seen_s = time_s[first:end]
        for start_s, end_s in _spoken(seen_s, speech[first:end]):
            start_s = max(start_s - EDGE_S, float(seen_s[0]))
            end_s = min(end_s + EDGE_S, float(seen_s[-1]))
            n_parts = int(np.ceil((end_s - start_s) / LONGEST_CLIP_S))
            edges = np.linspace(start_s, end_s, max(1, n_parts) + 1)
            clips += [
                (round(float(a), 3), round(float(b), 3))
                for a, b in itertools.pairwise(edges)
                if b - a >= MIN_CLIP_S
            ]
    return clips


def _spoken(time_s: NDArray[np.float64], speech: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Return start and end of speech; parts that are close are one, unless it would be long."""
    spans: list[tuple[float, float]] = []
    for first, end in _runs(speech):
        start_s, end_s = float(time_s[first]), float(time_s[end - 1])
        if spans and start_s - spans[-1][1] < PAUSE_S and end_s - spans[-1][0] < LONGEST_CLIP_S:
            spans[-1] = (spans[-1][0], end_s)
        else:
            spans.append((start_s, end_s))
    return spans


def _runs(mask: NDArray[np.bool_]) -> list[list[int]]:
    """Return first and end index of each run of True in a mask [n]."""
    steps = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(steps).reshape(-1, 2).tolist()

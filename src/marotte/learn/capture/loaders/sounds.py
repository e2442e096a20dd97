"""A folder of sounds, each with a file of curves of the same name.

```
anywhere/1_wayne_0_1_1.wav + .json      BEAT
anywhere/MySlate_1_iPhone.wav + .csv    Live Link Face, also with the ending `_cal` before `.csv`
anywhere/take.wav + take.csv            a table of `time` in seconds and ARKit's names
anywhere/take.wav + take.npz            an animation of Marotte
```

The set of a take is the folder it is in.
"""

from __future__ import annotations

from pathlib import Path

from marotte.learn.capture.loaders.files import (
    CURVES,
    SOUNDS,
    first_of,
    read_samples,
    read_take_curves,
)
from marotte.learn.capture.take import LIP_GAP, Take

_LIVE_LINK = ("_cal", "", "_raw")  # of the CSV files of a take of Live Link Face, best first


def load(folder: Path) -> list[Take]:
    """Load each sound below a folder that has curves.

    Raises:
        MarotteError: a file can't be used.
    """
    files = files_by_name(folder, *SOUNDS, *CURVES)
    result: list[Take] = []
    for key, found in files.items():
        sound = first_of(found, SOUNDS)
        curves = next(
            (path for end in _LIVE_LINK if (path := first_of(files.get(key + end, {}), CURVES))),
            None,
        )
        if sound and curves:
            samples = read_samples(sound)
            captured = read_take_curves(curves, samples)
            raw = LIP_GAP in captured.names
            result.append(
                Take(sound.stem, sound.parent.name, samples, captured, amplitudes=not raw)
            )
    return result


def files_by_name(folder: Path, *endings: str) -> dict[str, dict[str, Path]]:
    """Return the files below a folder by their path without ending, then by their ending."""
    files: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in endings and not path.name.startswith("."):
            key = path.relative_to(folder).with_suffix("").as_posix()
            files.setdefault(key, {})[path.suffix.lower()] = path
    return files

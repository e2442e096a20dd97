"""The GRID corpus (Cooke, Barker, Cunningham, Shao 2006; CC BY 4.0) with tracked curves.

```
s1/align/bbaf2n.align     the words: start and end in 1/25000 s
s1/bbaf2n.mpg             the video; its sound is used if there is no bbaf2n.wav
s1/bbaf2n.wav             the sound
tracked/s1/bbaf2n.csv     the curves that `marotte capture track` found, or another tracker
```

Files of one name belong together, whatever folders they are in; names that several speakers share
are told apart by the speaker's folder, `s1`. A clip without curves is left out.
"""

from __future__ import annotations

import re
from pathlib import Path

from marotte.errors import MarotteError
from marotte.learn.capture.loaders.files import (
    CURVES,
    SOUNDS,
    first_of,
    read_samples,
    read_take_curves,
)
from marotte.learn.capture.take import LIP_GAP, Clip, Take, Word
from marotte.learn.capture.video_sound import VIDEOS

UNITS_PER_S = 25_000
_SILENCE = frozenset({"sil", "sp"})
_SPEAKER = re.compile(r"s\d+")


def load(folder: Path) -> list[Take]:
    """Load the clips of a folder that have words, a sound or a video, and curves.

    Raises:
        MarotteError: a file can't be used, or no clip has curves.
    """
    words: dict[tuple[str, str], Path] = {}
    files: dict[tuple[str, str], dict[str, Path]] = {}
    for path in sorted(folder.rglob("*")):
        key = _speaker(path), path.stem
        if path.suffix.lower() == ".align":
            words[key] = path
        elif path.suffix.lower() in (*CURVES, *SOUNDS, *VIDEOS):
            files.setdefault(key, {})[path.suffix.lower()] = path
    takes = [take for key, path in words.items() if (take := _take(key, path, files.get(key, {})))]
    if words and not takes:
        raise MarotteError(
            f"the clips in {folder} have words, but no curves: track their videos first, by "
            "`marotte capture track`, and put the curves into the same folder"
        )
    return takes


def _take(key: tuple[str, str], align: Path, files: dict[str, Path]) -> Take | None:
    speaker, name = key
    sound, curves = first_of(files, (*SOUNDS, *VIDEOS)), first_of(files, CURVES)
    if sound is None or curves is None:
        return None
    samples = read_samples(sound)
    captured = read_take_curves(curves, samples)
    clip = Clip(name, 0.0, len(samples) / 16_000)
    source = f"grid_{speaker}" if speaker else "grid"
    return Take(
        f"{source}_{name}",
        source,
        samples,
        captured,
        read_align(align),
        (clip,),
        amplitudes=LIP_GAP not in captured.names,
    )


def read_align(path: Path) -> tuple[Word, ...]:
    """Read the words of a clip; silences are left out.

    Raises:
        MarotteError: the file can't be read.
    """
    try:
        rows = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
        return tuple(
            Word(int(first) / UNITS_PER_S, int(last) / UNITS_PER_S, word)
            for first, last, word in rows
            if word not in _SILENCE
        )
    except (OSError, ValueError) as error:
        raise MarotteError(
            f"can't read the words in {path}: expected lines of start, end and word"
        ) from error


def _speaker(path: Path) -> str:
    """Return the innermost folder of a path that is named like a speaker; empty if none is."""
    return next((part for part in reversed(path.parts[:-1]) if _SPEAKER.fullmatch(part)), "")

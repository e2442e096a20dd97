"""A folder of takes: one folder per take, with its sound, its curves, and what is known of it.

```
grid_s1_0/audio.flac     the sound, in any format that Marotte reads
grid_s1_0/curves.csv     `time` in seconds and ARKit's names; or a CSV of Live Link Face
grid_s1_0/clips.json     optional: [{"name", "start", "seconds", "words": [[start, end, word]]}]
grid_s1_0/take.json      optional, by `marotte capture track`: {"set": "the set of the take"}
```

`curves.csv` may have a column `lipGapMm`, the measured distance of the lips. A column `lipGap` has
it in units of the distance of the outer eye corners; the curves then are a tracker's raw scores.
Without `take.json`, the set of a take is its name up to the first number, at most two words:
`grid_s1` here.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

from marotte.config import parse_json
from marotte.errors import DAMAGED, MarotteError
from marotte.learn.capture.loaders.files import SOUNDS, first_of, read_samples, read_take_curves
from marotte.learn.capture.take import LIP_GAP, Clip, Take, Word

SILENCE = frozenset({"sil", "sp", ""})


def load(folder: Path) -> list[Take]:
    """Load the takes below a folder, or the folder itself if it is a take.

    Raises:
        MarotteError: a file can't be used.
    """
    return [
        take
        for each in (folder, *sorted(path for path in folder.iterdir() if path.is_dir()))
        if (take := _load_take(each))
    ]


def _load_take(folder: Path) -> Take | None:
    sounds = {path.suffix.lower(): path for path in folder.glob("audio.*")}
    sound, curves = first_of(sounds, SOUNDS), folder / "curves.csv"
    if sound is None or not curves.is_file():
        return None
    samples = read_samples(sound)
    captured = read_take_curves(curves, samples)
    words, clips = read_clips(folder / "clips.json")
    raw = LIP_GAP in captured.names
    return Take(folder.name, _set(folder), samples, captured, words, clips, amplitudes=not raw)


def _set(folder: Path) -> str:
    """Return the set that a take belongs to: what `take.json` says, or what its name says."""
    try:
        return str(parse_json((folder / "take.json").read_text("utf-8"))["set"])
    except (OSError, *DAMAGED):
        return source_of(folder.name)


def source_of(name: str) -> str:
    """Return the set of a take: the words of its name before the first number, at most two.

    Example:
        >>> from marotte.learn.capture.loaders.takes import source_of
        >>> source_of("facegood_1114_2_01"), source_of("grid_s1_more_3"), source_of("07")
        ('facegood', 'grid_s1', 'takes')
    """
    words = itertools.takewhile(lambda part: not part.isdigit(), name.split("_"))
    return "_".join(itertools.islice(words, 2)) or "takes"


def read_clips(path: Path) -> tuple[tuple[Word, ...], tuple[Clip, ...]]:
    """Read the words and the clips of a take, in order; none if it has no file of clips.

    Args:
        path: a `clips.json`.

    Raises:
        MarotteError: the file can't be read.
    """
    if not path.is_file():
        return (), ()
    words: list[Word] = []
    clips: list[Clip] = []
    try:
        content: Any = parse_json(path.read_text("utf-8"))
        for clip in content:
            start_s = float(clip["start"])
            end_s = start_s + float(clip["seconds"])
            if not 0 <= start_s < end_s < math.inf:
                raise ValueError(f"a clip from {start_s} to {end_s} s")
            clips.append(Clip(str(clip.get("name", "")), start_s, end_s))
            for first, last, text in clip.get("words", ()):
                if text not in SILENCE:
                    words.append(Word(start_s + float(first), start_s + float(last), str(text)))
    except (OSError, *DAMAGED) as error:
        raise MarotteError(
            f"can't read {path}: expected a list of clips with name, start, seconds and words"
        ) from error
    return tuple(words), tuple(clips)

"""LibriSpeech: a thousand hours of read English by 2484 speakers, in the layout of its archives.

```
train-clean-100/103/1240/103-1240-0000.flac       subset, speaker, chapter
train-clean-100/103/1240/103-1240.trans.txt       lines of the form `103-1240-0000 CHAPTER ONE`
```

Phones come from TextGrids in folders of the same names; Lugosch et al. (2019) published them for
all utterances, in ARPAbet. Utterances without a TextGrid are aligned with their texts.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.corpora.folders import FolderSource, read_grid
from marotte.learn.errors import Skip
from marotte.learn.speech.align import english_aligner
from marotte.learn.speech.sound_files import read_at_16_khz
from marotte.learn.speech.textgrid import phones_in
from marotte.learn.utterance import Utterance


@final
@dataclass(frozen=True)
class LibriSpeech(FolderSource):
    """The utterances of some subsets in `folder`.

    Attributes:
        subsets: the names of the subsets; missing ones are ignored. The default is all subsets for
            training.
        textgrids: a folder of TextGrids with phones, in the layout of LibriSpeech.
    """

    name: ClassVar[str] = "librispeech"
    subsets: tuple[str, ...] = ("train-clean-100", "train-clean-360", "train-other-500")
    textgrids: str = ""

    def items(self) -> Sequence[str]:
        """Return the keys `subset/speaker/chapter/utterance` of all sounds and transcripts."""
        english_aligner()
        keys: set[str] = set()
        for subset in self.subsets:
            folder = self.root / subset
            for path in folder.glob("*/*/*.flac"):
                keys.add(path.relative_to(self.root).with_suffix("").as_posix())
            for path in folder.glob("*/*/*.trans.txt"):
                chapter = path.parent.relative_to(self.root).as_posix()
                keys |= {f"{chapter}/{name}" for name in _transcript(path)}
        if not keys:
            raise self.nothing_found(f"LibriSpeech ({', '.join(self.subsets)})")
        return sorted(keys)

    def utterance(self, key: str) -> Utterance:
        """Read an utterance with its text and phones."""
        _, speaker, chapter, name = key.split("/")
        path = self.root / f"{key}.flac"
        samples = read_at_16_khz(path)
        text = _transcript(path.with_name(f"{speaker}-{chapter}.trans.txt")).get(name)
        if text is None:
            raise Skip("no line in the transcript")
        grid = Path(self.textgrids).expanduser() / f"{key}.TextGrid"
        if self.textgrids and grid.is_file():
            phones = phones_in(read_grid(grid), len(samples) / SAMPLE_RATE)
        else:
            phones = english_aligner().align(samples, SAMPLE_RATE, text)
        return Utterance(
            id=f"{self.name}/{speaker}/{name}",
            source=self.name,
            speaker=speaker,
            language="en",
            licence="CC-BY-4.0",
            text=text,
            samples=samples,
            rate=SAMPLE_RATE,
            phones=phones,
        )


@functools.lru_cache(maxsize=16)
def _transcript(path: Path) -> Mapping[str, str]:
    """Return the texts of a chapter by utterance; none if the file is missing."""
    if not path.is_file():
        return {}
    lines = path.read_text("utf-8", errors="replace").splitlines()
    return {name: text for name, _, text in (line.partition(" ") for line in lines) if name}

"""BEAT and BEAT2: talking people in four languages, with TextGrids; BEAT also has ARKit curves.

```
1/1_wayne_0_1_1.wav  .TextGrid  .json                       BEAT: one folder per speaker
wave16k/1_wayne_0_1_1.wav  textgrid/1_wayne_0_1_1.TextGrid  BEAT2
```

The second part of a file name is the speaker, and the third part gives the language. The curves of
BEAT are labels: import them with `marotte label --teacher imported --curves FOLDER`. BEAT2 has
SMPL-X parameters instead.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.corpora.folders import FolderSource, find_files, read_grid, sound_file
from marotte.learn.data.captured import read_controls
from marotte.learn.speech.sound_files import read_at_16_khz
from marotte.learn.speech.textgrid import phones_in, words_in
from marotte.learn.utterance import Utterance

# Number and name of the speaker, kind of recording (two per language), first and last sentence.
_NAME = re.compile(r"\d+_[a-z]+_[0-7]_\d+_\d+")
_LANGUAGES = ("en", "zh", "es", "ja")


@final
@dataclass(frozen=True)
class Beat(FolderSource):
    """The recordings in `folder`."""

    name: ClassVar[str] = "beat"

    def items(self) -> Sequence[str]:
        """Return the names of the recordings: of all sounds, TextGrids and files of curves."""
        if not self._files:
            raise self.nothing_found("recordings with names like those of BEAT")
        return sorted(self._files)

    def utterance(self, key: str) -> Utterance:
        """Read a recording with its words and, in English, its phones."""
        files = self._files[key]
        _, speaker, kind, *_ = key.split("_")
        language = _LANGUAGES[int(kind) // 2]
        samples = read_at_16_khz(sound_file(files))
        seconds = len(samples) / SAMPLE_RATE
        if ".json" in files:
            read_controls(files[".json"], seconds, 1)  # skips curves that do not fit the sound
        text, phones = "", ()
        if ".textgrid" in files:
            grid = read_grid(files[".textgrid"])
            text = words_in(grid)
            # In other languages the phones are neither ARPAbet nor IPA.
            phones = phones_in(grid, seconds) if language == "en" else ()
        return Utterance(
            id=f"{self.name}/{speaker}/{key}",
            source=self.name,
            speaker=speaker,
            language=language,
            licence="LicenseRef-BEAT",
            text=text,
            samples=samples,
            rate=SAMPLE_RATE,
            phones=phones,
        )

    @functools.cached_property
    def _files(self) -> Mapping[str, Mapping[str, Path]]:
        """The files of each recording by their ending, wherever they are in the folder."""
        recordings: dict[str, dict[str, Path]] = {}
        for path, files in find_files(self.root, ".wav", ".textgrid", ".json").items():
            name = path.rpartition("/")[2]
            if _NAME.fullmatch(name):
                recordings.setdefault(name, {}).update(files)
        return recordings

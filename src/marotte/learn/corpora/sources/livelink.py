"""Takes of the app Live Link Face: a CSV file of ARKit curves and a sound file beside it.

```
20260101_MySlate_1/MySlate_1_iPhone_cal.csv     the curves: `_cal`, else no suffix, else `_raw`
20260101_MySlate_1/MySlate_1_iPhone.wav         the sound, extracted from the .mov of the take
```

A text or TextGrid with the name of the sound may be beside it too. Sound and curves must begin at
the same time. The curves are labels: import them with
`marotte label --teacher imported --curves FOLDER`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.corpora.folders import (
    RECORDING_ENDINGS,
    FolderSource,
    find_files,
    sound_file,
    text_and_phones,
)
from marotte.learn.data.captured import read_controls
from marotte.learn.errors import Skip
from marotte.learn.speech.sound_files import read_at_16_khz
from marotte.learn.utterance import Utterance

_SUFFIXES = ("_cal", "", "_raw")  # of the CSV files of a take, best first
_NOT_A_TAKE = re.compile(r".*_neutral|(.*/)?frame_log")  # `_neutral` is a single pose


@final
@dataclass(frozen=True)
class LiveLink(FolderSource):
    """The takes in `folder`.

    Attributes:
        speaker: the speaker of all takes.
        language: ISO 639-1 code.
        licence: SPDX identifier or a short name.
    """

    name: ClassVar[str] = "livelink"
    speaker: str = "me"
    language: str = "en"
    licence: str = "NOASSERTION"

    def items(self) -> Sequence[str]:
        """Return the key of each take: the path of its best CSV file, or of its sound."""
        takes = sorted({self._take(key) for key in self._files})
        if not takes:
            raise self.nothing_found("takes")
        return [self._best_csv(take) or take for take in takes]

    def utterance(self, key: str) -> Utterance:
        """Read the sound of a take with its text and phones, if there are any."""
        files = {**self._files.get(self._take(key), {}), **self._files.get(key, {})}
        if ".csv" not in files:
            raise Skip("no CSV file of curves beside the sound")
        samples = read_at_16_khz(sound_file(files))
        read_controls(files[".csv"], len(samples) / SAMPLE_RATE, 1)  # skips curves that do not fit
        text, phones = text_and_phones(files, samples, self.language)
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=self.speaker,
            language=self.language,
            licence=self.licence,
            text=text,
            samples=samples,
            rate=SAMPLE_RATE,
            phones=phones,
        )

    def _best_csv(self, take: str) -> str | None:
        keys = (take + suffix for suffix in _SUFFIXES)
        return next((key for key in keys if ".csv" in self._files.get(key, ())), None)

    @staticmethod
    def _take(key: str) -> str:
        return re.sub("_(cal|raw)$", "", key)

    @functools.cached_property
    def _files(self) -> Mapping[str, Mapping[str, Path]]:
        files_by_key = find_files(self.root, ".csv", *RECORDING_ENDINGS, ".textgrid", ".txt")
        return {key: files for key, files in files_by_key.items() if not _NOT_A_TAKE.fullmatch(key)}

"""Takes of the app Live Link Face: its CSV of ARKit curves, with the sound as a file beside it.

```
20260101_MySlate_1/MySlate_1_iPhone_cal.csv     the curves: `_cal`, else neither, else `_raw`
20260101_MySlate_1/MySlate_1_iPhone.wav         the sound, extracted from the take's .mov
```

A text or TextGrid of the sound's name may lie beside it too. Sound and curves begin together. The
curves are labels: `marotte label --teacher imported --curves FOLDER` brings them in.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.corpora.folders import (
    SOUND_ENDINGS,
    FolderSource,
    find_files,
    sound_among,
    spoken,
)
from marotte.learn.data.captured import read_controls
from marotte.learn.errors import Skip
from marotte.learn.speech.sound_files import read_at_16_khz
from marotte.learn.utterance import Utterance

_KINDS = ("_cal", "", "_raw")  # of a take's CSVs, best first; `_neutral` is one pose, no take
_NO_TAKE = re.compile(r".*_neutral|(.*/)?frame_log")


@dataclass(frozen=True)
class LiveLink(FolderSource):
    """The takes in `folder`.

    Attributes:
        speaker: who speaks.
        language: ISO 639-1.
        licence: SPDX identifier or a short name.
    """

    name: ClassVar[str] = "livelink"
    speaker: str = "me"
    language: str = "en"
    licence: str = "NOASSERTION"

    def items(self) -> Sequence[str]:
        """The best CSV of every take, and every sound without one."""
        takes = {self._take(key) for key in self._files}
        keys = [
            next(
                (take + kind for kind in _KINDS if ".csv" in self._files.get(take + kind, ())), take
            )
            for take in sorted(takes)
        ]
        if not keys:
            raise self.nothing_found("takes")
        return keys

    def utterance(self, key: str) -> Utterance:
        """A take's sound, with the text or phones beside it."""
        files = {**self._files.get(self._take(key), {}), **self._files.get(key, {})}
        if ".csv" not in files:
            raise Skip("no CSV of curves beside the sound")
        samples = read_at_16_khz(sound_among(files))
        read_controls(files[".csv"], len(samples) / SAMPLE_RATE, 1)  # one that does not fit: out
        text, phones = spoken(files, samples, self.language)
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

    @staticmethod
    def _take(key: str) -> str:
        return re.sub("_(cal|raw)$", "", key)

    @functools.cached_property
    def _files(self) -> Mapping[str, Mapping[str, Path]]:
        found = find_files(self.root, ".csv", *SOUND_ENDINGS, ".textgrid", ".txt")
        return {key: files for key, files in found.items() if not _NO_TAKE.fullmatch(key)}

"""Any folder of recordings, with their phones or their texts beside them, or neither.

```
anna/one.wav  anna/one.TextGrid     phones with times, by Praat or the Montreal aligner
anna/two.mp3  anna/two.txt          a text: aligned
bert/three.flac                     sound alone: without phones
```
"""

from __future__ import annotations

import functools
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
from marotte.learn.speech.align import aligner
from marotte.learn.speech.recognise import recogniser
from marotte.learn.speech.sound_files import read_at_16_khz
from marotte.learn.utterance import Utterance


@dataclass(frozen=True)
class Folder(FolderSource):
    """Every sound file in a folder and the folders in it.

    Attributes:
        speaker: who speaks everywhere; by default, the first folder below `folder` names each.
        language: ISO 639-1.
        licence: SPDX identifier or a short name.
        recognise: give phones to what has neither TextGrid nor text, by ear.
    """

    name: ClassVar[str] = "folder"
    speaker: str = ""
    language: str = "en"
    licence: str = "NOASSERTION"
    recognise: bool = False

    def items(self) -> Sequence[str]:
        """The sound files, by their paths without ending; twins in another format count once."""
        keys = [key for key, files in self._files.items() if files.keys() & set(SOUND_ENDINGS)]
        if not keys:
            raise self.nothing_found("sound files (WAV, FLAC, OGG, MP3)")
        if any(".txt" in self._files[key] and ".textgrid" not in self._files[key] for key in keys):
            aligner(self.language)
        if self.recognise:
            recogniser()
        return keys

    def utterance(self, key: str) -> Utterance:
        """A recording with what is known of it."""
        files = self._files[key]
        samples = read_at_16_khz(sound_among(files))
        text, phones = spoken(files, samples, self.language)
        if self.recognise and not files.keys() & {".textgrid", ".txt"}:
            phones = recogniser().recognise(samples, SAMPLE_RATE)
        first, below, _ = key.partition("/")
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=self.speaker or (first if below else self.root.name),
            language=self.language,
            licence=self.licence,
            text=text,
            samples=samples,
            rate=SAMPLE_RATE,
            phones=phones,
        )

    @functools.cached_property
    def _files(self) -> Mapping[str, Mapping[str, Path]]:
        return find_files(self.root, *SOUND_ENDINGS, ".textgrid", ".txt")

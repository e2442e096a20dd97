"""Any folder of recordings, with TextGrids or texts beside them, or with neither.

```
anna/one.wav  anna/one.TextGrid     phones with times, e.g. by the Montreal Forced Aligner
anna/two.mp3  anna/two.txt          a text, which is aligned with the sound
bert/three.flac                     sound only: no phones
```
"""

from __future__ import annotations

import functools
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
from marotte.learn.speech.align import aligner
from marotte.learn.speech.recognise import recogniser
from marotte.learn.speech.sound_files import read_at_16_khz
from marotte.learn.utterance import Utterance


@final
@dataclass(frozen=True)
class Folder(FolderSource):
    """The sound files and videos in a folder and its subfolders.

    Attributes:
        speaker: the speaker of all recordings; by default, the speaker is the first folder below
            `folder`.
        language: ISO 639-1 code.
        licence: SPDX identifier or a short name.
        recognise: whether to recognise the phones of recordings without TextGrid and text.
    """

    name: ClassVar[str] = "folder"
    speaker: str = ""
    language: str = "en"
    licence: str = "NOASSERTION"
    recognise: bool = False

    def items(self) -> Sequence[str]:
        """Return the paths of the recordings without their endings.

        Files that differ in their ending only are one item.
        """
        keys = [key for key, files in self._files.items() if files.keys() & set(RECORDING_ENDINGS)]
        if not keys:
            raise self.nothing_found("sound files and videos")
        if any(".txt" in self._files[key] and ".textgrid" not in self._files[key] for key in keys):
            aligner(self.language)
        if self.recognise:
            recogniser()
        return keys

    def utterance(self, key: str) -> Utterance:
        """Read a recording with its text and phones, if there are any."""
        files = self._files[key]
        samples = read_at_16_khz(sound_file(files))
        text, phones = text_and_phones(files, samples, self.language)
        if self.recognise and not files.keys() & {".textgrid", ".txt"}:
            phones = recogniser().recognise(samples, SAMPLE_RATE)
        first_folder, slash, _ = key.partition("/")
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=self.speaker or (first_folder if slash else self.root.name),
            language=self.language,
            licence=self.licence,
            text=text,
            samples=samples,
            rate=SAMPLE_RATE,
            phones=phones,
        )

    @functools.cached_property
    def _files(self) -> Mapping[str, Mapping[str, Path]]:
        return find_files(self.root, *RECORDING_ENDINGS, ".textgrid", ".txt")

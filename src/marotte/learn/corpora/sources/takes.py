"""Takes of `marotte capture track`: the sound of each clip, in which a face was seen to speak.

```
reading-1/audio.flac     the sound of a video
reading-1/curves.csv     the curves, which are labels
reading-1/clips.json     start and duration of each clip, and its words if they are known
```

The curves are labels: import them with `marotte label --teacher imported --curves FOLDER`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.capture.loaders.takes import read_clips
from marotte.learn.capture.split import held_out_names
from marotte.learn.capture.take import Clip, Word
from marotte.learn.capture.words import WORDS_LANGUAGE, phones_of_words, words_between
from marotte.learn.corpora.folders import FolderSource, find_files
from marotte.learn.data.captured import clip_id
from marotte.learn.errors import Skip
from marotte.learn.speech.sound_files import read_at_16_khz
from marotte.learn.utterance import Utterance

_CLIPS, _SOUND, _CURVES = "clips", "audio", "curves"


@final
@dataclass(frozen=True)
class Takes(FolderSource):
    """The clips of the takes in `folder`.

    Attributes:
        speaker: the speaker of all takes.
        language: ISO 639-1 code.
        licence: SPDX identifier or a short name.
        held_out: whether to include the fifth of the clips that scores hold out, see
            `marotte.learn.capture.split`.
    """

    name: ClassVar[str] = "takes"
    version: ClassVar[int] = 2
    speaker: str = "me"
    language: str = "en"
    licence: str = "NOASSERTION"
    held_out: bool = True

    def items(self) -> Sequence[str]:
        """Return the key of each clip: its take, and where it begins and ends in ms.

        The key of a take whose file of clips is damaged is the take: it gives a reason to skip it.
        """
        clips = {take: None if each is None else each[1] for take, each in self._clips.items()}
        names = [clip.name for each in clips.values() for clip in each or ()]
        left_out = frozenset() if self.held_out else held_out_names(names)
        keys = [
            f"{take}@{round(1000 * clip.start_s)}-{round(1000 * clip.end_s)}"
            for take, each in clips.items()
            for clip in each or ()
            if clip.name not in left_out
        ]
        keys += [take for take, each in clips.items() if each is None]
        if not keys:
            raise self.nothing_found("takes with audio.flac, curves.csv and clips.json")
        return keys

    def utterance(self, key: str) -> Utterance:
        """Read the sound of a clip."""
        if key in self._takes:
            raise Skip("a clips.json that can't be read")
        take, _, times = key.rpartition("@")
        start_ms, end_ms = map(int, times.split("-"))
        first, end = (ms * SAMPLE_RATE // 1000 for ms in (start_ms, end_ms))
        samples = _read_sound(self._takes[take].with_name(f"{_SOUND}.flac"))[first:end]
        if not len(samples):
            raise Skip("a clip after the end of the sound")
        words = self._words(take, start_ms / 1000, end_ms / 1000)
        return Utterance(
            id=clip_id(f"{self.name}/{take}/{_CURVES}", start_ms / 1000),
            source=self.name,
            speaker=self.speaker,
            language=self.language,
            licence=self.licence,
            text=" ".join(word.text for word in words),
            samples=samples,
            rate=SAMPLE_RATE,
            phones=phones_of_words(samples, words),
        )

    def _words(self, take: str, start_s: float, end_s: float) -> list[Word]:
        """Return the words of a clip, with their times in it; those of English takes only."""
        if self.language != WORDS_LANGUAGE:
            return []
        words, _ = self._clips[take] or ((), ())
        return words_between(words, start_s, end_s)

    @functools.cached_property
    def _clips(self) -> Mapping[str, tuple[tuple[Word, ...], tuple[Clip, ...]] | None]:
        """The words and the clips of each take; None for a take whose file is damaged."""
        return {take: _read_clips(path) for take, path in self._takes.items()}

    @functools.cached_property
    def _takes(self) -> Mapping[str, Path]:
        """The file of clips of each take, by the path of its folder."""
        files = find_files(self.root, ".json", ".flac", ".csv")
        return {
            key.removesuffix(f"/{_CLIPS}"): found[".json"]
            for key, found in files.items()
            if key.endswith(f"/{_CLIPS}")
            and ".json" in found
            and ".flac" in files.get(f"{key.removesuffix(_CLIPS)}{_SOUND}", ())
            and ".csv" in files.get(f"{key.removesuffix(_CLIPS)}{_CURVES}", ())
        }


@functools.lru_cache(maxsize=1)
def _read_sound(path: Path) -> NDArray[np.float32]:
    """Read a take's sound once for all of its clips, which follow one another."""
    return read_at_16_khz(path)


def _read_clips(path: Path) -> tuple[tuple[Word, ...], tuple[Clip, ...]] | None:
    """Return the words and the clips of a take; None if the file is damaged."""
    try:
        return read_clips(path)
    except MarotteError:
        return None

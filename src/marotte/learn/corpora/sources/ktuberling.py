"""KTuberling, the potato guy: the names of things in twenty-odd languages, in a Debian package.

Words by many people in many rooms, 8 to 44 kHz. Files are named in English, or in their own
language without its accents, so there is no text to rely on: they are speech alone. Nobody says
who speaks: the speakers of one language count as one.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.corpora import debian
from marotte.learn.corpora.folders import find_files, sound_among
from marotte.learn.corpora.source import Source
from marotte.learn.speech.sound_files import read_at_16_khz
from marotte.learn.utterance import Utterance


@dataclass(frozen=True)
class KTuberling(Source):
    """Every word, without text or phones."""

    name: ClassVar[str] = "ktuberling"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.KTUBERLING,)
    people: ClassVar[int | None] = 7  # in languages that nobody else speaks in a corpus

    def items(self) -> Sequence[str]:
        """Keys `language/file` without ending."""
        # A folder like sr@latin holds the sounds of sr once more: another script sounds alike.
        return sorted(key for key in self._files if "/" in key and "@" not in key)

    def utterance(self, key: str) -> Utterance:
        """One word."""
        language = key.partition("/")[0]
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=language,
            language=language,
            licence=debian.KTUBERLING.licence,
            text="",
            samples=read_at_16_khz(sound_among(self._files[key])),
            rate=SAMPLE_RATE,
            phones=(),
        )

    @functools.cached_property
    def _files(self) -> Mapping[str, Mapping[str, Path]]:
        folder = (debian.root_of(debian.KTUBERLING) / debian.KTUBERLING.probe).parent
        return find_files(folder, ".ogg", ".wav")

"""KTuberling: spoken names of things in more than twenty languages, in a Debian package.

Many people speak the words in many rooms, at 8 to 44 kHz. The names of the files are English, or
in the language of the speech without its accents, so the texts are unknown. The speakers are
unknown too: all speakers of a language count as one.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.corpora import debian
from marotte.learn.corpora.folders import find_files, sound_file
from marotte.learn.corpora.source import Source
from marotte.learn.speech.sound_files import read_at_16_khz
from marotte.learn.utterance import Utterance


@final
@dataclass(frozen=True)
class KTuberling(Source):
    """The words, without text and phones."""

    name: ClassVar[str] = "ktuberling"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.KTUBERLING,)
    people: ClassVar[int | None] = 7  # in languages that only this source has

    def items(self) -> Sequence[str]:
        """Return the keys `language/file` without ending."""
        # A folder like sr@latin has the same sounds as sr: the same language in another script.
        return sorted(key for key in self._files if "/" in key and "@" not in key)

    def utterance(self, key: str) -> Utterance:
        """Read one word."""
        language = key.partition("/")[0]
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=language,
            language=language,
            licence=debian.KTUBERLING.licence,
            text="",
            samples=read_at_16_khz(sound_file(self._files[key])),
            rate=SAMPLE_RATE,
            phones=(),
        )

    @functools.cached_property
    def _files(self) -> Mapping[str, Mapping[str, Path]]:
        return find_files(debian.probe_path(debian.KTUBERLING).parent, ".ogg", ".wav")

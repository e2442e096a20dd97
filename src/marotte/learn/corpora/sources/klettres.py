"""KLettres: spoken letters and syllables in twenty languages, in a Debian package.

A table in the folder of each language gives the letter or syllable of a sound, its text:
`<sound name="LA" file="fr/...">`. A letter can be read in several ways, so there are no phones. The
speakers are unknown: all speakers of a folder count as one. The Arabic and Malayalam files lack
their last OGG page, a moment of sound.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final
from xml.etree import ElementTree

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.corpora import debian
from marotte.learn.corpora.source import Source
from marotte.learn.speech.sound_files import read_unfinished_ogg
from marotte.learn.utterance import Utterance


@final
@dataclass(frozen=True)
class KLettres(Source):
    """The letters and syllables, without phones."""

    name: ClassVar[str] = "klettres"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.KLETTRES,)

    def items(self) -> Sequence[str]:
        """Return the keys `folder/kind/file` without ending; a folder is e.g. `fr` or `pt_BR`."""
        return sorted(
            path.relative_to(self._folder).with_suffix("").as_posix()
            for path in self._folder.glob("*/*/*.ogg")
        )

    def utterance(self, key: str) -> Utterance:
        """Read one letter or syllable."""
        speaker = key.partition("/")[0]
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=speaker,
            language=speaker.partition("_")[0],
            licence=debian.KLETTRES.licence,
            text=_texts(self._folder / speaker / "sounds.xml").get(f"{key}.ogg", ""),
            samples=read_unfinished_ogg(self._folder / f"{key}.ogg"),
            rate=SAMPLE_RATE,
            phones=(),
        )

    @functools.cached_property
    def _folder(self) -> Path:
        return debian.probe_path(debian.KLETTRES).parents[1]


@functools.lru_cache(maxsize=64)
def _texts(path: Path) -> Mapping[str, str]:
    """Return the text of each file; none if the table can't be read, as sounds need no text."""
    try:
        sounds = ElementTree.parse(path).iter("sound")
    except (OSError, ElementTree.ParseError):
        return {}
    return {each.get("file", ""): each.get("name", "").lower() for each in sounds}

"""KLettres: letters and syllables spoken in twenty languages, in a Debian package.

A table in each language's folder names what a sound is of, `<sound name="LA" file="fr/...">`: that
is the text. How a letter is read it does not tell, so there are no phones. Nobody says who
speaks: the speakers of one folder count as one. The writer of the Arabic and Malayalam files left
out their last page, a moment of sound.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.corpora import debian
from marotte.learn.corpora.source import Source
from marotte.learn.speech.sound_files import read_unended_ogg
from marotte.learn.utterance import Utterance


@dataclass(frozen=True)
class KLettres(Source):
    """Every letter and syllable, without phones."""

    name: ClassVar[str] = "klettres"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.KLETTRES,)

    def items(self) -> Sequence[str]:
        """Keys `folder/kind/file` without ending; a folder is a language, perhaps of a country."""
        return sorted(
            path.relative_to(self._folder).with_suffix("").as_posix()
            for path in self._folder.glob("*/*/*.ogg")
        )

    def utterance(self, key: str) -> Utterance:
        """One letter or syllable."""
        speaker = key.partition("/")[0]
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=speaker,
            language=speaker.partition("_")[0],
            licence=debian.KLETTRES.licence,
            text=_names(self._folder / speaker / "sounds.xml").get(f"{key}.ogg", ""),
            samples=read_unended_ogg(self._folder / f"{key}.ogg"),
            rate=SAMPLE_RATE,
            phones=(),
        )

    @functools.cached_property
    def _folder(self) -> Path:
        return (debian.root_of(debian.KLETTRES) / debian.KLETTRES.probe).parents[1]


@functools.lru_cache(maxsize=64)
def _names(path: Path) -> Mapping[str, str]:
    """By file: what is said in it. Where the table can't be read the sounds are still of use."""
    try:
        sounds = ElementTree.parse(path).iter("sound")
    except (OSError, ElementTree.ParseError):
        return {}
    return {each.get("file", ""): each.get("name", "").lower() for each in sounds}

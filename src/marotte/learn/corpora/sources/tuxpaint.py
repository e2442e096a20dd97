"""Tux Paint's stamps: what each picture shows, spoken in nine languages, in a Debian package.

Beside the picture `duck.png` lie `duck.txt`, with a line `fr.utf8=Un canard.` for each language,
and `duck_desc_fr.ogg`. Nobody says who speaks: the speakers of one language count as one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from marotte.learn.corpora import debian
from marotte.learn.corpora.source import Source
from marotte.learn.errors import Skip
from marotte.learn.speech.align import aligner
from marotte.learn.speech.sound_files import read_sound
from marotte.learn.utterance import Utterance


@dataclass(frozen=True)
class TuxPaint(Source):
    """Every description that is spoken, aligned.

    Attributes:
        languages: which of the languages.
    """

    name: ClassVar[str] = "tuxpaint"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.TUXPAINT,)
    languages: tuple[str, ...] = ("be", "bg", "ca", "da", "el", "es", "fr", "ro", "ru")

    def items(self) -> Sequence[str]:
        """Keys `language/path`, where `path_desc_language.ogg` is the sound."""
        keys: list[str] = []
        for language in self.languages:
            aligner(language)
            ending = f"_desc_{language}.ogg"
            for path in self._folder.rglob(f"*{ending}"):
                stamp = path.relative_to(self._folder).as_posix()[: -len(ending)]
                keys.append(f"{language}/{stamp}")
        return sorted(keys)

    def utterance(self, key: str) -> Utterance:
        """One description with its text and phones."""
        language, stamp = key.split("/", 1)
        text = _text(self._folder / f"{stamp}.txt", language)
        samples, rate = read_sound(self._folder / f"{stamp}_desc_{language}.ogg")
        return Utterance(
            id=f"{self.name}/{key}",
            source=self.name,
            speaker=language,
            language=language,
            licence=debian.TUXPAINT.licence,
            text=text,
            samples=samples,
            rate=rate,
            phones=aligner(language).align(samples, rate, text),
        )

    @functools.cached_property
    def _folder(self) -> Path:
        return (debian.root_of(debian.TUXPAINT) / debian.TUXPAINT.probe).parent


def _text(path: Path, language: str) -> str:
    """What a stamp shows, in a language."""
    try:
        lines = path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise Skip("no text") from error
    found = re.search(rf"^{language}\.(?:utf8|UTF-8)=(.*\S)", lines, re.MULTILINE)
    if found is None:
        raise Skip("no text in its language")
    return found[1]

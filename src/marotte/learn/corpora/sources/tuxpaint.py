"""The stamps of Tux Paint: spoken descriptions of pictures in nine languages, in a Debian package.

Beside the picture `duck.png` are `duck.txt`, with a line `fr.utf8=Un canard.` for each language,
and the sound `duck_desc_fr.ogg`. The speakers are unknown: all speakers of a language count as one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from marotte.learn.corpora import debian
from marotte.learn.corpora.source import Source
from marotte.learn.errors import Skip
from marotte.learn.speech.align import aligner
from marotte.learn.speech.sound_files import read_sound
from marotte.learn.utterance import Utterance


@final
@dataclass(frozen=True)
class TuxPaint(Source):
    """The spoken descriptions, aligned with their texts.

    Attributes:
        languages: ISO 639-1 codes of the languages to read.
    """

    name: ClassVar[str] = "tuxpaint"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.TUXPAINT,)
    languages: tuple[str, ...] = ("be", "bg", "ca", "da", "el", "es", "fr", "ro", "ru")

    def items(self) -> Sequence[str]:
        """Return the keys `language/path`; the sound is the file `path_desc_language.ogg`."""
        keys: list[str] = []
        for language in self.languages:
            aligner(language)
            ending = f"_desc_{language}.ogg"
            for path in self._folder.rglob(f"*{ending}"):
                stamp = path.relative_to(self._folder).as_posix()[: -len(ending)]
                keys.append(f"{language}/{stamp}")
        return sorted(keys)

    def utterance(self, key: str) -> Utterance:
        """Read one description with its text and phones."""
        language, stamp = key.split("/", 1)
        text = _read_text(self._folder / f"{stamp}.txt", language)
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
        return debian.probe_path(debian.TUXPAINT).parent


def _read_text(path: Path, language: str) -> str:
    """Read the description of a stamp in a language."""
    try:
        lines = path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise Skip("no text") from error
    match = re.search(rf"^{language}\.(?:utf8|UTF-8)=(.*\S)", lines, re.MULTILINE)
    if match is None:
        raise Skip("no text in the language of the sound")
    return match[1]

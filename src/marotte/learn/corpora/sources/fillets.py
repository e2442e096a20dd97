"""Fish Fillets: an hour and a half of acted Czech, 22 kHz, in two Debian packages.

The scripts of a level give each line an id, a font and a text. The id is the name of the clip. Each
character has its own font, so the font gives the speaker.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from marotte.errors import MarotteError
from marotte.learn.corpora import debian
from marotte.learn.corpora.source import Source
from marotte.learn.errors import Skip
from marotte.learn.speech.align import aligner
from marotte.learn.speech.sound_files import read_sound
from marotte.learn.utterance import Utterance

_GAME = "usr/share/games/fillets-ng"
_LINE = re.compile(
    r'dialogId\("(?P<id>[^"]+)",\s*"font_(?P<font>[^"]+)"[^\n]*\)\s*'
    r'dialogStr\("(?P<text>(?:[^"\\]|\\.)*)"\)'
)
_BOTH = "both"  # the font of lines that two characters say at once
_LENGTHS = range(15, 121)  # of a sentence, in characters: no interjections and no speeches


@final
@dataclass(frozen=True)
class Fillets(Source):
    """The spoken lines, all in Czech, aligned with their texts."""

    name: ClassVar[str] = "fillets"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.FILLETS, debian.FILLETS_TEXT)
    people: ClassVar[int | None] = 9

    def items(self) -> Sequence[str]:
        """Return the keys `level/line`."""
        aligner("cs")
        return sorted(self._sounds)

    def utterance(self, key: str) -> Utterance:
        """Read a line with its text and phones."""
        speaker, text = self._lines.get(key, ("", ""))
        if not text:
            raise Skip("no text")
        if speaker == _BOTH:
            raise Skip("several characters speak at once")
        samples, rate = read_sound(self._sounds[key])
        return Utterance(
            id=f"{self.name}/{speaker}/{key}",
            source=self.name,
            speaker=speaker,
            language="cs",
            licence=debian.FILLETS.licence,
            text=text,
            samples=samples,
            rate=rate,
            phones=aligner("cs").align(samples, rate, text),
        )

    @functools.cached_property
    def _sounds(self) -> dict[str, Path]:
        """The path of each clip by its key."""
        folder = debian.root_of(debian.FILLETS) / _GAME / "sound"
        paths = (*folder.glob("*/cs/*.ogg"), *folder.glob("share/*/cs/*.ogg"))
        return {f"{path.relative_to(folder).parts[0]}/{path.stem}": path for path in paths}

    @functools.cached_property
    def _lines(self) -> dict[str, tuple[str, str]]:
        return read_lines("cs")


def read_lines(language: str) -> dict[str, tuple[str, str]]:
    """Return the character and the text of each line in a language, by `level/line`.

    Raises:
        MarotteError: the package of the texts is missing.
    """
    folder = debian.root_of(debian.FILLETS_TEXT) / _GAME / "script"
    lines: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob(f"*/*dialogs_{language}.lua")):
        for match in _LINE.finditer(path.read_text("utf-8", errors="replace")):
            text = re.sub(r"\\(.)", r"\1", match["text"])
            lines[f"{path.parent.name}/{match['id']}"] = (match["font"], text)
    return lines


@functools.cache
def game_sentences(language: str) -> list[str]:
    """Return the lines in a language that are neither interjections nor speeches, sorted.

    Raises:
        MarotteError: the package of the texts is missing, or the game has no such translation.
    """
    lines = sorted({text for _, text in read_lines(language).values()})
    sentences = [text for text in lines if len(text) in _LENGTHS]
    if not sentences:
        raise MarotteError(f"Fish Fillets is not translated into {language!r}")
    return sentences

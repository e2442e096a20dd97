"""Fish Fillets: an hour and a half of acted Czech, 22 kHz, in two Debian packages.

The scripts of a level give each line an id, a font and a text; the id names the clip, and the font,
which is the character's own, tells who speaks.
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

_GAME = "usr/share/games/fillets-ng"
_LINE = re.compile(
    r'dialogId\("(?P<id>[^"]+)",\s*"font_(?P<font>[^"]+)"[^\n]*\)\s*'
    r'dialogStr\("(?P<text>(?:[^"\\]|\\.)*)"\)'
)
_SEVERAL = "both"  # the font of what two characters say at once


@dataclass(frozen=True)
class Fillets(Source):
    """Every Czech line that is spoken, aligned."""

    name: ClassVar[str] = "fillets"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.FILLETS, debian.FILLETS_TEXT)
    people: ClassVar[int | None] = 9

    def items(self) -> Sequence[str]:
        """Keys `level/line`."""
        aligner("cs")
        return sorted(self._sounds)

    def utterance(self, key: str) -> Utterance:
        """A line with its text and phones."""
        speaker, text = self._lines.get(key, ("", ""))
        if not text:
            raise Skip("no text")
        if speaker == _SEVERAL:
            raise Skip("several speak at once")
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
        """By key: the clip."""
        folder = debian.root_of(debian.FILLETS) / _GAME / "sound"
        paths = (*folder.glob("*/cs/*.ogg"), *folder.glob("share/*/cs/*.ogg"))
        return {f"{path.relative_to(folder).parts[0]}/{path.stem}": path for path in paths}

    @functools.cached_property
    def _lines(self) -> dict[str, tuple[str, str]]:
        return read_lines("cs")


def read_lines(language: str) -> dict[str, tuple[str, str]]:
    """By `level/line`: who speaks, and what, in a language the game is translated into.

    Raises:
        MarotteError: the package of the texts is missing.
    """
    folder = debian.root_of(debian.FILLETS_TEXT) / _GAME / "script"
    lines: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob(f"*/*dialogs_{language}.lua")):
        for found in _LINE.finditer(path.read_text("utf-8", errors="replace")):
            text = re.sub(r"\\(.)", r"\1", found["text"])
            lines[f"{path.parent.name}/{found['id']}"] = (found["font"], text)
    return lines

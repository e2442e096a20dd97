"""Drascula: fifty minutes each of acted English and Spanish, 11 kHz, in two Debian packages.

A clip such as `VB12.ALS` is 8-bit sound without a header. The letters in its name are the
character, and the number is the line in the list of texts of that character. The lists of all
characters and languages are in `drascula.dat`.
"""

from __future__ import annotations

import functools
import struct
from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import digits
from typing import ClassVar, final

import numpy as np

from marotte.errors import MarotteError
from marotte.learn.corpora import debian
from marotte.learn.corpora.source import Source
from marotte.learn.errors import Skip
from marotte.learn.speech.align import aligner
from marotte.learn.utterance import Utterance

_RATE = 11_025
_HEAD_BYTES, _TAIL_BYTES = 32, 32
_RECORD_BYTES = (4, 4, 4, 2, 4, 2, 4, 2, 2, 20, 20, 10, 8)  # of the tables before the texts
_LISTS = ("", "D", "B", "BJ", "E", "I", "L", "P", "T", "VB", "SYS", "HIS")
"""The lists of texts, in the order of the file, by the letters in the names of their clips."""

_LANGUAGES = ("en", "es")
_FIRST_LINE_OF_THE_BLIND_MAN = 68  # his lines follow those of Drascula


@dataclass(frozen=True)
class Drascula(Source, ABC):
    """The clips that have a text, aligned with it.

    Attributes:
        language: ISO 639-1 code.
    """

    language: ClassVar[str]
    people: ClassVar[int | None] = 8

    def items(self) -> Sequence[str]:
        """Return the names of the clips."""
        aligner(self.language)
        return sorted(path.stem for path in self._file.parent.glob("*.ALS"))

    def utterance(self, key: str) -> Utterance:
        """Read a clip with its text and phones."""
        text = self._texts.get(key, "").lower()
        if not text:
            raise Skip("no text: a sound effect")
        data = (self._file.parent / f"{key}.ALS").read_bytes()[_HEAD_BYTES:-_TAIL_BYTES]
        samples = np.frombuffer(data, np.uint8).astype(np.float32) / np.float32(128) - np.float32(1)
        speaker = _speaker(key)
        return Utterance(
            id=f"{self.name}/{speaker}/{key}",
            source=self.name,
            speaker=speaker,
            language=self.language,
            licence=self.packages[0].licence,
            text=text,
            samples=samples,
            rate=_RATE,
            phones=aligner(self.language).align(samples, _RATE, text),
        )

    @functools.cached_property
    def _file(self) -> Path:
        return debian.probe_path(self.packages[0])

    @functools.cached_property
    def _texts(self) -> dict[str, str]:
        return read_texts(self._file, self.language)


@final
@dataclass(frozen=True)
class DrasculaEn(Drascula):
    """The English clips."""

    name: ClassVar[str] = "drascula"
    language: ClassVar[str] = "en"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.DRASCULA_EN,)


@final
@dataclass(frozen=True)
class DrasculaEs(Drascula):
    """The Spanish clips."""

    name: ClassVar[str] = "drascula_es"
    language: ClassVar[str] = "es"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.DRASCULA_ES,)


def read_texts(path: Path, language: str) -> dict[str, str]:
    """Return the text of each clip by its name.

    Raises:
        MarotteError: the file is not the data file of the game, or is damaged.
    """
    data = path.read_bytes()
    if data[:8] != b"DRASCULA":
        raise MarotteError(f"{path} is not the data file of Drascula: unpack the package again")
    texts: dict[str, str] = {}
    try:
        offset = 9
        for size in _RECORD_BYTES:
            offset += 2 + _number(data, offset) * size
        n_languages = _number(data, offset)
        offset += 2
        for letters in _LISTS:
            count, offset = _number(data, offset), offset + 2
            for index in range(n_languages):
                end = offset + 2 + _number(data, offset)
                if index == _LANGUAGES.index(language):
                    lines = _strings(data[offset + 2 : end], count)
                    texts |= {f"{letters}{line}": text for line, text in enumerate(lines)}
                offset = end
    except struct.error as error:
        raise MarotteError(f"{path} is damaged: unpack the package again") from error
    return texts


def _strings(data: bytes, count: int) -> list[str]:
    """Return the texts of a list.

    Each text has the distance to the next one before it, and zeros after it.
    """
    strings: list[str] = []
    offset = 4
    for index in range(count):
        offset += _number(data, offset - 2) if index else 0
        strings.append(data[offset:].split(b"\0", 1)[0].decode("cp850"))
    return strings


def _number(data: bytes, offset: int) -> int:
    return struct.unpack_from(">H", data, offset)[0]


def _speaker(key: str) -> str:
    """Return the character of a clip; the clips of the hero have no letters."""
    letters = key.rstrip(digits)
    if letters == "D" and int(key[1:]) >= _FIRST_LINE_OF_THE_BLIND_MAN:
        return "blind"
    return letters.lower() or "hero"

"""Drascula: fifty minutes of acted English and as much Spanish, 11 kHz, in two Debian packages.

A clip `VB12.ALS` is headerless 8-bit sound; its letters name the character, its number the line in
that character's list of texts. The lists of all characters and languages stand in `drascula.dat`.
"""

from __future__ import annotations

import functools
import struct
from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import digits
from typing import ClassVar

import numpy as np

from marotte.errors import MarotteError
from marotte.learn.corpora import debian
from marotte.learn.corpora.source import Source
from marotte.learn.errors import Skip
from marotte.learn.speech.align import aligner
from marotte.learn.utterance import Utterance

_RATE = 11_025
_HEAD_BYTES, _TAIL_BYTES = 32, 32
_RECORD_BYTES = (4, 4, 4, 2, 4, 2, 4, 2, 2, 20, 20, 10, 8)
"""Of the tables before the texts."""

_LISTS = ("", "D", "B", "BJ", "E", "I", "L", "P", "T", "VB", "SYS", "HIS")
"""Of the texts that may be spoken: the letters that their clips begin with."""

_LANGUAGES = ("en", "es")
_FIRST_OF_THE_BLIND_MAN = 68  # his lines follow those of Drascula


@dataclass(frozen=True)
class Drascula(Source, ABC):
    """Every clip that has a text, aligned.

    Attributes:
        language: ISO 639-1.
    """

    language: ClassVar[str]
    people: ClassVar[int | None] = 8

    def items(self) -> Sequence[str]:
        """The names of the clips."""
        aligner(self.language)
        return sorted(path.stem for path in self._file.parent.glob("*.ALS"))

    def utterance(self, key: str) -> Utterance:
        """A clip with its text and phones."""
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
        return debian.root_of(self.packages[0]) / self.packages[0].probe

    @functools.cached_property
    def _texts(self) -> dict[str, str]:
        return read_texts(self._file, self.language)


@dataclass(frozen=True)
class DrasculaEn(Drascula):
    """English."""

    name: ClassVar[str] = "drascula"
    language: ClassVar[str] = "en"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.DRASCULA_EN,)


@dataclass(frozen=True)
class DrasculaEs(Drascula):
    """Spanish."""

    name: ClassVar[str] = "drascula_es"
    language: ClassVar[str] = "es"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.DRASCULA_ES,)


def read_texts(path: Path, language: str) -> dict[str, str]:
    """By clip: what is said in it.

    Raises:
        MarotteError: the file is not the game's, or is damaged.
    """
    data = path.read_bytes()
    if data[:8] != b"DRASCULA":
        raise MarotteError(f"{path} is not the game's data file: unpack the package again")
    texts: dict[str, str] = {}
    try:
        at = 9
        for size in _RECORD_BYTES:
            at += 2 + _number(data, at) * size
        n_languages = _number(data, at)
        at += 2
        for letters in _LISTS:
            count, at = _number(data, at), at + 2
            for index in range(n_languages):
                end = at + 2 + _number(data, at)
                if index == _LANGUAGES.index(language):
                    lines = _strings(data[at + 2 : end], count)
                    texts |= {f"{letters}{line}": text for line, text in enumerate(lines)}
                at = end
    except struct.error as error:
        raise MarotteError(f"{path} is damaged: unpack the package again") from error
    return texts


def _strings(data: bytes, count: int) -> list[str]:
    """The texts of one list: each is preceded by the distance to the next, and ends with zeros."""
    strings: list[str] = []
    at = 4
    for index in range(count):
        at += _number(data, at - 2) if index else 0
        strings.append(data[at:].split(b"\0", 1)[0].decode("cp850"))
    return strings


def _number(data: bytes, at: int) -> int:
    return struct.unpack_from(">H", data, at)[0]


def _speaker(key: str) -> str:
    """Whose clip it is, by its letters; the hero's have none."""
    letters = key.rstrip(digits)
    if letters == "D" and int(key[1:]) >= _FIRST_OF_THE_BLIND_MAN:
        return "blind"
    return letters.lower() or "hero"

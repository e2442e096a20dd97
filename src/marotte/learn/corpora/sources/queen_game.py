"""The data file of the game Flight of the Amazon Queen: clips of speech, and who says what in them.

`queen.1c` is an archive. Its `.SB` members are the clips, MP3 each; what is said in them stands
in three kinds of members, whose lines name their clips:

- `.DOG`, a dialogue of the player's character Joe with another: clip `kkiiiiJn` is Joe's line,
  `kkiiiiPn` the other's, with the dialogue's key kk, the line's number iiii in hexadecimal, and
  the n-th segment of the line;
- `.CUT`, a scene: clip `NAME_rrn` is the text of its record rr;
- `QUEEN2.JAS`, what Joe says when he looks at things: clip `JOEddddn`.

All numbers are big-endian. A line holds commands that begin with `*` (turn left, wait, make this
face); each command ends a segment, and each segment has its own clip.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from marotte.errors import MarotteError

_AMOS_HEADER_BYTES = 20  # before the data of members that the game's editor made
_JOE_RESPONSES = 40
_VERBS = 12
_PERSON_IMAGES = (-3, -4)  # an object of the game that is a person, facing left or right
_ROOM_FADE = -1  # the record's object number that means Joe, with the screen fading
_NARRATED = (-2, -3, -4)  # text on the screen, without a person
_COMMAND = re.compile(r"\*(?:XY\d\d\(\d{3},\d{3}\)|..)")


@dataclass(frozen=True)
class Line:
    """What is said in a clip.

    Attributes:
        text: the words.
        character: who says them: `joe`, a dialogue's name, or an object's name; None if unknown.
    """

    text: str
    character: str | None


class Game:
    """The opened data file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data = path.read_bytes()
        if self._data[:4] != b"QTBL":
            raise MarotteError(f"{path} is not the game's data file with its table of contents")
        try:
            self._members = dict(self._table())
        except struct.error as error:
            raise self._damaged() from error

    def clips(self) -> list[str]:
        """The names of all clips of speech, in order."""
        return sorted(name[:-3] for name in self._members if name.endswith(".SB"))

    def clip(self, name: str) -> bytes:
        """The MP3 file of a clip."""
        return self._member(f"{name}.SB")

    def lines(self) -> dict[str, Line]:
        """By clip name: what is said, and by whom. Names more clips than there are."""
        lines: dict[str, Line] = {}
        try:
            for prefix, text, character in self._sentences():
                for number, segment in _segments(text).items():
                    lines[f"{prefix}{number:X}"] = Line(segment, character)
        except (struct.error, IndexError, KeyError) as error:
            raise self._damaged() from error
        return lines

    def _damaged(self) -> MarotteError:
        return MarotteError(f"{self._path} is damaged: unpack the package again")

    def _table(self) -> Iterator[tuple[str, tuple[int, int]]]:
        (count,) = struct.unpack_from(">H", self._data, 13)
        for index in range(count):
            name, _, offset, size = struct.unpack_from(">12sBII", self._data, 15 + 21 * index)
            yield name.split(b"\0")[0].decode("latin-1"), (offset, size)

    def _member(self, name: str) -> bytes:
        offset, size = self._members[name]
        return self._data[offset : offset + size]

    def _sentences(self) -> Iterator[tuple[str, str, str | None]]:
        """All texts of the game: the beginning of their clips' names, the text, the character."""
        jas = self._member("QUEEN.JAS")[_AMOS_HEADER_BYTES:]
        n_rooms, n_names, n_objects, n_descriptions = struct.unpack_from(">4H", jas)
        objects = [struct.unpack_from(">8h", jas, 8 + 16 * index) for index in range(n_objects)]
        texts = self._member("QUEEN2.JAS").decode("latin-1").split("\r\n")
        names = texts[n_descriptions : n_descriptions + n_names]
        responses = n_descriptions + n_names + n_rooms + _VERBS
        said = texts[responses : responses + _JOE_RESPONSES] + texts[:n_descriptions]
        for index, text in enumerate(said, start=1):
            yield f"JOE{index:04d}", text, "joe"
        # An object's first number is its name's (negative while hidden), its last its image's.
        people = {
            index: names[abs(each[0]) - 1]
            for index, each in enumerate(objects, start=1)
            if each[7] in _PERSON_IMAGES
        }
        for name in sorted(self._members):
            data = self._member(name)[_AMOS_HEADER_BYTES:]
            if name.endswith(".DOG"):
                yield from _dialogue(name[:-4], data)
            elif name.endswith(".CUT"):
                yield from _scene(name[:-4], data, people)


def _dialogue(name: str, data: bytes) -> Iterator[tuple[str, str, str]]:
    """The sentences of a `.DOG` member; the name of the dialogue is that of Joe's partner."""
    n_levels, _, key, n_joe, n_person = struct.unpack_from(">5h", data)
    first_offset, _, second_offset = struct.unpack_from(">3H", data, 22)
    partner = name.rstrip("0123456789").lower()
    joe_offset = 32 + 96 * abs(n_levels)  # behind the tree of choices
    for offset, count, letter, who in (
        (joe_offset, n_joe, "J", "joe"),
        (first_offset, n_person, "P", partner),
    ):
        at = offset
        for index in range(count):
            (number,) = struct.unpack_from(">H", data, at + 2)
            text, at = _string(data, at + 4, align=4)
            yield f"{key:02d}{number:04X}{letter}", text, who
            if letter == "J" and index == 0 and number == 0:
                yield f"{key:02d}SSSSJ", text, who  # the greeting
    text, at = _string(data, second_offset)
    yield f"{key:02d}XXXXP", text, partner
    yield f"{key:02d}XXXXJ", _string(data, at)[0], "joe"


def _scene(
    name: str, data: bytes, people: Mapping[int, str]
) -> Iterator[tuple[str, str, str | None]]:
    """The sentences of a `.CUT` member, one a record."""
    n_records, _, _, text_offset = struct.unpack_from(">2h2H", data, 2)
    speakers = list(_speakers(data, abs(n_records), people))
    _, at = _string(data, text_offset)  # the way Joe faces first
    for index, speaker in enumerate(speakers, start=1):
        text, at = _string(data, at)
        yield f"{name:_<5}{index:02d}", text, speaker


def _speakers(data: bytes, n_records: int, people: Mapping[int, str]) -> Iterator[str | None]:
    """Who speaks in each record of a scene: one must read them all to know where each begins."""
    at = 12
    for _ in range(n_records):
        record = struct.unpack_from(">18h", data, at)
        number, animation, execute, copied = record[0], record[4], record[5], record[12]
        at += 36 + 2 * record[17]  # 17 numbers, and a counted list of people who are shown
        number = 0 if number == _ROOM_FADE else number
        is_person = not animation and (number == 0 or number in people)
        if execute and not is_person and copied <= 0 and number not in _NARRATED:
            # A list of pictures follows, each of ten numbers, up to -2.
            while struct.unpack_from(">h", data, at)[0] != -2:
                at += 20
            at += 2
        yield "joe" if number == 0 else people.get(number)


def _string(data: bytes, at: int, align: int = 2) -> tuple[str, int]:
    """A string with its length before it, and where the next thing begins."""
    length = data[at]
    end = at + 1 + length
    text = data[at + 1 : end].decode("latin-1")
    return text, end + (-end % align if length else 0)


def _segments(text: str) -> dict[int, str]:
    """The words of each segment that has any, by its number from 1."""
    pieces = [piece.strip() for piece in _COMMAND.split(text)]
    return {number: piece for number, piece in enumerate(pieces, start=1) if piece}

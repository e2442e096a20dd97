"""The data file of the game Flight of the Amazon Queen in; clips, their texts and characters out.

`queen.1c` is an archive. Its `.SB` members are the clips, one MP3 file each. Their texts are in
three kinds of members, and the position of a text gives the name of its clip:

- `.DOG`, a dialogue of the player's character Joe with a partner: clip `kkiiiiJn` is a line of Joe,
  and `kkiiiiPn` is a line of the partner. Here kk is the key of the dialogue, iiii is the number of
  the line in hexadecimal, and n is the number of the segment in the line;
- `.CUT`, a scene: clip `NAME_rrn` is the text of its record rr;
- `QUEEN2.JAS`, the remarks of Joe about things: clip `JOEddddn`.

All numbers are big-endian. A line contains commands that begin with `*`, such as turn left, wait,
or change the face. Each command ends a segment, and each segment has its own clip.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from marotte.errors import MarotteError

_AMOS_HEADER_BYTES = 20  # before the data of members by the editor of the game
_JOE_RESPONSES = 40
_VERBS = 12
_PERSON_IMAGES = (-3, -4)  # image numbers of objects that are persons, facing left or right
_ROOM_FADE = -1  # an object number in scenes: Joe, while the screen fades
_NARRATED = (-2, -3, -4)  # object numbers in scenes: text on the screen, without a person
_COMMAND = re.compile(r"\*(?:XY\d\d\(\d{3},\d{3}\)|..)")


@final
@dataclass(frozen=True)
class Line:
    """The text of a clip and its character.

    Attributes:
        text: the words.
        character: `joe`, the name of a dialogue, or the name of an object; None if unknown.
    """

    text: str
    character: str | None


@final
class Game:
    """The data file of the game.

    Raises:
        MarotteError: the file is another one, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data = path.read_bytes()
        if self._data[:4] != b"QTBL":
            raise MarotteError(f"{path} is not the data file of Flight of the Amazon Queen")
        try:
            self._members = dict(self._table())
        except struct.error as error:
            raise self._damaged() from error

    def clips(self) -> list[str]:
        """Return the names of all clips, sorted."""
        return sorted(name[:-3] for name in self._members if name.endswith(".SB"))

    def clip(self, name: str) -> bytes:
        """Return the MP3 file of a clip."""
        return self._member(f"{name}.SB")

    def lines(self) -> dict[str, Line]:
        """Return the lines by the names of their clips; some of these clips do not exist.

        Raises:
            MarotteError: the file is damaged.
        """
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
        """Yield all texts of the game: beginning of the names of its clips, text, character."""
        jas = self._member("QUEEN.JAS")[_AMOS_HEADER_BYTES:]
        n_rooms, n_names, n_objects, n_descriptions = struct.unpack_from(">4H", jas)
        objects = [struct.unpack_from(">8h", jas, 8 + 16 * index) for index in range(n_objects)]
        texts = self._member("QUEEN2.JAS").decode("latin-1").split("\r\n")
        names = texts[n_descriptions : n_descriptions + n_names]
        responses = n_descriptions + n_names + n_rooms + _VERBS
        remarks = texts[responses : responses + _JOE_RESPONSES] + texts[:n_descriptions]
        for index, text in enumerate(remarks, start=1):
            yield f"JOE{index:04d}", text, "joe"
        # The first number of an object is its name, negative while the object is hidden. The last
        # number is its image.
        people = {
            index: names[abs(numbers[0]) - 1]
            for index, numbers in enumerate(objects, start=1)
            if numbers[7] in _PERSON_IMAGES
        }
        for name in sorted(self._members):
            data = self._member(name)[_AMOS_HEADER_BYTES:]
            if name.endswith(".DOG"):
                yield from _dialogue(name[:-4], data)
            elif name.endswith(".CUT"):
                yield from _scene(name[:-4], data, people)


def _dialogue(name: str, data: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield the texts of a `.DOG` member; the name of the dialogue is the name of Joe's partner."""
    n_levels, _, key, n_joe, n_person = struct.unpack_from(">5h", data)
    first_offset, _, second_offset = struct.unpack_from(">3H", data, 22)
    partner = name.rstrip("0123456789").lower()
    joe_offset = 32 + 96 * abs(n_levels)  # after the tree of choices
    for start, count, letter, character in (
        (joe_offset, n_joe, "J", "joe"),
        (first_offset, n_person, "P", partner),
    ):
        offset = start
        for index in range(count):
            (number,) = struct.unpack_from(">H", data, offset + 2)
            text, offset = _string(data, offset + 4, align=4)
            yield f"{key:02d}{number:04X}{letter}", text, character
            if letter == "J" and index == 0 and number == 0:
                yield f"{key:02d}SSSSJ", text, character  # the greeting
    text, offset = _string(data, second_offset)
    yield f"{key:02d}XXXXP", text, partner
    yield f"{key:02d}XXXXJ", _string(data, offset)[0], "joe"


def _scene(
    name: str, data: bytes, people: Mapping[int, str]
) -> Iterator[tuple[str, str, str | None]]:
    """Yield the texts of a `.CUT` member, one per record."""
    n_records, _, _, text_offset = struct.unpack_from(">2h2H", data, 2)
    speakers = list(_speakers(data, abs(n_records), people))
    _, offset = _string(data, text_offset)  # the first direction of Joe
    for index, speaker in enumerate(speakers, start=1):
        text, offset = _string(data, offset)
        yield f"{name:_<5}{index:02d}", text, speaker


def _speakers(data: bytes, n_records: int, people: Mapping[int, str]) -> Iterator[str | None]:
    """Yield the speaker of each record of a scene.

    The records differ in length, so they must be read in order.
    """
    offset = 12
    for _ in range(n_records):
        record = struct.unpack_from(">18h", data, offset)
        number, animation, execute, copied = record[0], record[4], record[5], record[12]
        offset += 36 + 2 * record[17]  # 17 numbers, the length of a list of people, and the list
        number = 0 if number == _ROOM_FADE else number
        is_person = not animation and (number == 0 or number in people)
        if execute and not is_person and copied <= 0 and number not in _NARRATED:
            # A list of pictures follows. Each has ten numbers, and -2 ends the list.
            while struct.unpack_from(">h", data, offset)[0] != -2:
                offset += 20
            offset += 2
        yield "joe" if number == 0 else people.get(number)


def _string(data: bytes, offset: int, align: int = 2) -> tuple[str, int]:
    """Return the string whose length is at an offset, and the offset after it."""
    length = data[offset]
    end = offset + 1 + length
    text = data[offset + 1 : end].decode("latin-1")
    return text, end + (-end % align if length else 0)


def _segments(text: str) -> dict[int, str]:
    """Return the words of each segment that has words, by its number from 1."""
    segments = [segment.strip() for segment in _COMMAND.split(text)]
    return {number: segment for number, segment in enumerate(segments, start=1) if segment}

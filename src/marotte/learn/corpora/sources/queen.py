"""Flight of the Amazon Queen: four and a half hours of acted English, 11 kHz, in a Debian package.

A speaker is a character of the game. Dialogues and scenes name characters differently (`bob`,
`Trader Bob`); `_SAME` brings the names together. One actor gives his voice to several characters:
`splits` knows which, and holds out whole actors.
"""

from __future__ import annotations

import functools
import importlib.resources
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from marotte.learn.corpora import debian
from marotte.learn.corpora.source import Source
from marotte.learn.corpora.sources.queen_game import Game, Line
from marotte.learn.errors import Skip
from marotte.learn.speech.align import english_aligner
from marotte.learn.speech.recognise import recogniser
from marotte.learn.utterance import Utterance

_SAME = {
    "joe king": "joe",
    "trader bob": "bob",
    "princess azura": "azura",
    "prin": "azura",
    "azura obj": "azura",
    "and": "anderson",
    "jimmy": "jim",
    "witch doctor": "witch",
    "secretary": "sec",
    "mary-lou": "lou",
    "showering amazon": "showeram",
    "wedgewood": "wedge",
    "guard dog": "dog",
    "gorilla": "ape",
}
# What speaks by these names changes from scene to scene.
_THINGS = frozenset(
    {"path", "note", "smoke", "telephone", "buttons", "torch", "door", "rock", "lily pad"}
)


@dataclass(frozen=True)
class Queen(Source):
    """Every clip whose text the game knows, aligned."""

    name: ClassVar[str] = "queen"
    packages: ClassVar[tuple[debian.Package, ...]] = (debian.QUEEN,)
    people: ClassVar[int | None] = 9

    def items(self) -> Sequence[str]:
        """The names of the clips."""
        english_aligner()
        return self._game.clips()

    def utterance(self, key: str) -> Utterance:
        """A clip with its text and phones."""
        heard, text = self._heard(key), self._lines[key].text
        phones = english_aligner().align(heard.samples, heard.rate, text)
        return replace(heard, text=text, phones=phones)

    def _heard(self, key: str) -> Utterance:
        """A clip and who speaks in it, without text and phones."""
        line = self._lines.get(key)
        if line is None:
            raise Skip("no text: a sound effect")
        speaker = speaker_of(line)
        samples, rate = self._sound(key)
        return Utterance(
            id=f"{self.name}/{speaker}/{key}",
            source=self.name,
            speaker=speaker,
            language="en",
            licence=debian.QUEEN.licence,
            text="",
            samples=samples,
            rate=rate,
            phones=(),
        )

    def _sound(self, key: str) -> tuple[NDArray[np.float32], int]:
        import soundfile

        try:
            file = io.BytesIO(self._game.clip(key))
            sound, rate = soundfile.read(file, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise Skip("not a readable MP3") from error
        return sound.mean(1, dtype=np.float32), rate

    @functools.cached_property
    def _game(self) -> Game:
        return Game(debian.root_of(debian.QUEEN) / debian.QUEEN.probe)

    @functools.cached_property
    def _lines(self) -> dict[str, Line]:
        return self._game.lines()


@dataclass(frozen=True)
class QueenUntold(Queen):
    """The clips that `Queen` leaves out because their text does not fit, with recognised phones.

    Which they are stands in a file: to find them, all clips had to be aligned once more. Clips of
    which the game does not tell who speaks stay out: it may be an actor of a test set.
    """

    name: ClassVar[str] = "queen_untold"
    people: ClassVar[int | None] = 0  # those of `Queen`

    def items(self) -> Sequence[str]:
        """The names of the clips."""
        recogniser()
        untold = set(_untold_clips())
        return [key for key in self._game.clips() if key in untold]

    def utterance(self, key: str) -> Utterance:
        """A clip with the phones that are heard in it, and without a text."""
        heard = self._heard(key)
        return replace(heard, phones=recogniser().recognise(heard.samples, heard.rate))


def _untold_clips() -> list[str]:
    text = importlib.resources.files(__package__ or "").joinpath("queen_untold.txt").read_text()
    return [name for line in text.splitlines() if line[0] != "#" for name in line.split()]


def speaker_of(line: Line) -> str:
    """The character who says a line, by one name everywhere in the game."""
    name = (line.character or "").lower()
    if not name or name in _THINGS:
        raise Skip("the game does not tell who speaks")
    return _SAME.get(name, name).replace(" ", "-")

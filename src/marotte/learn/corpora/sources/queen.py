"""Flight of the Amazon Queen: four and a half hours of acted English, 11 kHz, in a Debian package.

A speaker is a character of the game. Dialogues and scenes have different names for the same
character, such as `bob` and `Trader Bob`; `_SAME` maps them to one name. One actor speaks several
characters: `marotte.learn.data.splits` knows which, and holds out whole actors.
"""

from __future__ import annotations

import functools
import importlib.resources
import io
from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, final

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
# The character behind these names changes from scene to scene.
_THINGS = frozenset(
    {"path", "note", "smoke", "telephone", "buttons", "torch", "door", "rock", "lily pad"}
)


@dataclass(frozen=True)
class _GameSource(Source, ABC):
    """A source that reads the data file of the game."""

    packages: ClassVar[tuple[debian.Package, ...]] = (debian.QUEEN,)

    def _clip(self, key: str) -> Utterance:
        """Read a clip with its speaker, without text and phones."""
        line = self._lines.get(key)
        if line is None:
            raise Skip("no text: a sound effect")
        speaker = speaker_of(line)
        samples, rate = self._read_sound(key)
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

    def _read_sound(self, key: str) -> tuple[NDArray[np.float32], int]:
        import soundfile

        try:
            file = io.BytesIO(self._game.clip(key))
            sound, rate = soundfile.read(file, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise Skip("not a readable MP3") from error
        return sound.mean(1, dtype=np.float32), rate

    @functools.cached_property
    def _game(self) -> Game:
        return Game(debian.probe_path(debian.QUEEN))

    @functools.cached_property
    def _lines(self) -> dict[str, Line]:
        return self._game.lines()


@final
@dataclass(frozen=True)
class Queen(_GameSource):
    """The clips that have a text, aligned with it."""

    name: ClassVar[str] = "queen"
    people: ClassVar[int | None] = 9

    def items(self) -> Sequence[str]:
        """Return the names of the clips."""
        english_aligner()
        return self._game.clips()

    def utterance(self, key: str) -> Utterance:
        """Read a clip with its text and phones."""
        clip, text = self._clip(key), self._lines[key].text
        phones = english_aligner().align(clip.samples, clip.rate, text)
        return replace(clip, text=text, phones=phones)


@final
@dataclass(frozen=True)
class QueenUntold(_GameSource):
    """The clips that `Queen` skips because their text does not fit, with recognised phones.

    A file lists these clips, because finding them takes an alignment of all clips. Clips without a
    known character are skipped: an actor of a test set may speak them.
    """

    name: ClassVar[str] = "queen_untold"
    people: ClassVar[int | None] = 0  # the same people as in `Queen`

    def items(self) -> Sequence[str]:
        """Return the names of the clips."""
        recogniser()
        names = set(_clips_without_fitting_text())
        return [key for key in self._game.clips() if key in names]

    def utterance(self, key: str) -> Utterance:
        """Read a clip with recognised phones, without text."""
        clip = self._clip(key)
        return replace(clip, phones=recogniser().recognise(clip.samples, clip.rate))


def _clips_without_fitting_text() -> list[str]:
    text = importlib.resources.files(__package__ or "").joinpath("queen_untold.txt").read_text()
    return [name for line in text.splitlines() if line[0] != "#" for name in line.split()]


def speaker_of(line: Line) -> str:
    """Return the character who says a line, by the same name in the whole game.

    Raises:
        Skip: the character is unknown.

    Example:
        >>> speaker_of(Line("Oh dear.", "Trader Bob"))
        'bob'
    """
    name = (line.character or "").lower()
    if not name or name in _THINGS:
        raise Skip("an unknown character speaks")
    return _SAME.get(name, name).replace(" ", "-")

"""Which utterances of a corpus a command is about: words in, yes or no for a row out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from marotte.errors import MarotteError
from marotte.learn.data.splits import split_of

UNTRANSCRIBED = "untranscribed"
COLUMNS = ("source", "speaker", "language", "split")


@dataclass(frozen=True)
class Filter:
    """Which utterances of a corpus a run is about; all of them where nothing is said.

    Attributes:
        untranscribed: those without phones.
        where: those that have, in each of these columns, one of these values.
    """

    untranscribed: bool = False
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, words: Sequence[str]) -> Filter:
        """Read `untranscribed`, `source=queen` or `language=en,fr`; all that is said must hold.

        Raises:
            MarotteError: a word is none of these.
        """
        where: dict[str, frozenset[str]] = {}
        for word in words:
            column, _, values = word.partition("=")
            if column in COLUMNS and values:
                where[column] = where.get(column, frozenset()) | set(values.split(","))
            elif word != UNTRANSCRIBED:
                raise MarotteError(
                    f"can't choose speech by {word!r}: give {UNTRANSCRIBED!r}, or "
                    f"NAME=VALUE[,VALUE] with one of the names {', '.join(COLUMNS)}"
                )
        return cls(UNTRANSCRIBED in words, where)

    @property
    def columns(self) -> list[str]:
        """What has to be read of a part in order to choose."""
        return ["id", "source", "speaker", "language", "seconds"] + ["phones"] * self.untranscribed

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of the store is one of them."""
        if self.untranscribed and row["phones"]:
            return False
        return all(_value(row, column) in values for column, values in self.where.items())


class _SourceAndSpeaker(NamedTuple):
    source: str
    speaker: str


def _value(row: Mapping[str, Any], column: str) -> str:
    return (
        split_of(_SourceAndSpeaker(row["source"], row["speaker"]))
        if column == "split"
        else row[column]
    )


@dataclass(frozen=True)
class Selection:
    """A part of the speech.

    Attributes:
        sources: whose; empty for all.
        minutes: at most as many, always the same ones; 0 for all.
    """

    sources: tuple[str, ...] = ()
    minutes: float = 0.0

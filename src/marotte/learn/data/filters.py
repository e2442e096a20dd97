"""Filters of a corpus: command-line words in, yes or no per utterance out."""

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
    """The condition that selects the utterances of a run; without conditions, all of them.

    Attributes:
        untranscribed: select only utterances without phones.
        where: allowed values per column; an utterance must match in every column.

    Example:
        >>> from marotte.learn.data.filters import Filter
        >>> english = Filter.parse(["language=en", "source=queen,drascula"])
        >>> english.matches({"source": "queen", "speaker": "joe", "language": "en"})
        True
    """

    untranscribed: bool = False
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, words: Sequence[str]) -> Filter:
        """Parse words such as `untranscribed`, `source=queen` or `language=en,fr`.

        An utterance must satisfy all words.

        Raises:
            MarotteError: a word has another form.
        """
        where: dict[str, frozenset[str]] = {}
        for word in words:
            column, _, values = word.partition("=")
            if column in COLUMNS and values:
                where[column] = where.get(column, frozenset()) | set(values.split(","))
            elif word != UNTRANSCRIBED:
                raise MarotteError(
                    f"can't filter speech by {word!r}: give {UNTRANSCRIBED!r}, or "
                    f"NAME=VALUE[,VALUE] with a NAME of {', '.join(COLUMNS)}"
                )
        return cls(UNTRANSCRIBED in words, where)

    @property
    def columns(self) -> list[str]:
        """Columns of a part that `matches` needs."""
        return ["id", "source", "speaker", "language", "seconds"] + ["phones"] * self.untranscribed

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether a row of the store satisfies the filter."""
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
    """A part of the training speech, as a recipe's table selects it.

    Attributes:
        sources: sources to use; empty for all.
        without_languages: languages to leave out (ISO 639-1 codes).
        minutes: largest amount of speech, drawn with a fixed seed; 0 for all.
    """

    sources: tuple[str, ...] = ()
    without_languages: tuple[str, ...] = ()
    minutes: float = 0.0

"""The base class of sources of speech: a source lists its items and makes an utterance of each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from marotte.learn.corpora.debian import Package
from marotte.learn.utterance import Utterance


@dataclass(frozen=True)
class Source(ABC):
    """A source of speech, such as a data set or a synthesiser.

    A source is a frozen dataclass. Its fields are the options that a recipe may set, and each has a
    default. Creating a source is cheap: every process of a build creates its own.

    Attributes:
        name: the name of the source in recipes and utterances.
        version: raise it whenever the same options and key give another utterance.
        packages: the Debian packages that the source reads.
        real: whether people speak; False for a synthesiser.
        people: the smallest possible number of people who speak, if some speakers of the source are
            the same person; None if every speaker is another person.
        many: whether a recipe may use the source several times, under different names.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[Package, ...]] = ()
    real: ClassVar[bool] = True
    people: ClassVar[int | None] = None
    many: ClassVar[bool] = False

    @abstractmethod
    def items(self) -> Sequence[str]:
        """Return the keys of all items, in a stable order. This must be quick.

        Raises:
            MarotteError: the source can't be used here, e.g. because a package is missing.
        """

    @abstractmethod
    def utterance(self, key: str) -> Utterance:
        """Read or make the utterance of a key: the same speaker, text and sound each time.

        Raises:
            Skip: the item can't be used; the message is the reason.
        """

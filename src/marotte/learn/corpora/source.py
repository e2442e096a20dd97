"""What a source of speech is: stable keys of its items, and an utterance for each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from marotte.learn.corpora.debian import Package
from marotte.learn.utterance import Utterance


@dataclass(frozen=True)
class Source(ABC):
    """Somewhere speech comes from.

    A source is a frozen dataclass: its fields are the options a recipe may set, each with a
    default. It makes nothing heavy before it is asked; every process that builds makes its own.

    Attributes:
        name: what recipes and utterances call it.
        version: raised whenever the same options and key would give another utterance.
        packages: the Debian packages it reads.
        real: people speak, not a synthesiser.
        people: how many people speak at the least, where some of its speakers are one person.
        many: a recipe may have several of this kind, each under a name of its own.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    packages: ClassVar[tuple[Package, ...]] = ()
    real: ClassVar[bool] = True
    people: ClassVar[int | None] = None
    many: ClassVar[bool] = False

    @abstractmethod
    def items(self) -> Sequence[str]:
        """The keys of everything there is, in a stable order, quickly.

        Raises:
            MarotteError: the source can't be used here, e.g. a package is missing.
        """

    @abstractmethod
    def utterance(self, key: str) -> Utterance:
        """Read or make the utterance of a key: the same speaker, text and phones each time.

        Raises:
            Skip: this item can't be used, and why.
        """

"""Corpus recipes in, configured sources out: a recipe is strict TOML that lists sources.

```
[sources.queen]            # a source with its default options

[sources.hibari]
speakers = 320

[sources.anna]             # your own speech, under a name that you choose
kind = "folder"
folder = "~/anna"
```
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from marotte.config import read_toml, strict
from marotte.errors import MarotteError
from marotte.learn.corpora import source_class, source_names
from marotte.learn.corpora.source import Source
from marotte.names import check_name


@final
@dataclass(frozen=True)
class CorpusRecipe:
    """The sources of a corpus.

    Attributes:
        name: the file name of the recipe without its ending.
        sources: the options of each source, by the name of the source.
    """

    name: str
    sources: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class _Tables:
    """The top level of a recipe file."""

    sources: dict[str, Any] = field(default_factory=dict)


def load_recipe(path: Path) -> CorpusRecipe:
    """Read a corpus recipe and check every name and value in it.

    Raises:
        MarotteError: the file is missing or is not TOML, or a key, name or value is wrong.
    """
    sources = strict(_Tables, read_toml(path, "recipe"), f"the recipe {path}").sources
    if not sources:
        raise MarotteError(f"the recipe {path} has no source: add a table [sources.NAME]")
    for name, options in sources.items():
        if not isinstance(options, dict):
            raise MarotteError(
                f"sources.{name} in the recipe {path} is {options!r}: "
                f"write a table [sources.{name}]"
            )
        configure(name, options)
    return CorpusRecipe(path.stem, sources)


def configure(name: str, options: Mapping[str, Any]) -> Source:
    """Create a source with its options.

    Args:
        name: the name of the source.
        options: the options; `kind` among them gives the source that reads the files, if that is
            not `name` itself.

    Raises:
        MarotteError: there is no such source or option, or a value has the wrong type.

    Example:
        >>> source = configure("anna", {"kind": "folder", "folder": "~/anna"})
        >>> source.name, source.folder
        ('anna', '~/anna')
    """
    table = {key: value for key, value in options.items() if key != "kind"}
    return strict(class_of(name, options), table, f"sources.{name}")


def class_of(name: str, options: Mapping[str, Any]) -> type[Source]:
    """Return the class of a source in a recipe; its `name` is the name in the recipe.

    Raises:
        MarotteError: there is no such source, or the name can't be used.
    """
    kind = options.get("kind", name)
    if kind == name:
        return source_class(name)
    names = source_names()
    kinds = [each for each in names if source_class(each).many]
    if kind not in kinds:
        raise MarotteError(
            f"the source {name!r} has the kind {kind!r}: choose one of {', '.join(kinds)}"
        )
    # Held-out speech is recognised by the name of its source.
    if name in names:
        raise MarotteError(
            f"the source {name!r} of the kind {kind!r} has the name of another source: "
            "choose another name"
        )
    if not re.fullmatch("[a-z][a-z0-9_]*", name):  # so that no two names differ in case only
        raise MarotteError(
            f"a source can't have the name {name!r}: use small letters a to z, digits and _"
        )
    check_name(name, "a source")
    return _renamed(source_class(kind), name)


@functools.cache
def _renamed(source: type[Source], name: str) -> type[Source]:
    """Return a subclass of a source with another name."""
    return type(source.__name__, (source,), {"name": name, "__doc__": source.__doc__})

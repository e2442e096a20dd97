"""Corpora: sources of speech, one module per source, and what builds a corpus from them.

A package adds a source with an entry point in the group `marotte.corpora` that names a subclass of
`marotte.learn.corpora.source.Source`.
"""

from __future__ import annotations

from marotte import plugins
from marotte.errors import MarotteError
from marotte.learn.corpora.source import Source


def source_names() -> list[str]:
    """Return the names of all sources: the built-in ones and those of installed packages.

    Example:
        >>> source_names()[:2]
        ['asterisk_en', 'asterisk_es']
    """
    return sorted(plugins.names(plugins.CORPORA))


def source_class(name: str) -> type[Source]:
    """Return the class of a source.

    Raises:
        MarotteError: there is no source of this name.
    """
    source: type[Source] | None = plugins.find(plugins.CORPORA, name)
    if source is None:
        raise MarotteError(
            f"there is no source {name!r}: choose one of {', '.join(source_names())}; "
            'or give the table a `kind`, e.g. kind = "folder"'
        )
    return source

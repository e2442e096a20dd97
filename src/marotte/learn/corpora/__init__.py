"""Sources of speech, one module each, found by name: the built-in ones and those of plug-ins.

A plug-in is a package with an entry point in the group `marotte.corpora` that names a subclass of
`marotte.learn.corpora.source.Source`.
"""

from __future__ import annotations

from marotte import plugins
from marotte.errors import MarotteError
from marotte.learn.corpora.source import Source


def source_names() -> list[str]:
    """The names of all sources that can be asked for."""
    return sorted(plugins.names(plugins.CORPORA))


def source_class(name: str) -> type[Source]:
    """The source of a name.

    Raises:
        MarotteError: there is none of that name.
    """
    found: type[Source] | None = plugins.find(plugins.CORPORA, name)
    if found is None:
        raise MarotteError(
            f"there is no source {name!r}: there are {', '.join(source_names())}; "
            'or say of what `kind` it is, e.g. kind = "folder"'
        )
    return found

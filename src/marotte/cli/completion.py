"""Words that the shell completes: students, formats, live outputs, teachers and moods by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def students(incomplete: str) -> list[str]:
    """Return the shipped students, and the ONNX files and folders that the word can become."""
    from marotte.model.session import shipped_students

    return _starting(shipped_students(), incomplete) + _files(incomplete, ".onnx")


def formats(incomplete: str) -> list[str]:
    """Return the file formats; a list separated by commas is completed at its last word."""
    from marotte import plugins

    listed, comma, word = incomplete.rpartition(",")
    return [listed + comma + name for name in _starting(plugins.names(plugins.FORMATS), word)]


def outputs(incomplete: str) -> list[str]:
    """Return the live outputs."""
    from marotte import plugins

    return _starting(plugins.names(plugins.OUTPUTS), incomplete)


def teachers(incomplete: str) -> list[str]:
    """Return the teachers."""
    from marotte import plugins

    return _starting(plugins.names(plugins.TEACHERS), incomplete)


def moods(incomplete: str) -> list[str]:
    """Return the moods."""
    from marotte.postprocess.moods import MOODS

    return _starting(MOODS, incomplete)


def namings(incomplete: str) -> list[str]:
    """Return the kinds of names of curves."""
    from marotte.export.naming import NAMINGS

    return _starting(NAMINGS, incomplete)


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _files(incomplete: str, ending: str) -> list[str]:
    """Return the files with the ending, and the folders, that an incomplete path can become."""
    folder, _, word = incomplete.rpartition("/")
    start = folder + "/" if folder or incomplete.startswith("/") else ""
    try:
        found = sorted(Path(start or ".").iterdir())
    except OSError:
        return []
    names = [path.name + ("/" if path.is_dir() else "") for path in found]
    return [
        start + name
        for name in names
        if name.startswith(word) and not name.startswith(".") and name.endswith((ending, "/"))
    ]

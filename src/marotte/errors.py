"""The one exception a user ever sees: a sentence that says what was wrong and what to do."""

from __future__ import annotations


class MarotteError(Exception):
    """Something outside Marotte is not as it must be: a file, an option, a device, a package.

    The message is one clear sentence for a person; the command line prints it and exits with 2.

    Example:
        >>> import marotte
        >>> try:
        ...     marotte.open_recording("missing.wav")
        ... except marotte.MarotteError as error:
        ...     print(error)
        no such file: missing.wav
    """


def missing_extra(package: str, extra: str) -> MarotteError:
    """The error for a package that belongs to an extra which is not installed."""
    return MarotteError(
        f"this needs the package {package!r}, which is not installed: "
        f"pip install 'marotte[{extra}]'"
    )

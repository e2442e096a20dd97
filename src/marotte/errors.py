"""The one exception that users see: a sentence that says what is wrong and what to do."""

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
    """Return the error for a missing package, which names the extra that installs it."""
    return MarotteError(
        f"this needs the package {package!r}, which is not installed: "
        f"pip install '.[{extra}]' in a clone of Marotte"
    )

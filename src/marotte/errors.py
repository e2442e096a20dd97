"""The only exception that users see: its message says what is wrong and what to do."""

from __future__ import annotations

import struct
import zlib

LONGEST_SHOWN = 80  # characters of a value in a message
LONGEST_MESSAGE = 1000  # characters

DAMAGED = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What reading a damaged file can raise, beside `OSError`. Only readers of files catch these."""


class MarotteError(Exception):
    """An error in something outside Marotte: a file, an option, a device, a package.

    The message is one sentence for users; the command line prints it and exits with 2.

    Example:
        >>> import marotte
        >>> try:
        ...     marotte.open_recording("missing.wav")
        ... except marotte.MarotteError as error:
        ...     print(error)
        no such file: missing.wav
    """

    def __init__(self, message: str) -> None:
        """Shorten a message that quotes too much of a damaged file."""
        if len(message) > LONGEST_MESSAGE:
            half = LONGEST_MESSAGE // 2 - 3
            message = f"{message[:half]} ... {message[-half:]}"
        super().__init__(message)


def shown(value: object) -> str:
    """Return a value for a message, in at most 80 characters.

    Example:
        >>> from marotte.errors import shown
        >>> shown(["jawOpen"])
        "['jawOpen']"
    """
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deeply; a number of thousands of digits
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def missing_extra(package: str, extra: str) -> MarotteError:
    """Return the error for a missing package; its message names the extra that installs it.

    Example:
        >>> from marotte.errors import missing_extra
        >>> print(missing_extra("av", "video"))
        this needs the package 'av', which is not installed: pip install '.[video]' in a clone of \
Marotte
    """
    return MarotteError(
        f"this needs the package {package!r}, which is not installed: "
        f"pip install '.[{extra}]' in a clone of Marotte"
    )

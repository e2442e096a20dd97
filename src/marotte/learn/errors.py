"""The error of the learning path: one item of a source can't be used, the others can."""

from __future__ import annotations

import traceback
from pathlib import Path

from marotte.errors import MarotteError


class Skip(MarotteError):
    """One item of a source can't be used.

    The message is the reason. It is short and names no file, so that equal reasons can be counted.
    """


def reason_of(error: Exception) -> str:
    """Return why something can't be used: one line, and where an unexpected error comes from.

    Example:
        >>> from marotte.learn.errors import Skip, reason_of
        >>> reason_of(Skip("no sound file"))
        'no sound file'
        >>> try:
        ...     int("x")
        ... except ValueError as error:
        ...     print(reason_of(error).partition(" (")[0])
        ValueError: invalid literal for int() with base 10: 'x'
    """
    message = " ".join(str(error).split())
    if isinstance(error, MarotteError):
        return message
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {message} ({Path(frame.filename).name}, line {frame.lineno})"

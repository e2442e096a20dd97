"""The error of the learning path: one item of a source can't be used, the others can."""

from __future__ import annotations

from marotte.errors import MarotteError


class Skip(MarotteError):
    """One item of a source can't be used.

    The message is the reason. It is short and names no file, so that equal reasons can be counted.
    """

"""The error of the learning path: one item of many can't be used, the rest can."""

from __future__ import annotations

from marotte.errors import MarotteError


class Skip(MarotteError):
    """One item of a source can't be used; the message is the reason, short and countable."""

"""The fifth of captured speech that is held out: names of clips or takes in, a decision out.

Training and scoring call the same functions, so that no clip is learnt from and scored. The
decision depends on the name alone: it is the same on every machine, and it stays the same when
other clips are added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

SHARE = 0.2  # of the clips of a set
FEW = 20  # in smaller sets a share by hash could be empty, so that names are ranked instead


def held_out(name: str) -> bool:
    """Return whether a clip is held out: the SHA-256 of its name lies in the lowest fifth.

    The hash is that of the name in UTF-8; its first eight bytes are read as a big-endian integer
    and divided by 2^64. Sentences that several people speak have one name, and are held out for
    all of them.

    Args:
        name: the clip's name without folder and ending, e.g. `bbaf2n`.

    Example:
        >>> from marotte.learn.capture.split import held_out
        >>> [name for name in ("srah6p", "sgwd2p", "pbbc5s", "pbbc6p") if held_out(name)]
        ['srah6p', 'pbbc6p']
    """
    return _position(name) < SHARE


def held_out_names(names: Collection[str]) -> frozenset[str]:
    """Return the names of a set that are held out, at least one.

    Sets of 20 names or more follow `held_out`. Of fewer names, a fifth, rounded down and at least
    one, is held out: those with the lowest hash. A single name is held out.

    Args:
        names: all clips of a set; the takes, where takes have no clips.

    Example:
        >>> from marotte.learn.capture.split import held_out_names
        >>> takes = [f"facegood_1114_2_0{number}" for number in range(1, 6)]
        >>> sorted(held_out_names(takes))
        ['facegood_1114_2_04']
    """
    unique = sorted(set(names), key=lambda name: (_position(name), name))
    if len(unique) >= FEW:
        return frozenset(filter(held_out, unique))
    return frozenset(unique[: max(1, int(SHARE * len(unique)))])


def _position(name: str) -> float:
    """Return a pseudo-random number in 0..1, the same on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64

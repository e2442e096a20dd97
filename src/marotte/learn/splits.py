"""Who is trained on and who is held out: from an utterance's source and speaker to its split.

Splits go by whole corpora and whole speakers, so that no held-out voice is ever trained on:

- `test_clean`: the corpus `asterisk_en`, one studio speaker;
- `test_other`: some of the Amazon Queen's actors, acted speech at 11 kHz;
- `valid`: other actors of the same game, and one synthetic speaker in fifty;
- `train`: everybody else.
"""

from __future__ import annotations

import hashlib
from typing import Literal, Protocol

Split = Literal["train", "valid", "test_clean", "test_other"]

CLEAN_CORPORA = frozenset({"asterisk_en"})
SYNTHETIC = frozenset({"hibari", "espeak"})
SYNTHETIC_VALID_SHARE = 0.02


class Spoken(Protocol):
    """Anything that knows who speaks: an utterance, or an entry of the store."""

    @property
    def source(self) -> str:
        """The source's name."""
        ...

    @property
    def speaker(self) -> str:
        """The speaker, unique within the source."""
        ...


def split_of(spoken: Spoken) -> Split:
    """The split an utterance belongs to, by its corpus and speaker alone."""
    if spoken.source in CLEAN_CORPORA:
        return "test_clean"
    if spoken.source in SYNTHETIC and _share(spoken) < SYNTHETIC_VALID_SHARE:
        return "valid"
    return "train"


def _share(spoken: Spoken) -> float:
    """A number in 0..1 that belongs to the speaker for good, on every machine."""
    digest = hashlib.sha256(f"{spoken.source}/{spoken.speaker}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64

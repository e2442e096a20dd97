"""Who is trained on and who is held out: from an utterance's source and speaker to its split.

Splits go by whole corpora and whole speakers, so that no held-out voice is ever trained on:

- `test_clean`: the corpus `asterisk_en`, one studio speaker;
- `test_other`: three actors of the Amazon Queen, acted speech at 11 kHz;
- `test_languages`: Spanish by the speaker of `test_clean`, Italian by a speaker of his own, and the
  Greek of Tux Paint and KTuberling, a language that is not trained on;
- `valid`: two other actors of it, and one synthetic speaker in fifty;
- `train`: everybody else.

An actor of the game speaks several characters. Who belongs together was found by a speaker
embedding (Resemblyzer 0.1.4, the mean of up to 40 clips a character): characters that stand
together here are alike by a cosine of 0.90 (where there are few clips) to 0.98, two halves of one
character's clips by 0.97 to 0.99; none of them comes nearer than 0.90 to one outside its group.
"""

from __future__ import annotations

import hashlib
from typing import Literal, Protocol

Split = Literal["train", "valid", "test_clean", "test_other", "test_languages"]

CLEAN_CORPORA = frozenset({"asterisk_en"})
LANGUAGE_CORPORA = frozenset({"asterisk_es", "asterisk_it"})
LANGUAGE_HELD_OUT = frozenset({("tuxpaint", "el"), ("ktuberling", "el")})
"""By source and speaker, which is the language there. Nobody tells who speaks: it may be the same
woman in both."""

QUEEN_CORPORA = frozenset({"queen", "queen_untold"})
QUEEN_HELD_OUT: dict[str, Split] = {
    "naomi": "test_other",
    **dict.fromkeys(("chief", "ian", "eddy"), "test_other"),
    **dict.fromkeys(("klunk", "rico"), "test_other"),
    "jim": "valid",
    **dict.fromkeys(("oracle", "guardian"), "valid"),
}
"""By character of the Amazon Queen, an actor a line; the others are trained on."""

# Those whose `Source.real` is false; the name must do, lest reading a corpus import its sources.
SYNTHETIC = frozenset({"hibari", "espeak", "espeak_languages", "flite", "festival", "kokoro"})
SYNTHETIC_VALID_SHARE = 0.02


class HasSpeaker(Protocol):
    """Anything that knows who speaks: an utterance, or an entry of the store."""

    @property
    def source(self) -> str:
        """The source's name."""
        ...

    @property
    def speaker(self) -> str:
        """The speaker, unique within the source."""
        ...


def split_of(spoken: HasSpeaker) -> Split:
    """The split an utterance belongs to, by its corpus and speaker alone."""
    if spoken.source in CLEAN_CORPORA:
        return "test_clean"
    if spoken.source in LANGUAGE_CORPORA or (spoken.source, spoken.speaker) in LANGUAGE_HELD_OUT:
        return "test_languages"
    if spoken.source in QUEEN_CORPORA:
        return QUEEN_HELD_OUT.get(spoken.speaker, "train")
    if spoken.source in SYNTHETIC and _share(spoken) < SYNTHETIC_VALID_SHARE:
        return "valid"
    return "train"


def _share(spoken: HasSpeaker) -> float:
    """A number in 0..1 that belongs to the speaker for good, on every machine."""
    digest = hashlib.sha256(f"{spoken.source}/{spoken.speaker}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64

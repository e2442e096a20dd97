"""Splits of the corpus: an utterance's source and speaker in, its split out.

Splits consist of whole corpora and whole speakers, so no held-out voice is ever trained on:

- `test_clean`: the corpus `asterisk_en`, one studio speaker;
- `test_other`: three actors of the game Flight of the Amazon Queen, acted speech at 11 kHz;
- `test_languages`: Spanish by the speaker of `test_clean`, Italian by a speaker who is in no other
  corpus, and the Greek of Tux Paint and KTuberling, a language that is not trained on;
- `valid`: two other actors of the game, and one synthetic speaker in fifty;
- `train`: all other speakers.

An actor of the game plays several characters. A speaker embedding (Resemblyzer 0.1.4, the mean of
up to 40 clips per character) was used to group the characters by actor. Characters of one group
have a cosine similarity of 0.90 (with few clips) to 0.98; two halves of one character's clips have
0.97 to 0.99. No character has a similarity above 0.90 to a character of another group.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from typing import Literal, Protocol, final

Split = Literal["train", "valid", "test_clean", "test_other", "test_languages"]

HELD_OUT: tuple[Split, ...] = ("valid", "test_clean", "test_other", "test_languages")

CLEAN_CORPORA = frozenset({"asterisk_en"})
LANGUAGE_CORPORA = frozenset({"asterisk_es", "asterisk_it"})
LANGUAGE_HELD_OUT = frozenset({("tuxpaint", "el"), ("ktuberling", "el")})
"""Held out by source and speaker; in these sources the speaker is the language.

The sources do not name their speakers: both may be the same woman."""

QUEEN_CORPORA = frozenset({"queen", "queen_untold"})
QUEEN_HELD_OUT: dict[str, Split] = {
    "naomi": "test_other",
    **dict.fromkeys(("chief", "ian", "eddy"), "test_other"),
    **dict.fromkeys(("klunk", "rico"), "test_other"),
    "jim": "valid",
    **dict.fromkeys(("oracle", "guardian"), "valid"),
}
"""Split by character of the Amazon Queen, one actor per line; other characters are trained on."""

# The sources whose `Source.real` is false, by name: reading a corpus must not import its sources.
SYNTHETIC = frozenset({"hibari", "espeak", "espeak_languages", "flite", "festival", "kokoro"})
SYNTHETIC_VALID_SHARE = 0.02
_log = logging.getLogger("marotte")

LEAST_SPEAKERS = 3  # of one's own recordings, before whole speakers are held out


class HasSpeaker(Protocol):
    """Anything with a source and a speaker: an utterance, or an entry of the store."""

    @property
    def source(self) -> str:
        """Name of the source."""
        ...

    @property
    def speaker(self) -> str:
        """Speaker, unique within the source."""
        ...


class Spoken(HasSpeaker, Protocol):
    """The same with an id, unique within the corpus."""

    @property
    def id(self) -> str:
        """The utterance's id."""
        ...


def split_of(spoken: HasSpeaker) -> Split:
    """Return the split of an utterance, which depends only on its source and speaker.

    Example:
        >>> from marotte.learn.data.schema import Entry
        >>> from marotte.learn.data.splits import split_of
        >>> split_of(Entry("queen/jim/1", "queen", "jim", "en", "", "", 11_025, 2.0))
        'valid'
    """
    if spoken.source in CLEAN_CORPORA:
        return "test_clean"
    if spoken.source in LANGUAGE_CORPORA or (spoken.source, spoken.speaker) in LANGUAGE_HELD_OUT:
        return "test_languages"
    if spoken.source in QUEEN_CORPORA:
        return QUEEN_HELD_OUT.get(spoken.speaker, "train")
    if spoken.source in SYNTHETIC and _share(spoken) < SYNTHETIC_VALID_SHARE:
        return "valid"
    return "train"


def held_out(entries: Iterable[Spoken], *, announce: bool = False) -> frozenset[str]:
    """Return the utterances of a corpus that validate a training although their split is `train`.

    A corpus of one's own recordings has no `valid` speech. Then whole speakers are held out where
    there are three or more, and utterances otherwise: about a tenth, the same on every machine.

    Args:
        entries: all utterances of the corpus.
        announce: whether to say so, as a warning of the logger `marotte`.

    Returns:
        Their ids; none if the corpus has `valid` speech, or only one utterance to train on.

    Example:
        >>> from marotte.learn.data.schema import Entry
        >>> from marotte.learn.data.splits import held_out
        >>> mine = [Entry(f"me/{k}", "folder", "me", "en", "", "", 16_000, 2.0) for k in range(9)]
        >>> len(held_out(mine))
        1
    """
    kept = list(entries)
    trained = [entry for entry in kept if split_of(entry) == "train"]
    if len(trained) < 2 or any(split_of(entry) == "valid" for entry in kept):
        return frozenset()
    speakers = {(entry.source, entry.speaker): _share(entry) for entry in trained}
    if by_speaker := len(speakers) >= LEAST_SPEAKERS:
        shares, what = {f"{s}/{name}": share for (s, name), share in speakers.items()}, "speakers"
    else:
        shares, what = {entry.id: _share_of(entry.id) for entry in trained}, "utterances"
    chosen = set(sorted(shares, key=lambda key: (shares[key], key))[: -(-len(shares) // 10)])
    if announce:
        _log.warning(
            f"the corpus has no `valid` speech: {len(chosen)} of {len(shares)} {what} validate and "
            "are not trained on"
        )
    return frozenset(
        entry.id
        for entry in trained
        if (f"{entry.source}/{entry.speaker}" if by_speaker else entry.id) in chosen
    )


@final
class CorpusSplits:
    """The split of each utterance of a corpus: `split_of`, and `valid` for those of `held_out`.

    Example:
        >>> from marotte.learn.data.schema import Entry
        >>> from marotte.learn.data.splits import CorpusSplits
        >>> mine = [Entry(f"me/{k}", "folder", "me", "en", "", "", 16_000, 2.0) for k in range(9)]
        >>> splits = CorpusSplits(mine)
        >>> sorted(splits.of(entry) for entry in mine)[-2:]
        ['train', 'valid']
    """

    def __init__(self, entries: Iterable[Spoken], *, announce: bool = False) -> None:
        """Take all utterances of the corpus; `announce` as in `held_out`."""
        self._held_out = held_out(entries, announce=announce)

    def of(self, spoken: Spoken) -> Split:
        """Return the split of one of the utterances."""
        return "valid" if spoken.id in self._held_out else split_of(spoken)


def _share(spoken: HasSpeaker) -> float:
    """Return a pseudo-random number in 0..1 per speaker, the same on every machine."""
    return _share_of(f"{spoken.source}/{spoken.speaker}")


def _share_of(name: str) -> float:
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64

"""Maps from phonemes to visemes out of the literature: ARPAbet in, names of classes out.

- Jeffers & Barley 1971: 11 classes;
- Bozkurt et al. 2007: 15 classes;
- VisemeNet (Zhou et al. 2018), which has JALI's classes: 19; which phoneme goes where is our
  reading.

Silence is a class of its own in each.
"""

from __future__ import annotations

from collections.abc import Sequence

from marotte.learn.speech.phones import TO_ARPABET
from marotte.learn.utterance import Phone

SILENCE = "sil"


def _classes(*groups: str) -> dict[str, str]:
    """Each phoneme's class, called by its members, or by a name before a colon."""
    found: dict[str, str] = {}
    for group in groups:
        name, _, members = group.rpartition(": ")
        found |= dict.fromkeys(members.split(), name or members)
    return found


JEFFERS = _classes(
    "F V",
    "ER OW R W UH UW",
    "B P M",
    "AW",
    "DH TH",
    "CH JH SH ZH",
    "OY AO",
    "S Z",
    "AA AE AH AY EH EY IH IY Y",
    "D L N T",
    "G K NG",
)
"""Its HH looks like the sound after it."""

BOZKURT = _classes(
    "AY AH",
    "EY EH AE",
    "ER",
    "IY IH Y",
    "UW UH W",
    "AO AA OY OW",
    "AW",
    "G HH K NG",
    "R",
    "L D N T",
    "S Z",
    "CH SH JH ZH",
    "TH DH",
    "F V",
    "M B P",
)

VISEMENET = _classes(
    "Ah: AA",
    "Aa: AE AY AW",
    "Eh: EH EY",
    "Ee: IY",
    "Ih: IH",
    "Oh: AO OW OY",
    "Uh: UH",
    "U: UW",
    "Schwa: AH",
    "R: R ER",
    "S: S Z",
    "ShChZh: SH CH ZH JH",
    "Th: TH DH",
    "JY: Y",
    "LNTD: L N T D",
    "GK: G K NG HH",
    "MBP: M B P",
    "FV: F V",
    "W: W",
)

MAPS = {"Jeffers & Barley": JEFFERS, "Bozkurt": BOZKURT, "VisemeNet": VISEMENET}
PHONEMES = "phonemes"


def labels_of(phones: Sequence[Phone], number: int | None) -> dict[str, str]:
    """The class of one of an utterance's phones in each map, and the phoneme itself.

    Args:
        phones: of the utterance.
        number: which of them; None is silence.
    """
    if number is None or not phones[number].ipa:
        return dict.fromkeys((PHONEMES, *MAPS), SILENCE)
    said = _arpabet(phones[number])
    found = {PHONEMES: said}
    for name, classes in MAPS.items():
        seen = said
        if said not in classes:  # Jeffers' HH
            after = phones[number + 1] if number + 1 < len(phones) else None
            seen = _arpabet(after) if after and after.ipa else "AH"
        found[name] = classes.get(seen, classes["AH"])
    return found


def _arpabet(phone: Phone) -> str:
    return TO_ARPABET[phone.ipa][0]

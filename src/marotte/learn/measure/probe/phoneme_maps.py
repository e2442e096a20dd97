"""Maps from ARPAbet phonemes to viseme classes, taken from the literature.

- Jeffers & Barley 1971: 11 classes.
- Bozkurt et al. 2007: 15 classes.
- VisemeNet (Zhou et al. 2018), which uses JALI's classes: 19 classes. The paper does not list the
  phonemes of each class; the assignment here is ours.

Silence is a class by itself in each map.
"""

from __future__ import annotations

from collections.abc import Sequence

from marotte.learn.speech.phones import TO_ARPABET
from marotte.learn.utterance import Phone

SILENCE = "sil"


def _classes(*groups: str) -> dict[str, str]:
    """Return the class of each phoneme; a class is named by its members, or before a colon."""
    classes: dict[str, str] = {}
    for group in groups:
        name, _, members = group.rpartition(": ")
        classes |= dict.fromkeys(members.split(), name or members)
    return classes


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
"""Jeffers & Barley's classes. HH has no class: it looks like the sound after it."""

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


def phone_classes(phones: Sequence[Phone], number: int | None) -> dict[str, str]:
    """Return the phoneme of one of an utterance's phones and its class in each map.

    Args:
        phones: all phones of the utterance.
        number: the index of the phone; None is silence.

    Example:
        >>> phone_classes([Phone("m", 0.0, 0.1)], 0)["Bozkurt"]
        'M B P'
    """
    if number is None or not phones[number].ipa:
        return dict.fromkeys((PHONEMES, *MAPS), SILENCE)
    phoneme = _arpabet(phones[number])
    result = {PHONEMES: phoneme}
    for name, classes in MAPS.items():
        visible = phoneme
        if phoneme not in classes:  # Jeffers' HH
            after = phones[number + 1] if number + 1 < len(phones) else None
            visible = _arpabet(after) if after and after.ipa else "AH"
        result[name] = classes.get(visible, classes["AH"])
    return result


def _arpabet(phone: Phone) -> str:
    return TO_ARPABET[phone.ipa][0]

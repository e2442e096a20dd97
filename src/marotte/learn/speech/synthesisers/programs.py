"""What the programs flite and festival share: how to find them, and the phones of their voices."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping

from marotte.errors import MarotteError
from marotte.learn.speech.phones import ARPABET
from marotte.learn.utterance import Phone

TIMEOUT_S = 120.0  # far more than any sentence takes
US_PHONES = {name.lower(): ipa for name, ipa in ARPABET.items()} | {
    "ax": "ə", "axr": "ɚ", "dx": "d", "el": "l", "em": "m", "en": "n", "hv": "h", "nx": "n",
}  # fmt: skip
"""The phones of the American voices of both programs, in IPA."""

_SILENCES = frozenset({"pau", "#", "h#", "brth", "_"})


def find_program(package: str) -> str:
    """Return the path of the program that has the same name as its Debian package.

    Raises:
        MarotteError: the program is not installed.
    """
    program = shutil.which(package)
    if program is None:
        raise MarotteError(
            f"the program {package} is missing: install the Debian package {package}"
        )
    return program


def voice_phones(
    ends: Iterable[tuple[str, float]], seconds: float, ipa: Mapping[str, str]
) -> tuple[Phone, ...]:
    """Return the phones of a synthesised sound.

    Args:
        ends: the name of each phone, as the voice calls it, and its end in seconds.
        seconds: duration of the sound; phones end there at the latest.
        ipa: the phone in IPA for each name.

    Raises:
        MarotteError: a name is unknown.

    Example:
        >>> voice_phones([("pau", 0.1), ("ax", 0.3)], 0.25, US_PHONES)
        (Phone(ipa='ə', start_s=0.1, end_s=0.25, stress=0),)
    """
    phones: list[Phone] = []
    start_s = 0.0
    for name, reported_end_s in ends:
        end_s = min(reported_end_s, seconds)
        if name not in _SILENCES:
            if name not in ipa:
                raise MarotteError(
                    f"unknown phone {name!r}: add it to marotte.learn.speech.synthesisers"
                )
            if end_s > start_s:
                phones.append(Phone(ipa[name], start_s, end_s))
        start_s = end_s
    return tuple(phones)

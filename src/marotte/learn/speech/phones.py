"""Phones: symbols of any engine, in IPA or ARPAbet, in; symbols of one small inventory out.

`INVENTORY` holds the phones that every teacher must know, and `normalise` maps the symbols of every
engine into it. Diphthongs and affricates are one symbol. The voiced velar stop is the letter `g`.
Sounds that look alike on lips and jaw share one symbol: every fricative from the back of the mouth
is `x`, and every nasal of the tongue except `ŋ` is `n`. Length, tone, stress and secondary
articulation are dropped, except the rounding of the lips: `kʷ` becomes `k w`.
"""

from __future__ import annotations

import unicodedata

from marotte.errors import MarotteError


def _symbols(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


CONSONANTS = _symbols("p b m ɸ β f v w ɥ θ ð t d n s z l r ɹ ʃ ʒ tʃ dʒ ɕ ʑ tɕ dʑ ts j k g ŋ x h ʔ")
MONOPHTHONGS = _symbols("i y ɪ e ø ɛ œ æ a ɐ ə ɜ ɚ ʌ ɑ ɒ ɔ o ʊ u")
DIPHTHONGS = _symbols("aɪ aʊ eɪ oʊ ɔɪ")
VOWELS = MONOPHTHONGS | DIPHTHONGS
INVENTORY = CONSONANTS | VOWELS

BILABIALS = _symbols("p b m")
"""Phones with closed lips. In /ɸ β/ the lips come near each other and do not touch."""

LABIODENTALS = _symbols("f v")
"""Phones with the lower lip at the upper teeth."""

OPEN_VOWELS = _symbols("a ɑ ɒ æ ɐ ʌ ɔ ɛ œ aɪ aʊ ɔɪ")
"""Vowels in whose middle the jaw is down and the lips must be apart.

These are the open and open-mid vowels and the diphthongs that begin with one. Schwa is not among
them: it takes the shape of its neighbours and can be very short.
"""

_VISEME_PHONES = {
    "PP": "p b m ɸ β",
    "FF": "f v",
    "TH": "θ ð",
    "DD": "t d",
    "kk": "k g ŋ x h ʔ",
    "CH": "tʃ dʒ ʃ ʒ tɕ dʑ ɕ ʑ",
    "SS": "s z ts",
    "nn": "n l",
    "RR": "r ɹ ɚ ɜ",
    "aa": "a ɑ ɒ æ ɐ ʌ ə aɪ aʊ",
    "E": "e ɛ ø œ eɪ",
    "ih": "i ɪ j",
    "oh": "o ɔ oʊ ɔɪ",
    "ou": "u ʊ y w ɥ",
}
VISEME_OF = {phone: name for name, phones in _VISEME_PHONES.items() for phone in phones.split()}
VISEME_OF[""] = "sil"
"""The Oculus viseme of every phone in the inventory; silence is the empty string."""

ARPABET = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "B": "b", "CH": "tʃ",
    "D": "d", "DH": "ð", "EH": "ɛ", "ER": "ɚ", "EY": "eɪ", "F": "f", "G": "g", "HH": "h",
    "IH": "ɪ", "IY": "i", "JH": "dʒ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ",
    "OW": "oʊ", "OY": "ɔɪ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ",
    "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
"""The phones of the CMU dictionary in IPA. Its AH is `ʌ` with stress and `ə` without."""

_NEAREST_ARPABET = {
    "ɸ": "F", "β": "V", "ɕ": "SH", "ʑ": "ZH", "tɕ": "CH", "dʑ": "JH", "ɥ": "W",
    "r": "R", "ts": "T S", "x": "HH", "ʔ": "T", "y": "UW", "e": "EH", "ø": "ER",
    "œ": "ER", "a": "AA", "ɐ": "AH", "ə": "AH", "ɜ": "ER", "ɒ": "AA", "o": "OW",
}  # fmt: skip
TO_ARPABET = {ipa: (arpa,) for arpa, ipa in ARPABET.items()} | {
    ipa: tuple(arpa.split()) for ipa, arpa in _NEAREST_ARPABET.items()
}
"""The nearest phones of the CMU dictionary for every phone in the inventory."""

STRESS_MARKS = {"ˈ": 1, "ˌ": 2}
"""Primary and secondary stress in IPA."""

# Other symbols, with the symbols of the inventory that replace them.
_SPELLINGS = {
    "ɡ": "g", "q": "k", "ɢ": "g", "c": "k", "ɟ": "g", "ʈ": "t", "ɖ": "d", "ɾ": "d", "ɽ": "d",
    "ɱ": "v", "ɲ": "n", "ɳ": "n", "ɴ": "n", "ʋ": "v", "ⱱ": "v", "ʙ": "b", "ʂ": "ʃ", "ʐ": "ʒ",
    "ç": "x", "ʝ": "j", "χ": "x", "ɣ": "x", "ʁ": "x", "ħ": "h", "ʕ": "x", "ɧ": "ʃ", "sx": "ʃ",
    "ɦ": "h", "ʀ": "x", "ɻ": "ɹ", "ɫ": "l", "ʎ": "l", "ɬ": "l", "ɭ": "l", "ɮ": "l", "ɺ": "l",
    "ʟ": "l", "ɰ": "x", "ř": "ʒ", "ʧ": "tʃ", "ʤ": "dʒ", "ʦ": "ts", "ʣ": "z", "ʨ": "tɕ",
    "ʥ": "dʑ", "tʂ": "tʃ", "dʐ": "dʒ", "ʈʂ": "tʃ", "ɖʐ": "dʒ", "ʷ": "w", "ʍ": "w", "ᶣ": "ɥ",
    "ɓ": "b", "ɗ": "d", "ᶑ": "d", "ʄ": "g", "ɠ": "g", "ʛ": "g",
    "ʘ": "p", "ǀ": "t", "ǃ": "t", "ǂ": "t", "ǁ": "l",
    "ᵻ": "ɪ", "ɨ": "ɪ", "ɯ": "ɪ", "ɯᵝ": "ʊ", "ɨᵝ": "ʊ", "ʏ": "y", "ᵊ": "ə", "ɘ": "ə", "ɤ": "ə",
    "ɵ": "ø", "ʉ": "u", "ε": "ɛ", "?": "ʔ",
    "ɞ": "ɜ", "ɶ": "œ", "ɝ": "ɚ", "ɜɹ": "ɚ", "əɹ": "ɚ", "əʊ": "oʊ", "əu": "oʊ", "ou": "oʊ",
    "ei": "eɪ", "ɛɪ": "eɪ", "ai": "aɪ", "ɑɪ": "aɪ", "au": "aʊ", "ɑʊ": "aʊ", "æʊ": "aʊ",
    "oɪ": "ɔɪ", "ɔi": "ɔɪ", "oi": "ɔɪ", "ɔø": "ɔɪ", "ɔʏ": "ɔɪ",
}  # fmt: skip
# Symbols with another meaning in some languages. espeak-ng writes y for the ɨ or ɯ of some of them
# and ɜ for the last vowel of German "besser". The letter v of Spanish and Catalan is a soft b.
_NO_Y = {"y": "ɪ"}
_SOFT_B = {"v": "β"}
_IN_LANGUAGE = {
    "ca": _SOFT_B, "de": {"ɜ": "ɐ"}, "es": _SOFT_B,
    "pt": _NO_Y, "ro": _NO_Y, "ru": _NO_Y, "vi": _NO_Y,
}  # fmt: skip
_KNOWN = {symbol: symbol for symbol in INVENTORY} | _SPELLINGS
_LONGEST = max(map(len, _KNOWN))
# Stress, length, ties, tone letters, aspiration and so on: lips and jaw do not show them.
_MARKS = frozenset("ˈˌːˑ͜͡ʰʱʲˠˤʼˀⁿˡ˞^:;.-'\"`#|‖_ ˥˦˧˨˩↓↑→↗↘") | frozenset("0123456789")
# Letters that would be another sound without their mark, in decomposed and composed form.
_COMPOSED = {"c\u0327": "ç", "r\u031d": "ř", "r\u030c": "ř"}


def normalise(symbol: str, language: str = "") -> tuple[str, ...]:
    """Return the phones of the inventory for the symbol of an engine.

    Most symbols give one phone. Some give two or three (`aɪə` gives `aɪ ə`), a nasal vowel gives
    the vowel alone, and a mark gives none.

    Args:
        symbol: IPA as the engine writes it.
        language: ISO 639-1 code; in some languages a symbol has another meaning.

    Raises:
        MarotteError: the symbol contains a letter that Marotte does not know as IPA.

    Example:
        >>> normalise("ˈt͡ʃ"), normalise("aɪə")
        (('tʃ',), ('aɪ', 'ə'))
    """
    letters = unicodedata.normalize("NFD", symbol)
    for decomposed, composed in _COMPOSED.items():
        letters = letters.replace(decomposed, composed)
    letters = "".join(
        letter for letter in letters if letter not in _MARKS and not unicodedata.combining(letter)
    )
    if letters[-1:] == "ɜ" and letters[-2:-1] in MONOPHTHONGS:
        letters = letters[:-1]  # espeak-ng writes tone 3 of Chinese and Vietnamese as ɜ
    phones: list[str] = []
    while letters:
        for length in range(min(_LONGEST, len(letters)), 0, -1):
            if letters[:length] in _KNOWN:
                phones.append(_KNOWN[letters[:length]])
                letters = letters[length:]
                break
        else:
            raise MarotteError(
                f"unknown phone {symbol!r} (at {letters!r}): add it to marotte.learn.speech.phones"
            )
    changes = _IN_LANGUAGE.get(language, {})
    return tuple(changes.get(phone, phone) for phone in phones)


def stress_of(symbol: str) -> int:
    """Return the stress that the marks in a symbol give: 0 for none, 1 primary, 2 secondary.

    Example:
        >>> stress_of("ˈaɪ"), stress_of("ˌe"), stress_of("m")
        (1, 2, 0)
    """
    return next((stress for mark, stress in STRESS_MARKS.items() if mark in symbol), 0)

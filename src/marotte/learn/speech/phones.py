"""Phones: any engine's IPA or ARPAbet in, one small inventory of symbols and its classes out.

`INVENTORY` is what teachers must know, `normalise` brings every engine's symbol into it.
Diphthongs and affricates are one symbol. The voiced velar stop is the letter `g`. What lips and
jaw do alike is one symbol (every sound of the back of the mouth that rubs is `x`, every nasal of
the tongue but `ŋ` is `n`); length, tone, stress and secondary articulation are dropped, but for the
rounding of lips (`kʷ` is `k w`).
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
"""The lips meet. Those of /ɸ β/ come near and do not touch."""

LABIODENTALS = _symbols("f v")
"""The lower lip touches the upper teeth."""

OPEN_VOWELS = _symbols("a ɑ ɒ æ ɐ ʌ ɔ ɛ œ aɪ aʊ ɔɪ")
"""The jaw is down and the lips must be apart at the middle of the vowel: the open and open-mid
vowels, and the diphthongs that begin with one. Schwa is not among them: it goes with its
neighbours and can be very short."""

VISEMES = ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou")
"""The fifteen mouth shapes of Oculus, in its order."""

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
"""The viseme of every phone in the inventory; silence is the empty string."""

ARPABET = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "B": "b", "CH": "tʃ",
    "D": "d", "DH": "ð", "EH": "ɛ", "ER": "ɚ", "EY": "eɪ", "F": "f", "G": "g", "HH": "h",
    "IH": "ɪ", "IY": "i", "JH": "dʒ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ",
    "OW": "oʊ", "OY": "ɔɪ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ",
    "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
"""The CMU dictionary's phones in IPA. Its AH is `ʌ` under stress and `ə` without."""

_NEAREST_ARPABET = {
    "ɸ": "F", "β": "V", "ɕ": "SH", "ʑ": "ZH", "tɕ": "CH", "dʑ": "JH", "ɥ": "W",
    "r": "R", "ts": "T S", "x": "HH", "ʔ": "T", "y": "UW", "e": "EH", "ø": "ER",
    "œ": "ER", "a": "AA", "ɐ": "AH", "ə": "AH", "ɜ": "ER", "ɒ": "AA", "o": "OW",
}  # fmt: skip
TO_ARPABET = {ipa: (arpa,) for arpa, ipa in ARPABET.items()} | {
    ipa: tuple(arpa.split()) for ipa, arpa in _NEAREST_ARPABET.items()
}
"""The nearest CMU phones of every phone in the inventory."""

# What other symbols become.
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
# What a symbol means in a language that lacks its sound: espeak-ng writes y for the ɨ or ɯ of some
# and ɜ for the last vowel of German "besser"; the v of Spanish and Catalan spelling is a soft b.
_NO_Y = {"y": "ɪ"}
_SOFT_B = {"v": "β"}
_IN_LANGUAGE = {
    "ca": _SOFT_B, "de": {"ɜ": "ɐ"}, "es": _SOFT_B,
    "pt": _NO_Y, "ro": _NO_Y, "ru": _NO_Y, "vi": _NO_Y,
}  # fmt: skip
_KNOWN = {symbol: symbol for symbol in INVENTORY} | _SPELLINGS
_LONGEST = max(map(len, _KNOWN))
# Stress, length, ties, tone letters, aspiration and the like: nothing that lips or jaw would show.
_MARKS = frozenset("ˈˌːˑ͜͡ʰʱʲˠˤʼˀⁿˡ˞^:;.-'\"`#|‖_ ˥˦˧˨˩↓↑→↗↘") | frozenset("0123456789")
_VOWEL_LETTERS = MONOPHTHONGS
# Letters whose mark, taken apart from them and dropped, would leave another sound.
_WHOLE = {"c\u0327": "ç", "r\u031d": "ř", "r\u030c": "ř"}


def normalise(symbol: str, language: str = "") -> tuple[str, ...]:
    """The phones of the inventory that an engine's symbol stands for.

    Most symbols stand for one phone; some for two or three (`aɪə` is `aɪ ə`, a nasal vowel is
    the vowel alone), and marks for none at all.

    Args:
        symbol: IPA as the engine writes it.
        language: ISO 639-1; in some languages a symbol means another sound.

    Raises:
        MarotteError: the symbol holds a letter that is not IPA as far as Marotte knows.
    """
    letters = unicodedata.normalize("NFD", symbol)
    for apart, whole in _WHOLE.items():
        letters = letters.replace(apart, whole)
    letters = "".join(
        letter for letter in letters if letter not in _MARKS and not unicodedata.combining(letter)
    )
    if letters[-1:] == "ɜ" and letters[-2:-1] in _VOWEL_LETTERS:
        letters = letters[:-1]  # espeak-ng spells the tone 3 of Chinese and Vietnamese so
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
    other = _IN_LANGUAGE.get(language, {})
    return tuple(other.get(phone, phone) for phone in phones)

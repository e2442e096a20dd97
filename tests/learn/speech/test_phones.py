"""The inventory of phones, and the symbols of engines that become its phones."""

import pytest

from marotte.errors import MarotteError
from marotte.face.visemes import VISEMES
from marotte.learn.speech import phones as p


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("ɡ", ("g",)),
        ("t͡ʃ", ("tʃ",)),
        ("ʤ", ("dʒ",)),
        ("ɑː", ("ɑ",)),
        ("ˈaɪ", ("aɪ",)),
        ("əʊ", ("oʊ",)),
        ("aɪə", ("aɪ", "ə")),
        ("ɜː", ("ɜ",)),
        ("ɝ", ("ɚ",)),
        ("ᵻ", ("ɪ",)),
        ("ɔ̃", ("ɔ",)),
        ("tʲ", ("t",)),
        ("ç", ("x",)),
        ("n̩", ("n",)),
        ("β̞", ("β",)),
        ("ʑː", ("ʑ",)),
        ("t͡ɕ", ("tɕ",)),
        ("r̝", ("ʒ",)),
        ("r̝̊", ("ʒ",)),
        ("ř", ("ʒ",)),
        ("ɱ", ("v",)),
        ("kʷ", ("k", "w")),
        ("k͡p", ("k", "p")),
        ("ɯᵝ", ("ʊ",)),
        ("ɗ", ("d",)),
        ("pʼ", ("p",)),
        ("ǃ", ("t",)),
        ("p`", ("p",)),
        ("uoɜ", ("u", "o")),
        ("ts", ("ts",)),
        ("ˈ", ()),
        ("ˈ?a", ("ʔ", "a")),
        ("ɪ^", ("ɪ",)),
        ("", ()),
    ],
)
def test_symbols_of_engines_are_normalised(symbol, expected):
    assert p.normalise(symbol) == expected


def test_phones_of_the_inventory_stay_as_they_are():
    assert all(p.normalise(phone) == (phone,) for phone in p.INVENTORY)


def test_every_spelling_becomes_a_phone_of_the_inventory():
    assert set(p._KNOWN.values()) == p.INVENTORY


def test_every_phone_has_a_viseme_and_an_arpabet():
    assert p.INVENTORY | {""} == set(p.VISEME_OF)
    assert set(p.VISEME_OF.values()) == set(VISEMES)
    assert set(p.TO_ARPABET) == p.INVENTORY
    assert {arpa for each in p.TO_ARPABET.values() for arpa in each} == set(p.ARPABET)


def test_classes_are_subsets_of_the_inventory():
    assert p.BILABIALS | p.LABIODENTALS <= p.CONSONANTS
    assert p.OPEN_VOWELS < p.VOWELS
    assert not p.VOWELS & p.CONSONANTS


# The symbols of espeak-ng for words with the rarer sounds of each language, except symbols of the
# inventory.
ESPEAK = {
    "en-us": "aɪɚ n̩ ɑː əl ɜː ɡ ɾ ʊɹ",
    "de": "eː iː oː pf uː yː ç øː ɑː ɑ̃ ɔø ɛː ɡ ɾ ʏ",
    "es": "ɡ ɣ ɲ ɾ ʎ ʝ",
    "fr": "a- e- œ̃ ɑː ɑ̃ ɔ̃ ə- ɛ̃ ɡ ɲ ʁ",
    "it": "bː dz dzː kː tsː ɡ ɲ ɾ ʎ",
    "ru": 'dʲ ja kʲ nʲ pʲ rʲ tʃʲ tʲ u" vʲ ɡ ɭʲ ɵ',
    "pl": "pʲ vʲ ɔ̃ ɛ̃ ɡ ɨ ɲ ɲʲ",
    "nl": "aː eʊ oː øː œy ɛɪ ɣ ʋ ʌʊ",
    "sv": "iː kː oː sx uː yː øː ɑː ɛː ɡ ɵ ʂ ʉ",
    "cs": "aː c eʊ iː r̝ r̝̊ r̩ uː ɟ ɲ",
    "da": "yː ɐ̯ ɡ ʁ ʋ ʔe ʔo ʔu ʔœ ʔʌ ε",
    "el": "c ç ɡ ɣ ʎ",
    "ro": "ea kʲ mʲʲ nʲʲ pʲʲ tʃʲ yɪ ɔa əʊ ɡ ɡʲ ɨ ɾ",
    "bg": "iː vʲ ɡ ɫ",
    "be": "d͡zʲ lʲ nʲ sʲ t͡st͡sʲ t͡sʲ ɣ ɨ ʂ ʈ͡ʂ ʐ",
    "ca": "ɡ ɣ ɲ ɾ ʎ",
    "pt": "oɪ õ ũ ɐ̃ ɐ̃ʊ̃ ɡ ɨ ɲ ɾ ʁ ʎ",
    "ja": "e̞ kʲ nʲ o̞ ä ç ũ ɡ ɡʲ ɯᵝ ɴ ɽ ɽʲ",
    "tr": "aː ɟ ɫ ɯ",
    "hi": "aː ã bʰ c cʰ dʰ eː kʰ oː pʰ r. tʰ uː ɔː ɖ ɖʰ ɛː ɛ̃ ɟʰ ɡ ɡʰ ɳ ɾ ʂ ʈ ʈʰ ʋ",
    "cmn": (
        "a5 ei2 ei5 eiɜ i.5 i.ɜ i2 i5 iɑ1 i̪5 o-5 o2 onɡ5 s. ts. ts.h tsh tɕh uoɜ y2 y5 yɛ5 "
        "yɛɜ ɑ5 ɑu2 ɑu5 ɑɜ ə1 ə2 ə5 ər5 əɜ ʐ χ"
    ),
    "ar": "aː dˤ iː q s̪ t̪ ħ ɣ ʕ χ",
    "fi": "au ei ie uo uː yø æi æː øy",
    "hu": "aː c eː iː oː uː yː øː ɟ ɲ",
    "uk": "iː t̪ ɡ ɲ ʎ",
    "ko": "p- q q- s- t- ɫ ɯ",
    "vi": "aː2 aː4 c iɛ iɛ2 t̪ uəɜ y5 yə2 yəɜ ɗ əː əː2 əː4 ɛ4 ɲ",
    "is": "aː iː n# oʊː r# uː ç ɛː ɡ ʋ",
}


@pytest.mark.parametrize("language", ESPEAK)
def test_every_phone_of_espeak_is_covered(language):
    for symbol in ESPEAK[language].split():
        assert p.normalise(symbol), symbol


@pytest.mark.parametrize(
    ("language", "symbol", "expected"),
    [
        ("ru", "ˈy", ("ɪ",)),
        ("ro", "yɪ", ("ɪ", "ɪ")),
        ("de", "yː", ("y",)),
        ("de", "ɜ", ("ɐ",)),
        ("en", "ɜː", ("ɜ",)),
        ("es", "v", ("β",)),
        ("fr", "v", ("v",)),
    ],
)
def test_a_symbol_can_have_another_meaning_in_a_language(language, symbol, expected):
    assert p.normalise(symbol, language) == expected


def test_an_unknown_letter_is_an_error():
    with pytest.raises(MarotteError, match="unknown phone 'aЖ'"):
        p.normalise("aЖ")

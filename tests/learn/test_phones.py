import pytest

from marotte.errors import MarotteError
from marotte.learn import phones as p


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
        ("ts", ("ts",)),
        ("ˈ", ()),
        ("ˈ?a", ("ʔ", "a")),
        ("ɪ^", ("ɪ",)),
        ("", ()),
    ],
)
def test_symbols_of_engines_come_into_the_inventory(symbol, expected):
    assert p.normalise(symbol) == expected


def test_the_inventory_is_its_own_normal_form():
    assert all(p.normalise(phone) == (phone,) for phone in p.INVENTORY)


def test_every_spelling_leads_into_the_inventory():
    assert set(p._KNOWN.values()) == p.INVENTORY


def test_every_phone_has_a_viseme_and_an_arpabet():
    assert p.INVENTORY | {""} == set(p.VISEME_OF)
    assert set(p.VISEME_OF.values()) == set(p.VISEMES)
    assert set(p.TO_ARPABET) == p.INVENTORY
    assert {arpa for each in p.TO_ARPABET.values() for arpa in each} == set(p.ARPABET)


def test_classes_are_of_the_inventory():
    assert p.BILABIALS | p.LABIODENTALS <= p.CONSONANTS
    assert p.OPEN_VOWELS < p.VOWELS
    assert not p.VOWELS & p.CONSONANTS


def test_an_unknown_letter_is_said():
    with pytest.raises(MarotteError, match="unknown phone 'aЖ'"):
        p.normalise("aЖ")

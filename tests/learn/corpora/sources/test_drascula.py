"""Drascula: clips of a made-up data file."""

import pytest
from game_data import drascula_texts
from layouts import (
    als,
    put,
    well_formed,
)

from marotte.errors import MarotteError
from marotte.learn.corpora.sources.drascula import DrasculaEn, DrasculaEs, read_texts
from marotte.learn.errors import Skip


@pytest.mark.parametrize(("source", "language"), [(DrasculaEn(), "en"), (DrasculaEs(), "es")])
def test_clips_are_aligned_by_character(source, language, debroot):
    english = ["", "THE BIG PUMP", "MY MOTHER HAS A MAP"]
    spanish = ["", "LA BOMBA", "¿MI MAMÁ BEBE UN VASO DE VINO?"]
    empty = [[["x"], ["x"]]] * 10
    file = (
        debroot / source.packages[0].probe,
        drascula_texts([[english, spanish], *empty, [["x"]] * 2]),
    )
    put(*file)
    folder = file[0].parent
    text = {"en": english, "es": spanish}[language][2]
    put(folder / "2.ALS", als(text.lower(), language))
    put(folder / "S9.ALS", b"a sound effect")
    put(folder / "1.ALS", b"")
    assert source.items() == ["1", "2", "S9"]
    utterance = source.utterance("2")
    assert well_formed(utterance)
    assert utterance.text == text.lower()
    assert (utterance.speaker, utterance.language, utterance.rate) == ("hero", language, 11_025)
    with pytest.raises(Skip, match="no text"):
        source.utterance("S9")
    with pytest.raises(Skip, match="shorter than"):
        source.utterance("1")


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"something", "not the data file of Drascula"), (b"DRASCULA\x06\0", "is damaged")],
)
def test_another_file_is_refused(tmp_path, data, message):
    put(tmp_path / "drascula.dat", data)
    with pytest.raises(MarotteError, match=message):
        read_texts(tmp_path / "drascula.dat", "en")

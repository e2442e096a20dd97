"""KLettres: letters of a made-up package."""

from layouts import (
    put_klettres,
    well_formed,
)


def test_letters_and_syllables_in_their_languages(debroot):
    source = put_klettres(debroot)
    assert source.items() == ["en/syllab/ma", "pt_BR/alpha/b"]
    ma, b = map(source.utterance, source.items())
    assert (ma.id, ma.text, ma.phones) == ("klettres/en/syllab/ma", "ma", ())
    assert (b.speaker, b.language, b.text, b.rate) == ("pt_BR", "pt", "", 16_000)
    assert well_formed(ma)

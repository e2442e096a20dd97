"""Tux Paint: descriptions of a made-up package."""

import pytest
from layouts import (
    ogg,
    put,
    well_formed,
)

from marotte.learn.corpora import debian
from marotte.learn.corpora.sources.tuxpaint import TuxPaint
from marotte.learn.errors import Skip


def test_descriptions_in_several_languages(debroot):
    folder = debroot / debian.TUXPAINT.probe / "birds"
    ogg(folder / "duck_desc_fr.ogg", "Un beau canard bleu.", "fr", 44_100)
    ogg(folder / "duck_desc_es.ogg", "Un pato azul.", "es")
    ogg(folder / "owl_desc_fr.ogg", "Un hibou.", "fr")
    put(folder / "duck_desc_ru.ogg", b"not an Ogg file")
    put(folder / "duck.ogg", b"quack")
    put(
        folder / "duck.txt",
        "A duck.\nes.utf8=Un pato azul.\nfr.utf8=Un beau canard bleu. \nru.utf8=Утка.\n".encode(),
    )
    put(folder / "owl.txt", b"An owl.\nes.utf8=Un buho.\n")
    source = TuxPaint(languages=("es", "fr", "ru"))
    stem = "animals/birds/"
    assert source.items() == [f"es/{stem}duck", f"fr/{stem}duck", f"fr/{stem}owl", f"ru/{stem}duck"]
    utterance = source.utterance(f"fr/{stem}duck")
    assert well_formed(utterance)
    assert (utterance.text, utterance.language) == ("Un beau canard bleu.", "fr")
    assert utterance.rate == 44_100
    assert utterance.id == f"tuxpaint/fr/{stem}duck"
    assert [phone.ipa for phone in utterance.phones if phone.ipa in ("b", "n")] == list("bnb")
    with pytest.raises(Skip, match="no text in the language of the sound"):
        source.utterance(f"fr/{stem}owl")
    with pytest.raises(Skip, match="a sound file that can't be read"):
        source.utterance(f"ru/{stem}duck")

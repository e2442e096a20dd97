"""Asterisk: prompts of a made-up package."""

import gzip

import pytest
from layouts import (
    g722,
    put,
    say_in,
    well_formed,
)

from marotte.learn.corpora import debian
from marotte.learn.corpora.sources.asterisk import (
    AsteriskEn,
    AsteriskIt,
)
from marotte.learn.data.splits import split_of
from marotte.learn.errors import Skip
from marotte.learn.speech.synthesisers.espeak import espeak


def test_prompts_are_aligned(debroot):
    import soxr

    text = "Please press the pound key."
    samples, _ = espeak().say(text, "en-us+f3")
    folder = (debroot / debian.ASTERISK_EN[0].probe).parent
    put(folder / "activated.g722", b"")
    put(folder / "pound.g722", g722(soxr.resample(samples, espeak().rate, 16_000)))
    index = f"; a comment\nactivated: Activated.\npound: {text}\nabsent: Not there.\n"
    put(debroot / debian.ASTERISK_EN[1].probe, gzip.compress(index.encode()))
    source = AsteriskEn()
    assert source.items() == ["activated", "pound"]
    utterance = source.utterance("pound")
    assert well_formed(utterance)
    assert utterance.text == text
    assert split_of(utterance) == "test_clean"
    with pytest.raises(Skip):
        source.utterance("activated")


def test_prompts_in_other_languages_are_aligned(debroot):
    source = AsteriskIt()
    folder = (debroot / source.packages[0].probe).parent
    text = "Prego premere il tasto."
    put(folder / "tasto.g722", g722(say_in("it", text, 16_000)))
    for name in ("lost", "empty", "agent-pass"):
        put(folder / f"{name}.g722", b"")
    index = f"\ufeff; Core\n\ntasto: {text} (con enfasi)\nlost: Non pu? piu.\nempty: Pronto.\n"
    put(debroot / source.packages[1].probe, gzip.compress(index.encode()))
    assert source.items() == ["empty", "lost", "tasto"]
    utterance = source.utterance("tasto")
    assert well_formed(utterance)
    assert [p.ipa for p in utterance.phones][-2:] == ["t", "o"]
    assert (utterance.id, utterance.licence) == ("asterisk_it/carlo/tasto", "CC-BY-3.0")
    with pytest.raises(Skip, match="letters of the text are lost"):
        source.utterance("lost")
    with pytest.raises(Skip, match="shorter than"):
        source.utterance("empty")

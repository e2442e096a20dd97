"""What all sources share: their names, plug-ins, and repeatable utterances."""

from importlib.metadata import EntryPoint, EntryPoints

import numpy as np
import pytest
from layouts import well_formed

from marotte.learn.corpora import source_class, source_names
from marotte.learn.corpora.sources.espeak import Espeak
from marotte.learn.corpora.sources.hibari import Hibari


def test_every_source_is_found_by_its_name():
    assert [source_class(name).name for name in source_names()] == source_names()


def test_a_plug_in_adds_a_source(monkeypatch):
    point = EntryPoint("tapes", "marotte.learn.corpora.sources.espeak:Espeak", "marotte.corpora")
    everything = EntryPoints([point])
    monkeypatch.setattr("marotte.plugins.entry_points", everything.select)
    assert "tapes" in source_names()
    assert source_class("tapes") is Espeak


@pytest.mark.parametrize("source", [Hibari(speakers=3, sentences=2), Espeak(sentences=1)])
def test_synthetic_speech_is_well_formed_and_repeatable(source):
    for key in source.items()[:4]:
        once, again = source.utterance(key), source.utterance(key)
        assert well_formed(once)
        assert (once.text, once.speaker, once.phones) == (again.text, again.speaker, again.phones)
        assert np.array_equal(once.samples, again.samples)
        assert once.id.endswith(key)

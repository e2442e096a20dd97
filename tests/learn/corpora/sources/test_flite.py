"""Speakers of different size by the voices of flite."""

import shutil

import numpy as np
import pytest
from layouts import well_formed

from marotte.errors import MarotteError
from marotte.learn.corpora.sources.flite import Flite


@pytest.mark.skipif(shutil.which("flite") is None, reason="the program flite")
def test_speakers_differ_in_size():
    source = Flite(speakers=2, sentences=2)
    assert len(source.items()) == 12
    one, other = source.utterance("slt+00/0000"), source.utterance("slt+01/0000")
    assert well_formed(one)
    assert well_formed(other)
    assert one.rate != other.rate
    assert one.phones == source.utterance("slt+00/0000").phones
    assert np.abs(one.samples[: int(one.phones[0].start_s * one.rate / 2)]).max() < 0.05


def test_a_missing_program_is_an_error(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(MarotteError, match="install the Debian package flite"):
        Flite().items()

"""Speakers of different size by the voices of festival."""

import shutil
import sys

import pytest
from layouts import well_formed

from marotte.errors import MarotteError
from marotte.learn.corpora.sources.festival import Festival

needs_festival = pytest.mark.skipif(shutil.which("festival") is None, reason="festival")


@needs_festival
def test_speakers_differ_in_size():
    source = Festival(voices=("kal_diphone",), speakers=2, sentences=2)
    try:
        keys = source.items()
    except MarotteError as error:
        pytest.skip(str(error))
    one, again = source.utterance(keys[0]), source.utterance(keys[0])
    assert well_formed(one)
    assert one.phones == again.phones
    assert one.rate != source.utterance(keys[2]).rate


def test_unknown_and_missing_voices_are_errors(monkeypatch):
    with pytest.raises(
        MarotteError, match="festival has no voice 'nobody': choose one of kal_diphone,"
    ):
        Festival(voices=("nobody",)).items()
    monkeypatch.setattr(
        "marotte.learn.speech.synthesisers.festival.find_program", lambda _: sys.executable
    )
    with pytest.raises(MarotteError, match="install the Debian packages festvox-italp16k"):
        Festival(voices=("lp_diphone",)).items()
    monkeypatch.undo()
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(MarotteError, match="install the Debian package festival"):
        Festival().items()

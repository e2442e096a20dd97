"""The program flite, and the phones of its voices."""

import sys

import pytest

from marotte.errors import MarotteError
from marotte.learn.speech.synthesisers.flite import say
from marotte.learn.speech.synthesisers.programs import US_PHONES, voice_phones
from marotte.learn.utterance import Phone


def test_an_unknown_voice_and_a_failing_program_are_errors(monkeypatch):
    with pytest.raises(MarotteError, match="flite has no voice 'nobody': choose one of awb,"):
        say("Hello.", "nobody")
    monkeypatch.setattr("shutil.which", lambda name: sys.executable)
    with pytest.raises(MarotteError, match="flite failed with the voice 'slt'"):
        say("Hello.", "slt")


def test_an_unknown_phone_is_an_error():
    assert voice_phones([("pau", 0.1), ("ax", 0.2), ("p", 9.0)], 0.3, US_PHONES) == (
        Phone("ə", 0.1, 0.2),
        Phone("p", 0.2, 0.3),
    )
    with pytest.raises(MarotteError, match="unknown phone 'qq'"):
        voice_phones([("qq", 1.0)], 1.0, US_PHONES)

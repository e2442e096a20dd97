"""The phone recogniser."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from layouts import RATE, noise, say

from marotte.errors import MarotteError
from marotte.learn.errors import Skip
from marotte.learn.speech import recognise


def closures(phones):
    return "".join(phone.ipa for phone in phones if phone.ipa in "pbm")


def test_unknown_symbols_are_dropped_from_words():
    words = recognise.parse_words("b ɑː b | <unk> 一 |  | p ʊ t d͡ʒ")
    assert [[ipa for ipa, _ in word] for word in words] == [["b", "ɑ", "b"], ["p", "ʊ", "t", "dʒ"]]


def test_phones_of_speech_without_text():
    sound = say("Please put my map into the big blue box.").astype(np.float32)
    phones = recognise.recogniser().recognise(sound, RATE)
    assert len(phones) > 15
    assert sum(each in "pbm" for each in closures(phones)) >= 4
    assert all(a.end_s <= b.start_s + 1e-6 for a, b in pairwise(phones))


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (noise(0.3), "shorter than 0.5 s"),
        (np.zeros(2 * RATE, np.float32), "hardly any speech was recognised"),
    ],
)
def test_sounds_without_speech_are_skipped(sound, reason):
    with pytest.raises(Skip, match=reason):
        recognise.recogniser().recognise(sound, RATE)


def test_a_missing_recogniser_is_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "hama.asr", None)
    with pytest.raises(MarotteError, match=r"pip install '\.\[speech\]'"):
        recognise.Recogniser()


def test_a_recogniser_that_does_not_run_here_is_an_error(monkeypatch):
    def broken():
        raise RuntimeError("no native library")

    monkeypatch.setattr("hama.asr.ASRModel", broken)
    with pytest.raises(MarotteError, match="does not run on this system"):
        recognise.Recogniser()

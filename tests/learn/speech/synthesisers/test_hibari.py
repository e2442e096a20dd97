"""The neural voice hibari."""

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.learn.speech.synthesisers.hibari import RATE, VirtualSpeaker, hibari_voice


def test_hibari_reports_the_times_of_its_phones():
    samples, phones = hibari_voice().say("Papa, mama.", VirtualSpeaker(), 0)
    assert [phone.ipa for phone in phones if phone.ipa in "pm"] == list("ppmm")
    level = np.convolve(samples**2, np.ones(240) / 240, "same")
    for phone in phones:
        if phone.stress:
            middle = round((phone.start_s + phone.end_s) / 2 * RATE)
            assert level[middle] > 0.05 * level.max()


def test_hibari_refuses_more_than_one_sentence():
    with pytest.raises(MarotteError, match="not one sentence"):
        hibari_voice().say("One. Two. Three.", VirtualSpeaker(), 0)

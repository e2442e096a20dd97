"""The synthesiser espeak-ng."""

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.learn.speech.synthesisers.espeak import espeak


def test_stops_begin_with_a_closure():
    samples, phones = espeak().say("a pub, a cup, a tape", "en-us")
    level = np.convolve(samples**2, np.ones(110) / 110, "same")
    stops = [phone for phone in phones if phone.ipa == "p"]
    assert len(stops) == 3
    for stop in stops:
        first, last = (round(s * espeak().rate) for s in (stop.start_s, stop.start_s + 0.04))
        assert level[first + 110 : last].min() < 0.05 * level.max()
        assert stop.end_s - stop.start_s > 0.05


def test_an_unknown_voice_is_named():
    with pytest.raises(MarotteError, match="no voice 'xx-none'"):
        espeak().say("hello", "xx-none")

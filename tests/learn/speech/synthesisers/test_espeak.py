"""The synthesiser espeak-ng."""

import subprocess
import sys

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


@pytest.mark.parametrize("voice", ["en-us+f1", "en-us+klatt2", "en-us+f3", "de+m7"])
def test_a_text_sounds_the_same_whatever_was_said_before(voice):
    text = "The cat sat on the mat, happily."
    samples, phones = espeak().say(text, voice, words_per_minute=140, pitch=60)
    espeak().say("Something else.", "en-us+f3")
    espeak().words("and a word", "cs")
    again, phones_again = espeak().say(text, voice, words_per_minute=140, pitch=60)
    np.testing.assert_array_equal(samples, again)
    assert phones == phones_again


def test_a_text_sounds_the_same_in_every_process():
    samples, _ = espeak().say("The cat sat.", "en-us+f3")
    code = (
        "from marotte.learn.speech.synthesisers.espeak import espeak; import sys;"
        "sys.stdout.buffer.write(espeak().say('The cat sat.', 'en-us+f3')[0].tobytes())"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    np.testing.assert_array_equal(samples, np.frombuffer(output, np.float32))

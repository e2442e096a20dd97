"""The program festival, replaced by a small program with the same output."""

import subprocess
import sys

import pytest
from layouts import put

from marotte.errors import MarotteError
from marotte.learn.speech.synthesisers.festival import Festival as FestivalVoice
from marotte.learn.utterance import Phone

FAKE_FESTIVAL = """
import re, sys, wave
for line in sys.stdin:
    if "hang" in line:
        sys.exit(1)
    if found := re.search('save.wave speech "(.*)"', line):
        with wave.open(found[1], "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes(bytes(32000))
    elif "mapcar" in line:
        print("phone # 0.1\\nphone r~* 0.3\\nphone ch 0.4\\nphone a: 2.0")
    elif "--end--" in line:
        print("--end--", flush=True)
"""


@pytest.fixture
def fake_festival(tmp_path, monkeypatch):
    """A voice whose program is replaced by `FAKE_FESTIVAL`."""
    put(tmp_path / "fake.py", FAKE_FESTIVAL.encode())
    start = subprocess.Popen
    command = [sys.executable, str(tmp_path / "fake.py")]
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr("subprocess.Popen", lambda _, **options: start(command, **options))
    voice = FestivalVoice("czech_ph")
    yield voice
    voice.close()


def test_phones_are_read(fake_festival):
    samples, rate, phones = fake_festival.say('Řekl "ach".')
    assert (len(samples), rate) == (16_000, 16_000)
    assert phones == (Phone("ʃ", 0.1, 0.3), Phone("x", 0.3, 0.4), Phone("a", 0.4, 1.0))


def test_a_dead_process_is_replaced(fake_festival):
    with pytest.raises(MarotteError, match="festival failed with the voice 'czech_ph'"):
        fake_festival.say("hang")
    assert len(fake_festival.say("Ach.")[2]) == 3

"""Any folder of recordings: with phones, with texts, with neither, and broken ones."""

import numpy as np
import pytest
from layouts import MA, RATE, grid, noise, put, say, skip_reason

from marotte.learn.corpora.sources.folder import Folder
from marotte.learn.errors import Skip


def test_recordings_with_phones_with_texts_and_with_neither(tmp_path):
    put(tmp_path / "anna" / "one.take.wav", noise())
    put(tmp_path / "anna" / "one.take.TextGrid", grid())
    put(tmp_path / "anna" / "day" / "two.mp3", say("Bob put my map away."))
    put(tmp_path / "anna" / "day" / "two.txt", "\ufeffBob put\nmy map away.\n")
    put(tmp_path / "three.flac", noise(0.25))
    put(tmp_path / "three.WAV", noise(0.25))
    put(tmp_path / "._three.wav", b"a file system's own")
    source = Folder(folder=str(tmp_path), licence="CC0-1.0")
    assert set(source.items()) == {"anna/one.take", "anna/day/two", "three"}

    one = source.utterance("anna/one.take")
    assert (one.id, one.speaker, one.text) == ("folder/anna/one.take", "anna", "Ma")
    assert (one.language, one.licence, one.rate, one.phones) == ("en", "CC0-1.0", RATE, MA)
    assert np.allclose(one.samples, noise(), atol=1e-3)

    two = source.utterance("anna/day/two")
    assert (two.speaker, two.text) == ("anna", "Bob put my map away.")
    assert [phone.ipa for phone in two.phones if phone.ipa in "pbm"] == list("bbpmmp")

    three = source.utterance("three")
    assert (three.speaker, three.text, three.phones) == (tmp_path.name, "", ())
    assert Folder(folder=str(tmp_path), speaker="me").utterance("three").speaker == "me"


def test_broken_files_are_skipped(tmp_path):
    for name in ("cut", "long", "latin", "wrong"):
        put(tmp_path / f"{name}.wav", noise())
    put(tmp_path / "sound.wav", "no sound")
    put(tmp_path / "cut.TextGrid", grid()[:-40])
    put(tmp_path / "long.TextGrid", grid(seconds=2.0))
    put(tmp_path / "latin.txt", "naïve".encode("latin-1"))
    put(tmp_path / "wrong.txt", "Nobody says any of these many words in so short a noise.")
    source = Folder(folder=str(tmp_path))
    assert {key: skip_reason(source, key) for key in source.items()} == {
        "cut": "a TextGrid that can't be read",
        "latin": "a text that is not UTF-8",
        "long": "a TextGrid of another length than the sound",
        "sound": "a sound file that can't be read",
        "wrong": "the text does not fit the sound",
    }


def test_recordings_without_text_and_phones_are_recognised(tmp_path):
    put(tmp_path / "one.wav", say("Bob put my map away."))
    put(tmp_path / "two.wav", noise())
    put(tmp_path / "two.TextGrid", grid(phones=("", ""), words=("",)))
    put(tmp_path / "three.wav", np.zeros(RATE))
    assert Folder(folder=str(tmp_path)).utterance("one").phones == ()
    source = Folder(folder=str(tmp_path), recognise=True)
    assert sorted(source.items()) == ["one", "three", "two"]
    assert len(source.utterance("one").phones) > 5
    assert source.utterance("two").phones == ()
    with pytest.raises(Skip, match="hardly any speech was recognised"):
        source.utterance("three")

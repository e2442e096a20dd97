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


def test_all_kinds_that_animate_reads_by_their_content(tmp_path, monkeypatch):
    for ending in ("aiff", "au", "w64", "caf"):
        put(tmp_path / f"{ending}.{ending}", noise())
    put(tmp_path / "named-wrong.m4a", b"")
    (tmp_path / "aiff.aiff").replace(tmp_path / "named-wrong.m4a")
    source = Folder(folder=str(tmp_path))
    assert set(source.items()) == {"au", "w64", "caf", "named-wrong"}
    for key in source.items():
        assert np.allclose(source.utterance(key).samples, noise(), atol=1e-3), key

    av = pytest.importorskip("av")
    voice = (0.2 * np.sin(np.arange(RATE) / 9))[None].astype(np.float32)
    for name in ("film.mp4", "sound.m4a"):
        with av.open(str(tmp_path / name), "w") as out:
            stream = out.add_stream("aac", rate=RATE, layout="mono")
            frame = av.AudioFrame.from_ndarray(voice, "fltp", "mono")
            frame.sample_rate = RATE
            out.mux([*stream.encode(frame), *stream.encode(None)])
    put(tmp_path / "sound.mp4", b"a video that has a sound file beside it is not read")
    source = Folder(folder=str(tmp_path))
    for key in ("film", "sound"):
        heard = source.utterance(key).samples
        assert len(heard) == pytest.approx(RATE, rel=0.15)
        hertz = np.abs(np.fft.rfft(heard[: RATE // 2])).argmax() * 2
        assert hertz == pytest.approx(RATE / 9 / (2 * np.pi), abs=4)
    monkeypatch.setattr("marotte.learn.speech.sound_files.find_spec", lambda name: None)
    assert (
        skip_reason(source, "film") == "a kind of file that needs the package av (the extra video)"
    )
    assert source.utterance("au").rate == RATE


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

import sys
from itertools import pairwise

import numpy as np
import pytest
from layouts import RATE, game_file, grid, mp3, noise, put, said, well_formed

from marotte.errors import MarotteError
from marotte.learn.corpora import debian
from marotte.learn.corpora.sources import queen
from marotte.learn.corpora.sources.folder import Folder
from marotte.learn.corpora.sources.queen import QueenUntold
from marotte.learn.data.splits import split_of
from marotte.learn.errors import Skip
from marotte.learn.speech import recognise

pytest.importorskip("hama")


def closures(phones):
    return "".join(phone.ipa for phone in phones if phone.ipa in "pbm")


def test_what_is_heard_becomes_words_of_known_phones():
    words = recognise.words_of("b ɑː b | <unk> 一 |  | p ʊ t d͡ʒ")
    assert [[ipa for ipa, _ in word] for word in words] == [["b", "ɑ", "b"], ["p", "ʊ", "t", "dʒ"]]


def test_speech_without_a_text_gets_phones():
    sound = said("Please put my map into the big blue box.").astype(np.float32)
    phones = recognise.recogniser().recognise(sound, RATE)
    assert len(phones) > 15
    assert sum(each in "pbm" for each in closures(phones)) >= 4
    assert all(a.end_s <= b.start_s + 1e-6 for a, b in pairwise(phones))


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (noise(0.3), "shorter than 0.5 s"),
        (np.zeros(2 * RATE, np.float32), "hardly any speech is heard"),
    ],
)
def test_what_is_no_speech_is_skipped(sound, reason):
    with pytest.raises(Skip, match=reason):
        recognise.recogniser().recognise(sound, RATE)


def test_a_missing_recogniser_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "hama.asr", None)
    with pytest.raises(MarotteError, match=r"pip install '\.\[speech\]'"):
        recognise.Recogniser()


def test_a_recogniser_that_does_not_run_here_is_said(monkeypatch):
    def broken():
        raise RuntimeError("no native library")

    monkeypatch.setattr("hama.asr.ASRModel", broken)
    with pytest.raises(MarotteError, match="does not run on this system"):
        recognise.Recogniser()


def test_a_folder_recognises_what_has_neither_text_nor_phones(tmp_path):
    put(tmp_path / "one.wav", said("Bob put my map away."))
    put(tmp_path / "two.wav", noise())
    put(tmp_path / "two.TextGrid", grid(phones=("", ""), words=("",)))
    put(tmp_path / "three.wav", np.zeros(RATE))
    assert Folder(folder=str(tmp_path)).utterance("one").phones == ()
    source = Folder(folder=str(tmp_path), recognise=True)
    assert sorted(source.items()) == ["one", "three", "two"]
    assert len(source.utterance("one").phones) > 5
    assert source.utterance("two").phones == ()
    with pytest.raises(Skip, match="hardly any speech"):
        source.utterance("three")


def test_the_games_clips_whose_text_does_not_fit_are_recognised(debroot, monkeypatch):
    clips = {
        "51001AP1": mp3("Please take me home to my mother and the big brown bear, papa!"),
        "510000J1": mp3("Hi, Sparky!"),
        "C9A__041": mp3("Meanwhile"),  # nobody knows who says it
        "UNTITLED": mp3("Boom"),
    }
    put(debroot / debian.QUEEN.probe, game_file(clips))
    assert QueenUntold().items() == []
    monkeypatch.setattr(queen, "_untold_clips", lambda: ["51001AP1", "C9A__041", "UNTITLED", "x"])
    source = QueenUntold()
    assert source.items() == ["51001AP1", "C9A__041", "UNTITLED"]
    untold = source.utterance("51001AP1")
    assert well_formed(untold)
    assert (untold.id, untold.text) == ("queen_untold/sparky/51001AP1", "")
    assert len(closures(untold.phones)) >= 4
    assert split_of(untold) == "train"
    for key, reason in (("C9A__041", "does not tell who speaks"), ("UNTITLED", "no text")):
        with pytest.raises(Skip, match=reason):
            source.utterance(key)


def test_the_untold_clips_are_named_once():
    names = queen._untold_clips()
    assert len(names) == len(set(names)) > 200
    assert max(map(len, names)) == 8

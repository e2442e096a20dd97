"""Flight of the Amazon Queen: lines and clips of a made-up data file."""

import pytest
from game_data import game_file
from layouts import mp3, put, well_formed

from marotte.errors import MarotteError
from marotte.learn.corpora import debian
from marotte.learn.corpora.sources import queen
from marotte.learn.corpora.sources.queen import Queen, QueenUntold
from marotte.learn.corpora.sources.queen_game import Game
from marotte.learn.data.splits import split_of
from marotte.learn.errors import Skip


def test_lines_have_the_names_of_their_clips(tmp_path):
    put(tmp_path / "queen.1c", game_file({}))
    lines = Game(tmp_path / "queen.1c").lines()
    spoken = {name: (line.text, line.character) for name, line in lines.items()}
    assert spoken["JOE00011"] == ("No way.", "joe")
    assert spoken["JOE00411"] == ("It is a", "joe")
    assert spoken["JOE00412"] == ("map", "joe")
    assert spoken["510000J1"] == spoken["51SSSSJ1"] == ("Hi, Sparky!", "joe")
    assert spoken["51001AJ2"] == ("Look.", "joe")
    assert spoken["51001AJ4"] == ("Bye.", "joe")
    assert spoken["51001AP1"] == ("Bob put my map away.", "sparky")
    assert spoken["51XXXXP1"] == ("Back again?", "sparky")
    assert spoken["51XXXXJ1"] == ("Yes.", "joe")
    assert spoken["C9A__021"] == ("Wow!", "joe")
    assert spoken["C9A__032"] == ("Oh dear.", "Trader Bob")
    assert spoken["C9A__041"] == ("Meanwhile", None)


def test_clips_are_aligned_or_skipped_with_a_reason(debroot):
    clips = {
        "51001AP1": mp3("Bob put my map away."),
        "51XXXXJ1": b"not an MP3",
        "C9A__041": mp3("Meanwhile"),
        "UNTITLED": b"",
    }
    put(debroot / debian.QUEEN.probe, game_file(clips))
    source = Queen()
    assert list(source.items()) == sorted(clips)
    utterance = source.utterance("51001AP1")
    assert well_formed(utterance)
    assert (utterance.id, utterance.speaker) == ("queen/sparky/51001AP1", "sparky")
    assert [p.ipa for p in utterance.phones if p.ipa in "pbm"] == list("bbpmmp")
    for key, reason in (
        ("51XXXXJ1", "not a readable MP3"),
        ("C9A__041", "an unknown character speaks"),
        ("UNTITLED", "no text"),
    ):
        with pytest.raises(Skip, match=reason):
            source.utterance(key)


def test_another_file_is_refused(tmp_path):
    put(tmp_path / "queen.1c", b"something else")
    with pytest.raises(MarotteError, match="not the data file of Flight of the Amazon Queen"):
        Game(tmp_path / "queen.1c")


def test_clips_without_fitting_text_are_recognised(debroot, monkeypatch):
    clips = {
        "51001AP1": mp3("Please take me home to my mother and the big brown bear, papa!"),
        "510000J1": mp3("Hi, Sparky!"),
        "C9A__041": mp3("Meanwhile"),  # an unknown character speaks
        "UNTITLED": mp3("Boom"),
    }
    put(debroot / debian.QUEEN.probe, game_file(clips))
    assert QueenUntold().items() == []
    monkeypatch.setattr(
        queen, "_clips_without_fitting_text", lambda: ["51001AP1", "C9A__041", "UNTITLED", "x"]
    )
    source = QueenUntold()
    assert source.items() == ["51001AP1", "C9A__041", "UNTITLED"]
    untold = source.utterance("51001AP1")
    assert well_formed(untold)
    assert (untold.id, untold.text) == ("queen_untold/sparky/51001AP1", "")
    assert sum(phone.ipa in "pbm" for phone in untold.phones) >= 4
    assert split_of(untold) == "train"
    for key, reason in (("C9A__041", "an unknown character speaks"), ("UNTITLED", "no text")):
        with pytest.raises(Skip, match=reason):
            source.utterance(key)


def test_the_list_of_clips_without_fitting_text_has_no_duplicates():
    names = queen._clips_without_fitting_text()
    assert len(names) == len(set(names)) > 200
    assert max(map(len, names)) == 8

"""LibriSpeech: phones from TextGrids or alignment, and broken files."""

from layouts import CHAPTER, MA, grid, noise, put, say, skip_reason

from marotte.learn.corpora.sources.librispeech import LibriSpeech


def test_phones_come_from_textgrids_or_from_alignment(tmp_path):
    folder, grids = tmp_path / "LibriSpeech", tmp_path / "grids"
    put(folder / CHAPTER / "103-1240-0000.flac", noise())
    put(folder / CHAPTER / "103-1240-0001.flac", say("Bob put my map away."))
    put(
        folder / CHAPTER / "103-1240.trans.txt",
        "103-1240-0000 MA\n103-1240-0001 BOB PUT MY MAP AWAY\n",
    )
    put(folder / "test-clean/61/70968/61-70968-0000.flac", noise())
    put(grids / CHAPTER / "103-1240-0000.TextGrid", grid())
    source = LibriSpeech(folder=str(folder), textgrids=str(grids))
    assert source.items() == [f"{CHAPTER}/103-1240-0000", f"{CHAPTER}/103-1240-0001"]

    first, second = map(source.utterance, source.items())
    assert (first.id, first.speaker) == ("librispeech/103/103-1240-0000", "103")
    assert (first.text, first.licence, first.phones) == ("MA", "CC-BY-4.0", MA)
    assert [phone.ipa for phone in second.phones if phone.ipa in "pbm"] == list("bbpmmp")


def test_broken_files_are_skipped(tmp_path):
    folder, grids = tmp_path / "LibriSpeech", tmp_path / "grids"
    for number in (0, 2, 3, 4):
        put(folder / CHAPTER / f"103-1240-000{number}.flac", noise())
    put(folder / CHAPTER / "103-1240-0004.flac", b"fLaC")
    put(
        folder / CHAPTER / "103-1240.trans.txt",
        "".join(f"103-1240-000{k} MA\n" for k in (0, 1, 2, 4)),
    )
    put(grids / CHAPTER / "103-1240-0000.TextGrid", grid(phones=("M", "spn")))
    put(grids / CHAPTER / "103-1240-0002.TextGrid", "no grid")
    source = LibriSpeech(folder=str(folder), textgrids=str(grids))
    assert [skip_reason(source, key) for key in source.items()] == [
        "a TextGrid with a word without known phones",
        "no sound file",
        "a TextGrid that can't be read",
        "no line in the transcript",
        "a sound file that can't be read",
    ]

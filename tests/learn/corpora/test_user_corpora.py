import pickle

import numpy as np
import pytest
import soundfile
from layouts import CHAPTER, MA, RATE, beat_json, entry, grid, noise, put, said, take

from marotte.errors import MarotteError
from marotte.learn.corpora import build as builder
from marotte.learn.corpora.recipe import CorpusRecipe, configure
from marotte.learn.corpora.sources.beat import Beat
from marotte.learn.corpora.sources.folder import Folder
from marotte.learn.corpora.sources.librispeech import LibriSpeech
from marotte.learn.corpora.sources.livelink import LiveLink
from marotte.learn.corpora.sources.vocaset import Vocaset
from marotte.learn.data.store import Store
from marotte.learn.errors import Skip
from marotte.learn.speech.sound_files import (
    MAX_SECONDS,
    read_at_16_khz,
    read_sound,
    read_unended_ogg,
)


def skipped(source, key):
    """Why an item is left out."""
    with pytest.raises(Skip) as reason:
        source.utterance(key)
    return str(reason.value)


# What all have in common


@pytest.mark.parametrize("name", ["beat", "folder", "librispeech", "livelink", "vocaset"])
def test_the_folder_must_be_there_and_hold_something(tmp_path, name):
    with pytest.raises(MarotteError, match=f"the source '{name}' needs the option 'folder'"):
        configure(name, {}).items()
    with pytest.raises(MarotteError, match=r"finds no folder .*none"):
        configure(name, {"folder": str(tmp_path / "none")}).items()
    with pytest.raises(MarotteError, match=r"finds no|can't read"):
        configure(name, {"folder": str(tmp_path)}).items()


def test_sounds_that_cannot_be_used_are_skipped(tmp_path):
    put(tmp_path / "cut.wav", noise())
    put(tmp_path / "cut.wav", (tmp_path / "cut.wav").read_bytes()[:5000])
    for name in ("cut.flac", "cut.ogg"):
        put(tmp_path / name, noise(3.0))
        whole = (tmp_path / name).read_bytes()
        put(tmp_path / name, whole[: len(whole) // 2])
    put(tmp_path / "text.wav", "no sound")
    put(tmp_path / "empty.mp3", b"")
    soundfile.write(
        tmp_path / "long.flac", np.zeros(int(8000 * MAX_SECONDS) + 8000, np.int16), 8000
    )
    for name, reason in (
        ("none.wav", "no sound file"),
        ("cut.wav", "can't be read"),
        ("cut.flac", "can't be read"),
        ("cut.ogg", "can't be read"),
        ("text.wav", "can't be read"),
        ("empty.mp3", "can't be read"),
        ("long.flac", "longer than 900 s"),
    ):
        for read in (read_sound, read_at_16_khz):
            with pytest.raises(Skip, match=reason):
                read(tmp_path / name)


def test_an_ogg_without_its_last_page_is_read_where_that_is_known(tmp_path):
    path = tmp_path / "unended.ogg"
    put(path, noise(3.0))
    whole = path.read_bytes()
    pages = [at for at in range(len(whole)) if whole.startswith(b"OggS", at)]
    put(path, whole[: pages[-1]])
    with pytest.raises(Skip, match="can't be read"):
        read_at_16_khz(path)
    assert 1.0 < len(read_unended_ogg(path)) / RATE < 3.0
    for end in (pages[-1] - 20, pages[1], 0):
        put(path, whole[:end])
        with pytest.raises(Skip, match="can't be read"):
            read_unended_ogg(path)
    with pytest.raises(Skip, match="no sound file"):
        read_unended_ogg(tmp_path / "none.ogg")


# Any folder


def test_a_folder_with_phones_texts_or_neither(tmp_path):
    put(tmp_path / "anna" / "one.take.wav", noise())
    put(tmp_path / "anna" / "one.take.TextGrid", grid())
    put(tmp_path / "anna" / "day" / "two.mp3", said("Bob put my map away."))
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


def test_what_is_broken_in_a_folder_is_skipped(tmp_path):
    for name in ("cut", "long", "latin", "wrong"):
        put(tmp_path / f"{name}.wav", noise())
    put(tmp_path / "sound.wav", "no sound")
    put(tmp_path / "cut.TextGrid", grid()[:-40])
    put(tmp_path / "long.TextGrid", grid(seconds=2.0))
    put(tmp_path / "latin.txt", "naïve".encode("latin-1"))
    put(tmp_path / "wrong.txt", "Nobody says any of these many words in so short a noise.")
    source = Folder(folder=str(tmp_path))
    assert {key: skipped(source, key) for key in source.items()} == {
        "cut": "a TextGrid that can't be read",
        "latin": "a text that is not UTF-8",
        "long": "a TextGrid of another length than its sound",
        "sound": "a sound file that can't be read",
        "wrong": "the text does not fit the sound",
    }


def test_a_build_goes_on_past_what_is_broken_and_counts_it(tmp_path):
    put(tmp_path / "in" / "anna" / "good.wav", noise())
    put(tmp_path / "in" / "anna" / "good.TextGrid", grid())
    put(tmp_path / "in" / "bert" / "bad.wav", b"RIFF")
    recipe = CorpusRecipe(
        "mine", {"folder": {"folder": str(tmp_path / "in")}, "beat": {"folder": "/no"}}
    )
    plan = builder.plan_build(recipe, tmp_path / "out")
    assert list(plan.unusable) == ["beat"]
    (tmp_path / "out").mkdir()
    for work in plan.missing:
        builder.make_part(work)
    assert [each.phones for each in Store(tmp_path / "out").utterances()] == [MA]
    assert builder.skip_reasons(tmp_path / "out") == {
        "folder": {"a sound file that can't be read": 1}
    }


# LibriSpeech


def test_librispeech_takes_phones_from_textgrids_or_aligns(tmp_path):
    folder, grids = tmp_path / "LibriSpeech", tmp_path / "grids"
    put(folder / CHAPTER / "103-1240-0000.flac", noise())
    put(folder / CHAPTER / "103-1240-0001.flac", said("Bob put my map away."))
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


def test_what_is_broken_in_librispeech_is_skipped(tmp_path):
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
    assert [skipped(source, key) for key in source.items()] == [
        "a word whose phones the TextGrid does not know",
        "no sound file",
        "a TextGrid that can't be read",
        "no line in the transcript",
        "a sound file that can't be read",
    ]


# BEAT


def test_beat_of_both_layouts(tmp_path):
    one, other = tmp_path / "1", tmp_path / "beat_chinese"
    put(one / "1_wayne_0_1_1.wav", noise())
    put(one / "1_wayne_0_1_1.TextGrid", grid())
    put(one / "1_wayne_0_1_1.json", beat_json())
    put(one / "1_wayne_0_1_1.txt", "01_beat_align 0 68.0")
    put(other / "wave16k" / "12_zhao_2_1_1.wav", noise())
    put(other / "textgrid" / "12_zhao_2_1_1.TextGrid", grid(phones=("zh", "ao4"), words=("照",)))
    put(other / "train_test_split.json", {})
    source = Beat(folder=str(tmp_path))
    assert source.items() == ["12_zhao_2_1_1", "1_wayne_0_1_1"]
    zhao, wayne = map(source.utterance, source.items())
    assert (wayne.id, wayne.speaker) == ("beat/wayne/1_wayne_0_1_1", "wayne")
    assert (wayne.language, wayne.text, wayne.phones) == ("en", "Ma", MA)
    assert (zhao.speaker, zhao.language, zhao.text, zhao.phones) == ("zhao", "zh", "照", ())


def test_what_is_broken_in_beat_is_skipped(tmp_path):
    for number in range(1, 6):
        put(tmp_path / f"2_scott_0_{number}_{number}.wav", noise())
    put(tmp_path / "2_scott_0_1_1.TextGrid", "cut")
    put(tmp_path / "2_scott_0_2_2.json", beat_json(seconds=2.0, fps=30))
    put(tmp_path / "2_scott_0_3_3.json", beat_json(names=("jawOpen",)))
    put(tmp_path / "2_scott_0_4_4.json", '{"names": [')
    put(tmp_path / "2_scott_0_5_5.json", {"words": []})
    put(tmp_path / "2_scott_0_6_6.json", beat_json())
    source = Beat(folder=str(tmp_path))
    assert [skipped(source, key) for key in source.items()] == [
        "a TextGrid that can't be read",
        "curves: duration differs from the sound's",
        "curves: a frame with more or fewer values than there are names",
        "curves: JSON that can't be read",
        "curves: JSON that is from neither BEAT nor Audio2Face",
        "no sound file",
    ]


# Live Link Face


def test_live_link_takes(tmp_path):
    put(tmp_path / "day" / "MySlate_1_iPhone_cal.csv", take())
    put(tmp_path / "day" / "MySlate_1_iPhone_raw.csv", "never read")
    put(tmp_path / "day" / "MySlate_1_iPhone_neutral.csv", "never read")
    put(tmp_path / "day" / "frame_log.csv", "never read")
    put(tmp_path / "day" / "MySlate_1_iPhone.wav", noise())
    put(tmp_path / "day" / "MySlate_1_iPhone.TextGrid", grid())
    put(tmp_path / "MySlate_2_iPhone.csv", take(fps=30))
    put(tmp_path / "MySlate_2_iPhone.wav", noise())
    source = LiveLink(folder=str(tmp_path), speaker="anna")
    assert source.items() == ["MySlate_2_iPhone", "day/MySlate_1_iPhone_cal"]
    second, first = map(source.utterance, source.items())
    assert (first.id, first.speaker) == ("livelink/day/MySlate_1_iPhone_cal", "anna")
    assert (first.text, first.phones) == ("Ma", MA)
    assert (second.text, second.phones) == ("", ())


def test_what_is_broken_in_live_link_takes_is_skipped(tmp_path):
    takes = {
        "1_none": (None, noise()),
        "2_silent": (take(), None),
        "3_long": (take(seconds=2.0), noise()),
        "4_other": ("a,b\n1,2\n", noise()),
        "5_row": (take() + "00:00:01:00.000,61,0.5\n", noise()),
        "6_clock": (take() + "soon,61" + ",0.5" * 61, noise()),
        "7_word": (take() + "00:00:01:00.000,61,much" + ",0.5" * 60, noise()),
        "8_bytes": (b"\xff\xfe\xff", noise()),
    }
    for name, (table, sound) in takes.items():
        if table is not None:
            put(tmp_path / f"{name}.csv", table)
        if sound is not None:
            put(tmp_path / f"{name}.wav", sound)
    source = LiveLink(folder=str(tmp_path))
    assert [skipped(source, key) for key in source.items()] == [
        "no CSV of curves beside the sound",
        "no sound file",
        "curves: duration differs from the sound's",
        "curves: a CSV that is not from Live Link Face",
        "curves: a frame with more or fewer values than there are names",
        "curves: a timecode that can't be read",
        "curves: a value that is not a number",
        "curves: a CSV that can't be read",
    ]


# VOCASET


def vocaset(folder, sounds, rows, n_rows=60, protocol=2):
    folder.mkdir(exist_ok=True)
    vertices = np.arange(n_rows * 9, dtype=np.float32).reshape(n_rows, 3, 3)
    np.save(folder / "data_verts.npy", vertices)
    for name, table in (("raw_audio_fixed", sounds), ("subj_seq_to_idx", rows)):
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(table, protocol))
    return Vocaset(folder=str(folder)), vertices


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_vocaset(tmp_path, protocol):
    rows = {"FaceTalk_1_TA": {"sentence01": {frame: 59 - frame for frame in range(60)}}}
    source, vertices = vocaset(
        tmp_path, {"FaceTalk_1_TA": {"sentence01": entry()}}, rows, protocol=protocol
    )
    assert source.items() == ["FaceTalk_1_TA/sentence01"]
    utterance = source.utterance("FaceTalk_1_TA/sentence01")
    assert utterance.id == "vocaset/FaceTalk_1_TA/FaceTalk_1_TA_sentence01"
    assert (utterance.speaker, utterance.phones, utterance.rate) == ("FaceTalk_1_TA", (), RATE)
    assert np.allclose(utterance.samples, noise(), atol=1e-4)
    assert np.array_equal(source.vertices("FaceTalk_1_TA/sentence01"), vertices[::-1])


def test_what_is_broken_in_vocaset_is_skipped(tmp_path):
    sounds = {"a": {"s1": entry(2.0), "s2": {"audio": "none"}, "s3": entry()}}
    frames = {frame: frame for frame in range(60)}
    rows = {"a": {"s1": frames, "s3": dict.fromkeys(frames, 99), "s4": frames}}
    source, _ = vocaset(tmp_path, sounds, rows)
    assert [skipped(source, f"a/s{k}") for k in (1, 2, 4)] == [
        "vertices of another length than the sound",
        "a sound that is no array of samples with a rate",
        "no sound for the vertices",
    ]
    with pytest.raises(Skip, match="not in the array"):
        source.vertices("a/s3")


class Evil:
    def __reduce__(self):
        return (print, ("a program ran",))


@pytest.mark.parametrize("table", [Evil(), {"a": {"s": Evil()}}, [1], {"a": 1}])
def test_a_pickle_that_is_no_plain_table_is_refused(tmp_path, capsys, table):
    source, _ = vocaset(tmp_path, table, {})
    with pytest.raises(MarotteError, match=r"raw_audio_fixed.pkl is (no pickle of plain data|not)"):
        source.items()
    (tmp_path / "raw_audio_fixed.pkl").write_bytes(b"cut")
    with pytest.raises(MarotteError, match="no pickle of plain data"):
        Vocaset(folder=str(tmp_path)).items()
    assert not capsys.readouterr().out

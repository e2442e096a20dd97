"""Takes of `marotte capture track`: their clips become utterances, and their curves labels."""

import json

import numpy as np
import pytest
from layouts import put, skip_reason

from marotte import ARKIT_52, MarotteError
from marotte.learn.capture import words
from marotte.learn.capture.split import held_out_names
from marotte.learn.corpora.sources.takes import Takes
from marotte.learn.teachers.imported import ImportedTeacher
from marotte.learn.utterance import Phone

RATE = 16_000


@pytest.fixture
def takes(tmp_path):
    """Two takes of 4 s; in the first, jawOpen is a tenth of the time and no face is seen at 2 s."""
    for name in ("one", "two"):
        rows = ["time,jawOpen,lipGapMm"]
        for frame in range(100):
            lost = name == "one" and 48 <= frame < 52
            time_s = frame / 25
            rows.append(f"{time_s:.3f},," if lost else f"{time_s:.3f},{time_s / 10:.4f},3.0")
        put(tmp_path / name / "curves.csv", "\n".join(rows) + "\n")
        put(tmp_path / name / "audio.flac", np.arange(4 * RATE) / (8 * RATE))
        clips = [
            {"name": "a", "start": 0.0, "seconds": 1.5},
            {"name": "b", "start": 2.4, "seconds": 1.2},
        ]
        (tmp_path / name / "clips.json").write_text(json.dumps(clips))
        (tmp_path / name / "take.json").write_text("{}")
    return tmp_path


def test_each_clip_is_an_utterance(takes):
    source = Takes(folder=str(takes), speaker="anna", language="fr")
    assert source.items() == ["one@0-1500", "one@2400-3600", "two@0-1500", "two@2400-3600"]
    clip = source.utterance("one@2400-3600")
    assert (clip.id, clip.speaker, clip.language) == ("takes/one/curves@2.400", "anna", "fr")
    assert (clip.seconds, clip.rate, clip.phones) == (1.2, RATE, ())
    assert clip.samples[0] == pytest.approx(2.4 / 8, abs=1e-3)


def test_the_imported_teacher_cuts_the_curves_of_a_clip(takes):
    source, teacher = Takes(folder=str(takes)), ImportedTeacher([takes])
    for key, start_s in (("one@0-1500", 0), ("two@2400-3600", 2.4), ("one@2400-3600", 2.4)):
        curves = teacher.curves(source.utterance(key))
        expected = (start_s + np.arange(len(curves)) / 60) / 10
        np.testing.assert_allclose(curves[:, ARKIT_52.index["jawOpen"]], expected, atol=1e-4)
    assert len(curves) == 72


def test_folders_that_are_no_takes_are_passed_over(takes):
    put(takes / "pose-smile/audio.flac", np.zeros(RATE))
    put(takes / "silent/clips.json", json.dumps([{"start": 0, "seconds": 1}]))
    put(takes / "two/clips.json", "[]")
    assert Takes(folder=str(takes)).items() == ["one@0-1500", "one@2400-3600"]
    put(takes / "one/clips.json", json.dumps([{"start": 30, "seconds": 1}]))
    source = Takes(folder=str(takes))
    assert skip_reason(source, "one@30000-31000") == "a clip after the end of the sound"
    put(takes / "one/clips.json", "[]")
    with pytest.raises(MarotteError, match=r"finds no takes with audio.flac"):
        Takes(folder=str(takes)).items()


@pytest.mark.parametrize(
    "content",
    [
        "no JSON",
        "5",
        '[{"start": 0}]',
        '[{"start": NaN, "seconds": 1}]',
        '[{"start": 0, "seconds": Infinity}]',
        '[{"start": -1, "seconds": 1}]',
        '[{"start": 1' + "0" * 400 + ', "seconds": 1}]',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_of_clips_leaves_its_take_out_with_a_reason(takes, content):
    put(takes / "two/clips.json", content)
    source = Takes(folder=str(takes))
    assert source.items() == ["one@0-1500", "one@2400-3600", "two"]
    assert skip_reason(source, "two") == "a clips.json that can't be read"


def test_held_out_clips_can_be_left_out(takes):
    source = Takes(folder=str(takes), held_out=False)
    (left_out,) = held_out_names(["a", "b"])
    start = "0-1500" if left_out == "a" else "2400-3600"
    assert source.items() == [key for key in Takes(folder=str(takes)).items() if start not in key]


def test_the_words_of_a_clip_become_its_phones(takes, monkeypatch):
    class Aligner:
        def align(self, samples, rate, text):
            assert (len(samples), text) == (round(0.9 * rate), "set red")
            return (Phone("s", 0.1, 0.2), Phone("d", 0.7, 0.8))

    monkeypatch.setattr(words, "aligner", lambda language: Aligner())
    spoken = [[0, 0.2, "sil"], [0.2, 0.5, "set"], [0.5, 0.9, "red"], [0.9, 1.2, "sil"]]
    clips = [{"name": "b", "start": 2.4, "seconds": 1.2, "words": spoken}]
    (takes / "one/clips.json").write_text(json.dumps(clips))
    clip = Takes(folder=str(takes)).utterance("one@2400-3600")
    assert clip.text == "set red"
    assert [phone.ipa for phone in clip.phones] == ["s", "d"]
    assert [phone.start_s for phone in clip.phones] == pytest.approx([0.2, 0.8])
    french = Takes(folder=str(takes), language="fr").utterance("one@2400-3600")
    assert (french.text, french.phones) == ("", ())

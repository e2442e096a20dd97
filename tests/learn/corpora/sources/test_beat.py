"""BEAT: recordings in both layouts, and broken ones."""

from layouts import MA, beat_json, grid, noise, put, skip_reason

from marotte.learn.corpora.sources.beat import Beat


def test_both_layouts(tmp_path):
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


def test_broken_files_are_skipped(tmp_path):
    for number in range(1, 6):
        put(tmp_path / f"2_scott_0_{number}_{number}.wav", noise())
    put(tmp_path / "2_scott_0_1_1.TextGrid", "cut")
    put(tmp_path / "2_scott_0_2_2.json", beat_json(seconds=2.0, fps=30))
    put(tmp_path / "2_scott_0_3_3.json", beat_json(names=("jawOpen",)))
    put(tmp_path / "2_scott_0_4_4.json", '{"names": [')
    put(tmp_path / "2_scott_0_5_5.json", {"words": []})
    put(tmp_path / "2_scott_0_6_6.json", beat_json())
    source = Beat(folder=str(tmp_path))
    assert [skip_reason(source, key) for key in source.items()] == [
        "a TextGrid that can't be read",
        "curves: duration differs from the sound's",
        "curves: a frame with more or fewer values than there are names",
        "curves: JSON that can't be read",
        "curves: JSON that is from neither BEAT nor Audio2Face",
        "no sound file",
    ]

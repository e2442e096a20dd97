"""Takes of Live Link Face: complete and broken ones."""

from layouts import MA, grid, noise, put, skip_reason, take

from marotte.learn.corpora.sources.livelink import LiveLink


def test_takes_with_and_without_suffix(tmp_path):
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


def test_broken_files_are_skipped(tmp_path):
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
    assert [skip_reason(source, key) for key in source.items()] == [
        "no CSV file of curves beside the sound",
        "no sound file",
        "curves: duration differs from the sound's",
        "curves: a CSV that neither is from Live Link Face nor begins with `time`",
        "curves: a frame with more or fewer values than there are names",
        "curves: a timecode that can't be read",
        "curves: a value that is not a number",
        "curves: a CSV that can't be read",
    ]

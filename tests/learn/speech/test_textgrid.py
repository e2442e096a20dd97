"""TextGrid files: both text forms, and damaged files."""

import pytest

from marotte.errors import MarotteError
from marotte.learn.errors import Skip
from marotte.learn.speech.textgrid import phones_in, read_textgrid, words_in
from marotte.learn.utterance import Phone

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 0.9
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 0.9
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = "say ""pie"" 2"
        intervals [2]:
            xmin = 0.5
            xmax = 0.9
            text = "<unk>"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 0.9
        points: size = 1
        points [1]:
            number = 0.25
            mark = "click"
    item [3]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 0.9
        intervals: size = 4
        intervals [1]:
            xmin = 0
            xmax = 0.1
            text = "sil"
        intervals [2]:
            xmin = 0.1
            xmax = 0.3
            text = "P"
        intervals [3]:
            xmin = 0.3
            xmax = 0.6
            text = "AY1"
        intervals [4]:
            xmin = 0.6
            xmax = 0.9
            text = "AH0"
"""
PIE = (Phone("p", 0.1, 0.3), Phone("aɪ", 0.3, 0.6, 1), Phone("ə", 0.6, 0.9))


def short(labels, tier="phones", kind="ooTextFile", start=0.0, step=0.5):
    """Return a TextGrid in the short form, with one tier of intervals of equal length."""
    end = start + step * len(labels)
    lines = [f'File type = "{kind}"', 'Object class = "TextGrid"', "", start, end, "<exists>", 1]
    lines += ['"IntervalTier"', f'"{tier}"', start, end, len(labels)]
    for index, label in enumerate(labels):
        lines += [start + index * step, start + (index + 1) * step, f'"{label}"']
    return "\n".join(map(str, lines)) + "\n"


def read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "a.TextGrid"
    path.write_bytes(text.encode(encoding))
    return read_textgrid(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_long_form(tmp_path, encoding, newline):
    grid = read(tmp_path, LONG.replace("\n", newline), encoding)
    assert list(grid.tiers) == ["words", "phones"]
    assert words_in(grid) == 'say "pie" 2'
    assert phones_in(grid, 0.9) == PIE


@pytest.mark.parametrize("kind", ["ooTextFile", "ooTextFile short"])
def test_the_short_form(tmp_path, kind):
    labels = ["", "ˈaɪə", "b"]
    phones = phones_in(read(tmp_path, short(labels, "anna - phones", kind)), 1.5)
    assert phones == (
        Phone("aɪ", 0.5, 0.75, 1),
        Phone("ə", 0.75, 1.0, 1),
        Phone("b", 1.0, 1.5),
    )


def test_times_count_from_the_beginning_of_the_grid(tmp_path):
    [phone] = phones_in(read(tmp_path, short(["M"], start=7.0)), 0.4)
    assert phone == Phone("m", 0.0, 0.4)


def test_a_truncated_file_is_an_error(tmp_path):
    """A file without its last lines is truncated."""
    for whole in (LONG, short(["M", "AH1"])):
        lines = whole.splitlines()
        for n_lines in range(len(lines)):
            with pytest.raises(MarotteError, match="not a complete TextGrid"):
                read(tmp_path, "\n".join(lines[:n_lines]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"tiers": []}', "not a complete TextGrid in text form: the file is truncated"),
        (LONG.replace('"TextGrid"', '"Pitch"'), "expected 'TextGrid', got 'Pitch'"),
        (LONG.replace("xmax = 0.3", "xmax = soon"), "expected a number, got 'P'"),
        (LONG.replace('text = "P"', "text = 5"), "expected a text, got 5.0"),
        (LONG.replace("xmax = 0.3", "xmax = 0.35"), "from 0.3 to 0.6 s is out of order"),
        (LONG.replace("xmax = 0.3", "xmax = 1.2.3"), "could not convert"),
        (LONG.replace("size = 4", "size = 1e999"), "expected a number, got inf"),
    ],
)
def test_a_damaged_file_is_an_error_in_one_sentence(tmp_path, text, message):
    with pytest.raises(MarotteError, match=message) as error:
        read(tmp_path, text)
    assert "a.TextGrid" in str(error.value)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(MarotteError, match="can't read"):
        read_textgrid(tmp_path / "none.TextGrid")
    with pytest.raises(MarotteError, match="not a text in UTF-8 or UTF-16"):
        read(tmp_path, "é", "latin-1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (short(["M"], tier="pitch"), "without a tier of phones"),
        (short(["M"] * 3), "another length than the sound"),
        (short(["spn"]), "a TextGrid with a word without known phones"),
        (short(["XX1"]), "neither ARPAbet nor IPA"),
        (short(["m%"]), "neither ARPAbet nor IPA"),
    ],
)
def test_unusable_phones_are_skipped(tmp_path, text, reason):
    with pytest.raises(Skip, match=reason):
        phones_in(read(tmp_path, text), 0.5)

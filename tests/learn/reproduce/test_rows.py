"""The rows of the paper's tables."""

from marotte.learn.reproduce.rows import TABLE2, TABLE3, TABLES, choose_rows
from marotte.learn.reproduce.runs import runs_of, with_row_changes


def test_rows_are_those_of_the_paper():
    assert [row.label for row in TABLE2[:6]] == [
        "T", "MFCC", "MFCC+KD", "HuBERT-CNN", "HuBERT-CNN+KD", "S0",
    ]  # fmt: skip
    assert choose_rows(TABLE2, ["s2"])[1].seeds == (0, 1, 2)
    assert len(runs_of(TABLE2)) == 17 + 8
    without = TABLE3[2]
    tables = with_row_changes({"loss": {"velocity": 9.0, "lip_gap": 1.0}}, without)
    assert tables == {"loss": {"velocity": 0.0, "lip_gap": 1.0}}
    assert with_row_changes({"finetune": {}, "loss": {}}, TABLE3[3]) == {"loss": {}}
    for rows in TABLES.values():
        assert {row.against for row in rows} <= {"", *(row.label for row in rows)}
        assert len({row.label for row in rows}) == len(rows)
        assert len({(row.run, row.teacher, row.smooth) for row in rows}) == len(rows)

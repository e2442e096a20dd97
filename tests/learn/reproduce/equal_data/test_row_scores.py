"""Scores of rows as text."""

from marotte.learn.reproduce.equal_data.row_scores import RowScore, as_csv, as_table


def test_scores_are_written_as_a_table_and_as_csv():
    score = RowScore(
        "s0", 2_000_000, "test_clean", 8.0, 0.9, 0.02, 0.99, 1.4, 0.8, 0.03, 0.005, 1, 1
    )
    assert as_table([score]).splitlines()[2].startswith("| s0 | 2.00 M | test_clean | 90.0% | 2.0%")
    header, row = as_csv([score]).splitlines()
    assert header.startswith("row,frames,split,minutes,pbm")
    assert row.startswith("s0,2000000,test_clean,8.0,0.9")

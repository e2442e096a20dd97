"""Scores of rows at their own threshold."""

import numpy as np
import pytest

from marotte.learn.metrics import Closures
from marotte.learn.reproduce.equal_data.row_scores import RowScore, as_csv, as_table, own_threshold


def test_a_rows_own_threshold_closes_two_percent_of_the_open_vowels():
    none = np.zeros(0)
    closures = Closures(none, np.arange(1, 101.0), none, none)
    assert (closures.open_mm <= own_threshold(closures)).mean() == pytest.approx(0.02, abs=0.01)


def test_scores_are_written_as_a_table_and_as_csv():
    score = RowScore(
        "s0", 2_000_000, "test_clean", 8.0, 0.9, 0.02, 0.99, 1.4, 0.8, 0.03, 0.005, 1, 1
    )
    assert as_table([score]).splitlines()[2].startswith("| s0 | 2.00 M | test_clean | 90.0% | 2.0%")
    header, row = as_csv([score]).splitlines()
    assert header.startswith("row,frames,split,minutes,pbm")
    assert row.startswith("s0,2000000,test_clean,8.0,0.9")

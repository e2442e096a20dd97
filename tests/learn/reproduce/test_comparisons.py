"""Rows compared utterance by utterance."""

import numpy as np
import pytest

from marotte.learn.reproduce.comparisons import (
    UtteranceLine,
    compare,
    comparison_table,
    lines_file,
    sign_flip_p,
    write_lines,
)
from marotte.learn.reproduce.rows import Row


def lines(closed, mse, n=40):
    return [UtteranceLine("test_clean", f"u{i}", 2.0, 4, closed, 5, 0, mse) for i in range(n)]


def test_a_difference_in_every_utterance_is_not_chance():
    pbm, false_closure, mse = compare([lines(4, 0.002)], [lines(3, 0.004)], "test_clean")
    assert pbm.value == pytest.approx(25)
    assert mse.value == pytest.approx(-50)
    assert max(pbm.p, mse.p) < 0.001
    assert (false_closure.value, false_closure.p) == (0, 1)


def test_noise_is_chance_as_often_as_p_says():
    random = np.random.default_rng(0)
    p = [sign_flip_p(random.normal(size=50), 500) for _ in range(200)]
    assert np.mean(np.array(p) < 0.1) == pytest.approx(0.1, abs=0.05)


def test_seeds_are_averaged_and_missing_utterances_left_out():
    pbm, *_ = compare([lines(4, 0.1), lines(2, 0.1, 30)], [lines(3, 0.1)], "test_clean")
    assert (pbm.value, pbm.p) == (0, 1)


def test_hybrid_rows_are_compared_with_their_plain_row(tmp_path):
    class Plan:
        @staticmethod
        def folder(row, seed):
            return tmp_path / f"{row.recipe}-{seed}"

    rows = [Row("S2", "s2"), Row("S2+", "s2-plus", against="S2"), Row("S3+", "x", against="S3")]
    for row, closed in zip(rows, (3, 4, 4), strict=True):
        lines_file(row, Plan.folder(row, 0)).parent.mkdir()
        write_lines(row, Plan.folder(row, 0), lines(closed, 0.1))
    table = comparison_table(rows, Plan)
    assert len(table) == 3
    assert "| S2+ against S2 | test_clean | **+25.0 (p 0.000)** | +0.0 (p 1.000) |" in table[2]
    assert comparison_table(rows[:1], Plan) == []

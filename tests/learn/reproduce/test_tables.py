"""Tables as Markdown."""

from result_lines import COSTS, FIGURES, line

from marotte.learn.reproduce.rows import Row
from marotte.learn.reproduce.tables import markdown, mean_and_deviation


def test_seeds_are_shown_by_mean_and_deviation():
    assert mean_and_deviation([0.5, 0.7], "{:.2f}".format) == "0.60 ± 0.14"
    rows = [Row("S0", "s0", seeds=(0, 1))]
    text = markdown(rows, [FIGURES, line("S0", seed=1, pbm=0.8)], [COSTS])
    assert "85.0 ± 7.1" in text
    assert "0: 1000, 1: 1000" in text
    assert "trained for 40 minutes" in text

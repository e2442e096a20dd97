"""Tables as Markdown."""

from result_lines import COSTS, FIGURES, line

from marotte.learn.reproduce.rows import Row
from marotte.learn.reproduce.tables import markdown, mean_and_deviation


def test_seeds_are_shown_by_mean_and_deviation():
    assert mean_and_deviation([0.5, 0.7], "{:.2f}".format) == "0.60 ± 0.14"
    rows = [Row("T", ""), Row("S0", "s0", seeds=(0, 1))]
    teacher = line("T", seed=-1, own_pbm=1.0, trained_frames=0)
    text = markdown(rows, [teacher, FIGURES, line("S0", seed=1, own_pbm=0.8)], [COSTS])
    main = text.split("<details")[0]
    assert "heard 3.00 million frames" in main
    row = [cell.strip() for cell in main.strip().splitlines()[-1].split("|")[1:-1]]
    assert row[:2] == ["S0", "85.0 ± 7.1 / 2.0 ± 0.0"]
    assert row[4].startswith("85.0 ± 7.1")  # % of T
    assert "2 × 3.00" in row
    assert len(row) == 12
    assert "minutes of training" in text

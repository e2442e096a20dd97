"""Tables of dataclasses as CSV."""

import csv

import pytest
from result_lines import FIGURES, line

from marotte.errors import MarotteError
from marotte.learn.data.csv_io import read_csv, write_csv
from marotte.learn.reproduce.results import Costs, Figures


def test_csv_is_read_as_it_was_written(tmp_path):
    lines = [FIGURES, line("T", seed=-1, trained_minutes=float("inf"))]
    write_csv(tmp_path / "a.csv", lines, Figures)
    assert read_csv(tmp_path / "a.csv", Figures) == lines
    with (tmp_path / "a.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["row"] == "S0"
    with pytest.raises(MarotteError, match="not a table"):
        read_csv(tmp_path / "a.csv", Costs)

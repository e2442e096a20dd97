"""A grid of students with one training budget, by the command line."""

import pytest
from spoken import RECIPE, run

from marotte.cli.search import grid
from marotte.learn.data.csv_io import read_csv
from marotte.learn.reproduce.results import Costs, Figures


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    monkeypatch.setenv("MAROTTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        "marotte.learn.reproduce.run_costs.milliseconds_per_frame", lambda path: 0.1
    )
    (tmp_path / "tiny.toml").write_text(RECIPE)
    return tmp_path / "tiny.toml"


def test_a_grid_becomes_a_frontier(labelled, recipe, tmp_path):
    words = ["search", recipe, labelled, "-o", tmp_path / "out", "--minutes", 1]
    words += ["--frontends", "mel,sinc", "--channels", "8", "--lookahead", "64", "--workers", 1]
    result = run(*words, "--threads", 1)
    assert result.exit_code == 0, result.output
    assert "2 students" in result.output
    figures = read_csv(tmp_path / "out" / "frontier.csv", Figures)
    assert {each.row for each in figures} == {"T", "mel C=8 d=64", "sinc C=8 d=64"}
    costs = read_csv(tmp_path / "out" / "frontier-costs.csv", Costs)
    assert [round(each.lookahead_ms) for each in costs] == [64, 64]
    assert (tmp_path / "out" / "frontier.png").stat().st_size > 10_000
    assert "mel C=8 d=64" in (tmp_path / "out" / "frontier.md").read_text()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("--channels", "many"), "separate numbers by commas"),
        (("--channels", "10"), "multiple of 4"),
        (("--frontends", "mel,ear"), "front end must be one of"),
        (("--lookahead", "600"), "from 0 to below 512"),
    ],
)
def test_a_grid_that_can_not_be_built_is_refused_at_once(
    changes, words, labelled, recipe, tmp_path
):
    result = run("search", recipe, labelled, "-o", tmp_path / "out", *changes)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert not (tmp_path / "cache").exists()


def test_the_default_grid():
    rows = grid("s1")
    assert rows[0].label == "T"
    assert {"mel C=32 d=64", "sinc C=64 d=128", "waveform C=128 d=256"} < {r.label for r in rows}
    assert len({row.run for row in rows}) == len(rows) == 1 + 27

"""The paper's tables from tiny recipes and synthetic speech, by the command line."""

import pytest
from spoken import HYBRID, RECIPE, make_table, run

from marotte.learn.data.csv_io import read_csv
from marotte.learn.reproduce.results import Costs, Figures


@pytest.fixture(scope="module")
def made(labelled, tmp_path_factory):
    """A folder with a table2 of two rows, and the words of the command that made it."""
    home = tmp_path_factory.mktemp("reproduce")
    recipes = {"s0": RECIPE, "s4-plus": HYBRID}
    return home, make_table("table2", home, labelled, recipes, "--rows", "S4+,S4+ smooth")


def test_a_table_with_its_pictures_is_written(made):
    home, _ = made
    out = home / "out"
    text = (out / "table2.md").read_text()
    assert "| S4+ |" in text
    assert "| S4+ smooth |" in text
    assert "90.6 / 72.0" in text
    assert "3 × 0.00" in text  # seeds, and million frames
    assert "clean, 8 kHz" in text
    page = (home / "page.md").read_text()
    assert page.startswith("# Here")
    assert page.endswith("End")
    assert text.strip() in page
    figures = read_csv(out / "table2.csv", Figures)
    assert {each.row for each in figures} == {"T", "S4+", "S4+ smooth"}
    assert {each.who for each in figures if each.split == "test_languages"} == {"es", "all"}
    costs = read_csv(out / "table2-costs.csv", Costs)
    assert costs[3].lookahead_ms == pytest.approx(costs[0].lookahead_ms + 1000 / 60)
    assert (out / "claims.md").read_text().count("not measured") > 10
    runs = {path.parent.name for path in home.glob("cache/reproduce/*/*/*/checkpoint.pt")}
    # The intermediate teacher is trained first.
    assert runs == {"s0-seed-0", *(f"s4-plus-seed-{seed}" for seed in (0, 1, 2))}
    names = {path.name for path in out.glob("*.png")}
    assert names == {
        "table2-metrics.png",
        "table2-frontier.png",
        "fig8-lips.png",
        "fig5-frames.png",
    }


def test_finished_runs_and_scores_are_not_made_again(made, monkeypatch):
    home, words = made
    monkeypatch.setenv("MAROTTE_CACHE", str(home / "cache"))
    before = (home / "out" / "table2.csv").read_bytes()
    monkeypatch.setattr("marotte.learn.train.loop.train", None)
    monkeypatch.setattr("marotte.learn.reproduce.measuring._all_figures", None)
    result = run(*words, "--no-train", "--no-videos")
    assert result.exit_code == 0, result.output
    assert (home / "out" / "table2.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"CORPUS": None}, "needs a labelled corpus"),
        ({"--rows": "S9"}, "there is no row 'S9'"),
        ({"--rows": "S1"}, "there is no recipe"),
        ({"--rows": "S4+", "--minutes": "7", "--no-train": ""}, "no run is finished"),
    ],
)
def test_bad_input_is_one_sentence(made, monkeypatch, tmp_path, changes, words):
    home, given = made
    monkeypatch.setenv("MAROTTE_CACHE", str(home / "cache"))
    corpus, *options = given[2:]
    options = dict(zip(options[::2], options[1::2], strict=True)) | {"--output": tmp_path} | changes
    corpora = () if "CORPUS" in options else (corpus,)
    flat = [w for key, value in options.items() if value is not None for w in (key, value)]
    result = run("reproduce", "table2", *corpora, *[word for word in flat if word != ""])
    assert result.exit_code == 2, result.output
    assert words in " ".join(result.output.split())


def test_claims_need_a_table(tmp_path):
    result = run("reproduce", "claims", "-o", tmp_path)
    assert result.exit_code == 2
    assert "holds no table" in result.output

"""The paper's tables from tiny recipes and synthetic speech, by the command line."""

import csv
import dataclasses

import pytest
from spoken import HYBRID, RECIPE, make_table, run

from marotte.errors import MarotteError
from marotte.learn.data.csv_io import read_csv, write_csv
from marotte.learn.data.store import Store
from marotte.learn.reproduce import lips
from marotte.learn.reproduce.claims import CLAIMS
from marotte.learn.reproduce.frames import find_moments
from marotte.learn.reproduce.plots import pareto_front, spread_apart
from marotte.learn.reproduce.results import Costs, Figures
from marotte.learn.reproduce.rows import TABLE2, TABLE3, TABLES, Row, choose_rows
from marotte.learn.reproduce.runs import runs_of, with_row_changes
from marotte.learn.reproduce.tables import markdown, mean_and_deviation
from marotte.learn.reproduce.verdicts import Measured, verdict_table


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
    assert "0: 2" in text  # the seed and its steps
    assert "clean, 8 kHz" in text
    assert "| S4+ smooth | 0.0" in text
    page = (home / "page.md").read_text()
    assert page.startswith("# Here")
    assert page.endswith("End")
    assert text.strip() in page
    figures = read_csv(out / "table2.csv", Figures)
    assert {each.row for each in figures} == {"T", "S4+", "S4+ smooth"}
    assert {each.who for each in figures if each.split == "test_languages"} == {"es", "all"}
    costs = read_csv(out / "table2-costs.csv", Costs)
    assert costs[1].lookahead_ms == pytest.approx(costs[0].lookahead_ms + 1000 / 60)
    assert (out / "claims.md").read_text().count("not measured") > 10
    runs = {path.parent.name for path in home.glob("cache/reproduce/*/*/*/checkpoint.pt")}
    assert runs == {"s0-seed-0", "s4-plus-seed-0"}  # the intermediate teacher is trained first
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


FIGURES = Figures(
    row="S0",
    seed=0,
    budget_minutes=40,
    steps=1000,
    heard="as it is",
    split="test_clean",
    who="all",
    minutes=5.0,
    pbm=0.9,
    bilabials=100,
    false_closure=0.02,
    vowels=200,
    balanced=0.94,
    auc=0.99,
    timing_ms=-3.0,
    contact_ms=90.0,
    taught_contact_ms=100.0,
    mse=0.002,
    jitter=0.7,
    taught_jitter=0.6,
)
COSTS = Costs("S0", 0, 3_000_000, 350_000_000, -1, 21.1, 90.0, 256.0, 4.0, 0, 0.1, 0.2, 0.3, 0.4)


def line(row, **changes):
    return dataclasses.replace(FIGURES, row=row, **changes)


def test_csv_is_read_as_it_was_written(tmp_path):
    lines = [FIGURES, line("T", seed=-1, budget_minutes=float("inf"))]
    write_csv(tmp_path / "a.csv", lines, Figures)
    assert read_csv(tmp_path / "a.csv", Figures) == lines
    with (tmp_path / "a.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["row"] == "S0"
    with pytest.raises(MarotteError, match="not a table"):
        read_csv(tmp_path / "a.csv", Costs)


def test_seeds_are_shown_by_mean_and_deviation():
    assert mean_and_deviation([0.5, 0.7], "{:.2f}".format) == "0.60 ± 0.14"
    rows = [Row("S0", "s0", seeds=(0, 1))]
    text = markdown(rows, [FIGURES, line("S0", seed=1, pbm=0.8)], [COSTS])
    assert "85.0 ± 7.1" in text
    assert "0: 1000, 1: 1000" in text
    assert "trained for 40 minutes" in text


def test_claims_are_held_or_not():
    def verdict(text, figures, costs=()):
        [claim] = [claim for claim in CLAIMS if claim.text == text]
        return verdict_table([claim], Measured(figures, costs)).splitlines()[-1]

    small = "S1 is slightly worse than S0, S2 considerably"
    figures = [line("S0"), line("S1", pbm=0.88), line("S2", pbm=0.7)]
    assert "| held |" in verdict(small, figures)
    assert "S0 90.0, S1 88.0, S2 70.0" in verdict(small, figures)
    assert "**not held**" in verdict(small, [*figures[:2], line("S2", pbm=0.87)])
    assert "not measured" in verdict(small, figures[:2])
    little = [line(row, pbm=pbm) for row, pbm in (("S0", 0.05), ("S1", 0.09), ("S2", 0.0))]
    assert "| undecided |" in verdict(small, little)
    smoothing = "smoothing: lower PBM, higher MSE, less jitter"
    both = [
        each
        for row in ("S4+", "S5+")
        for each in (line(row), line(f"{row} smooth", pbm=0.8, mse=0.003, jitter=0.4))
    ]
    assert "| held |" in verdict(smoothing, both)
    assert "PBM -10.0 points, MSE × 1.50, jitter × 0.57" in verdict(smoothing, both)
    # Every claim has a verdict, whatever is measured.
    assert verdict_table(CLAIMS, Measured(figures, [COSTS])).count("\n") == len(CLAIMS) + 1


def test_rows_are_those_of_the_paper():
    assert [row.label for row in TABLE2[:6]] == [
        "T", "MFCC", "MFCC+KD", "HuBERT-CNN", "HuBERT-CNN+KD", "S0",
    ]  # fmt: skip
    assert choose_rows(TABLE2, ["s2"])[1].seeds == (0, 1, 2)
    assert len(runs_of(TABLE2)) == 17 + 4
    without = TABLE3[2]
    tables = with_row_changes({"loss": {"velocity": 9.0, "lip_gap": 1.0}}, without)
    assert tables == {"loss": {"velocity": 0.0, "lip_gap": 1.0}}
    assert with_row_changes({"finetune": {}, "loss": {}}, TABLE3[3]) == {"loss": {}}
    for rows in TABLES.values():
        assert len({row.label for row in rows}) == len(rows)
        assert len({(row.run, row.teacher, row.smooth) for row in rows}) == len(rows)


def test_the_words_of_figure_5_are_found(labelled):
    phones = {moment.word: moment.phone for moment in find_moments(Store(labelled))}
    assert set(phones) == {"silence", "time", "big"}
    assert phones["time"].ipa == "m"
    assert phones["big"].ipa == "b"
    assert phones["silence"].start_s == pytest.approx(2.2)


def test_a_sentence_is_the_same_each_time(labelled):
    store = Store(labelled)
    assert (
        lips.choose_sentence(store, "test_clean").id == lips.choose_sentence(store, "test_clean").id
    )
    with pytest.raises(MarotteError, match="no sentence"):
        lips.choose_sentence(store, "test_clean", "fr")


def test_labels_of_close_dots_are_moved_apart():
    assert spread_apart([5, 0, 5.5], 1) == [4.75, 0, 5.75]
    assert spread_apart([], 1) == []


def test_the_pareto_front_has_the_best_score_at_each_cost():
    assert pareto_front([(3, 9), (1, 5), (2, 4), (2, 7)]) == [(1, 5), (2, 7), (3, 9)]

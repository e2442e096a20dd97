"""Label, train, export, evaluate: the learning path on synthetic speech, by its commands."""

import json

import numpy as np
import pytest
import torch
from spoken import RECIPE, labelled, run

from marotte.face.loading import load_rig
from marotte.learn.measure.card import BEGIN, END
from marotte.model.session import load_student

__all__ = ["labelled"]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Several threads would only wait for each other in networks this small."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def student(labelled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "tiny.toml").write_text(RECIPE)
    trained = run("train", folder / "tiny.toml", labelled, "-o", folder / "run")
    assert trained.exit_code == 0, trained.output
    exported = run("export", folder / "run", "-o", folder / "tiny.onnx")
    assert exported.exit_code == 0, exported.output
    assert "33 controls" in exported.output
    return folder / "tiny.onnx"


@pytest.mark.parametrize("hours", ["queen", "queen=nan", "queen=-1", "queen=1,"])
def test_packing_refuses_hours_that_are_none(labelled, tmp_path, hours):
    refused = run("reproduce", "pack", labelled, "-o", tmp_path / "packed", "--hours", hours)
    assert refused.exit_code == 2
    assert "must be SOURCE=HOURS" in refused.output
    assert not (tmp_path / "packed").exists()


def test_train_names_the_sources_that_the_corpus_lacks(labelled, tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(f"{RECIPE}[mix]\nqueen = 2.0\nflite = 1.5\n")
    trained = run("train", path, labelled, "-o", tmp_path / "run")
    assert trained.exit_code == 0, trained.output
    assert "has no speech of flite, which" in trained.output
    path.write_text(f"{RECIPE}[mix]\nqueem = 2.0\n")
    refused = run("train", path, labelled, "-o", tmp_path / "other")
    assert refused.exit_code == 2
    assert "names the unknown source 'queem'" in refused.output


def test_labelling_again_replaces_only_what_is_missing(labelled):
    assert "labelled 0 parts" in run("label", labelled).output
    path = labelled / "labels" / "phonetic" / "queen-00000.parquet"
    before = path.read_bytes()
    path.unlink()  # as if the run had been killed before it
    assert "labelled 1 parts" in run("label", labelled, "--workers", 1).output
    assert path.read_bytes() == before


def test_evaluate_scores_a_teacher(labelled):
    result = run("evaluate", labelled, "--teacher", "phonetic", "--split", "test_clean")
    assert result.exit_code == 0, result.output
    assert "asterisk_en/allison" in result.output
    assert "100.0" in result.output


def test_evaluate_scores_a_student_and_writes_its_card(labelled, student, tmp_path):
    card = tmp_path / "card.md"
    card.write_text(f"# A card\n{BEGIN}\nold\n{END}\nThe end.\n")
    short = tmp_path / "README.md"
    short.write_text(f"{BEGIN}\n{END}\n")
    result = run("evaluate", labelled, "--student", student, "--card", card, "--summary", short)
    assert result.exit_code == 0, result.output
    text = card.read_text()
    assert text.startswith("# A card")
    assert text.endswith("The end.\n")
    assert "old" not in text
    for expected in ("### test_clean", "| queen/naomi |", "| tiny |", "look-ahead 128 ms"):
        assert expected in text
    assert "| test_other | tiny |" in short.read_text()
    assert "| test_other | teacher |" in short.read_text()
    assert "naomi" not in short.read_text()


def test_evaluate_compares_several_students(labelled, student, tmp_path):
    short = tmp_path / "README.md"
    short.write_text(f"{BEGIN}\n{END}\n")
    words = ["evaluate", labelled, "--student", student, "--student", "live", "--summary", short]
    result = run(*words, "--split", "test_clean", "--speech", 0.1)
    assert result.exit_code == 0, result.output
    for expected in ("| test_clean | tiny |", "| test_clean | live |", "- live: look-ahead"):
        assert expected in short.read_text()
    result = run(*words, "--card", short)
    assert result.exit_code == 2
    assert "a card is of one student, got 2" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("label", "missing"), "holds no speech"),
        (("label", "CORPUS", "--teacher", "nobody"), "no teacher is called 'nobody'"),
        (("train", "missing.toml", "CORPUS"), "no recipe at"),
        (("export", "missing", "-o", "x.onnx"), "no checkpoint at"),
        (("export", "missing", "-o", "nowhere/x.onnx"), "does not exist"),
        (("evaluate", "CORPUS", "--split", "moon", "--teacher", "phonetic"), "no 'moon' speech"),
        (("evaluate", "CORPUS", "--student", "nobody"), "nobody"),
    ],
)
def test_bad_input_is_one_sentence(arguments, words, labelled, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*[labelled if a == "CORPUS" else a for a in arguments])
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


def test_train_a_student_for_another_rig(labelled, tmp_path):
    controls = [{"name": name, "speech": True} for name in ("jawOpen", "mouthPucker")]
    rig = tmp_path / "rig.json"
    rig.write_text(json.dumps({"name": "two", "controls": controls}))
    (tmp_path / "tiny.toml").write_text(RECIPE)
    words = ("train", tmp_path / "tiny.toml", labelled, "-o", tmp_path / "run")
    trained = run(*words, "--rig", rig)
    assert trained.exit_code == 0, trained.output
    exported = run("export", tmp_path / "run", "-o", tmp_path / "two.onnx")
    assert "2 controls" in exported.output
    actor = load_student(tmp_path / "two.onnx", load_rig(rig))
    assert actor.contract.rig == "two"
    windows = np.zeros((3, actor.window.n_samples), np.float32)
    assert actor.predict(windows).shape == (3, 2)
    again = run(*words)
    assert again.exit_code == 2
    assert "another recipe or rig" in " ".join(again.output.split())


@pytest.mark.parametrize(
    ("controls", "words"),
    [
        ([{"name": "jawOpen"}], "driven by speech"),
        (
            [{"name": "jawOpen", "max": 90, "speech": True}],
            "has the range 0..90, but a student's output is within -1..1",
        ),
        ([{"name": "beak", "speech": True}], "lack the control 'beak'"),
    ],
)
def test_train_refuses_a_rig_that_it_cannot_use(controls, words, labelled, tmp_path):
    rig = tmp_path / "rig.json"
    rig.write_text(json.dumps({"name": "odd", "controls": controls}))
    (tmp_path / "tiny.toml").write_text(RECIPE)
    result = run("train", tmp_path / "tiny.toml", labelled, "--rig", rig)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_train_finds_the_intermediate_teacher_next_to_the_run(labelled, tmp_path):
    (tmp_path / "tiny.toml").write_text(RECIPE)
    (tmp_path / "plus.toml").write_text(
        'base = "tiny.toml"\nname = "plus"\n'
        '[hybrid]\nrecipe = "tiny.toml"\n[loss]\nfeature = 1.0\n[student]\nlookahead_ms = 64\n'
    )
    words = ("train", tmp_path / "plus.toml", labelled, "-o", tmp_path / "plus")
    missing = run(*words)
    assert missing.exit_code == 2
    assert "first, or pass its run folder by --intermediate" in " ".join(missing.output.split())
    first = ("train", tmp_path / "tiny.toml", labelled, "-o", tmp_path / "tiny")
    assert run(*first).exit_code == 0
    assert run(*words).exit_code == 0

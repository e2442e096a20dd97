"""Rows of a table that are trained on equal data."""

import dataclasses

import pytest
from engine_training import RECIPE, named, speech

from marotte.errors import MarotteError
from marotte.learn.train.checkpoint import read_checkpoint
from marotte.learn.train.engine import rows
from marotte.learn.train.engine.rows import RowBudget, plan_row, train_rows
from marotte.learn.train.engine.student_training import EngineSettings
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.recipe import HybridConfig

CPU = EngineSettings()
PLUS = named(RECIPE, "plus", loss=LossWeights(1, 1, feature=0.5), hybrid=HybridConfig("small.toml"))


def test_an_intermediate_teacher_is_trained_before_its_students(tmp_path):
    groups = []
    used = train_rows(
        [PLUS, RECIPE],
        speech(),
        tmp_path,
        RowBudget(frames=160, batch=4, crop_frames=8),
        CPU,
        trained=lambda: groups.append({each.name for each in tmp_path.iterdir()}),
    )
    assert used == {"small": 160, "plus": 160}
    assert groups == [{"small"}, {"small", "plus"}]
    for name in ("small", "plus"):
        assert read_checkpoint(tmp_path / name / "checkpoint.pt")["progress"]["step"] == 5


def test_frames_are_counted_for_each_row_when_the_time_runs_out(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "steps_within", lambda *_: 10**6)
    budget = RowBudget(batch=4, crop_frames=8)
    used = train_rows([PLUS, RECIPE], speech(), tmp_path, budget, CPU, seconds=1.0)
    assert 0 == used["plus"] < used["small"]


def test_a_missing_intermediate_teacher_is_an_error(tmp_path):
    with pytest.raises(MarotteError, match=r"small\.toml is not among the rows"):
        train_rows([PLUS], speech(), tmp_path, RowBudget(frames=160), CPU)


def test_each_seed_of_a_row_is_a_run():
    plans = plan_row(RECIPE, RowBudget(frames=160, batch=4, crop_frames=8, seeds=(3, 5)))
    assert [(each.name, each.train.seed) for each in plans] == [
        ("small-seed3", 3),
        ("small-seed5", 5),
    ]
    (plan,) = plan_row(dataclasses.replace(RECIPE), RowBudget(frames=160, learning_rate=0.5))
    assert (plan.name, plan.train.learning_rate) == ("small", 0.5)

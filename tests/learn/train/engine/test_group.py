"""Students that are trained side by side on the same crops."""

import dataclasses
import time

import pytest
import torch
from engine_training import NAMES, RECIPE, named, speech
from tiny_training import weights

from marotte.errors import MarotteError
from marotte.learn.export.onnx import export
from marotte.learn.train import run as run_module
from marotte.learn.train.checkpoint import load_net, read_checkpoint
from marotte.learn.train.engine.group import TrainingGroup, steps_within
from marotte.learn.train.engine.student_training import EngineSettings
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.recipe import CLEAN, FinetuneConfig, HybridConfig, StudentShape
from marotte.learn.train.run import Run
from marotte.learn.train.setup import RunSetup, TrainingSpeech
from marotte.model.session import load_student

CPU = EngineSettings()


def open_run(recipe, folder, **needs):
    return Run(RunSetup(recipe, folder, **needs), TrainingSpeech(speech(), speech()))


def test_a_group_learns_and_its_students_are_ordinary_ones(tmp_path):
    reports = []
    other = named(RECIPE, "ahead", student=StudentShape(12, 64, "mel", "step", batch_norm=True))
    group = TrainingGroup([RECIPE, other], speech(), CPU)
    before = group.step(40)
    group.train(tmp_path, report=lambda *each: reports.append(each))
    after = group.step(40)
    for name in ("small", "ahead"):
        assert after[name]["total"] < 0.5 * before[name]["total"]
        net, stored = load_net(tmp_path / name / "checkpoint.pt")
        assert stored["progress"]["step"] == 40
        assert net.config.names == NAMES


@pytest.mark.slow
def test_a_student_of_a_group_is_exported_like_any_other(tmp_path):
    recipe = dataclasses.replace(RECIPE, train=dataclasses.replace(RECIPE.train, steps=2))
    TrainingGroup([recipe], speech(), CPU).train(tmp_path)
    net, _ = load_net(tmp_path / "small" / "checkpoint.pt")
    export(net, tmp_path / "small.onnx", name="small")
    assert load_student(tmp_path / "small.onnx", rig=None).contract.names == NAMES


def test_a_step_equals_that_of_an_ordinary_run(tmp_path, monkeypatch):
    recipe = dataclasses.replace(
        RECIPE, augment=CLEAN, train=dataclasses.replace(RECIPE.train, learning_rate=1e-3)
    )
    group = TrainingGroup([recipe], speech(), CPU)
    batch = group.batch(0)
    student, run = group.students["small"], open_run(recipe, tmp_path)
    run.net.load_state_dict(student.net.state_dict())
    run.result.load_state_dict(student.net.state_dict())
    monkeypatch.setattr(run_module, "draw_batch", lambda *_: batch)
    theirs = run.step()
    ours = group.step(40)["small"]
    assert float(ours["total"]) == pytest.approx(float(theirs["total"].detach()), rel=1e-5)
    # The length of Adam's first step does not depend on the gradient's, which may be rounding only.
    for our, their in ((student.net, run.net), (student.result, run.result)):
        assert ((weights(our) - weights(their)).abs() < 1e-6).float().mean() > 0.97


def test_a_stopped_group_continues_to_the_same_result(tmp_path):
    recipe = dataclasses.replace(
        RECIPE,
        train=dataclasses.replace(RECIPE.train, steps=8),
        finetune=FinetuneConfig(share=0.5, learning_rate=1e-3),
    )
    pair = [recipe, named(recipe, "second")]
    whole = TrainingGroup(pair, speech(), CPU)
    whole.train(tmp_path / "whole")
    stopped = TrainingGroup(pair, speech(), CPU)
    for _ in range(3):
        stopped.step(8)
    stopped.students["small"].save(tmp_path / "parts" / "small")
    stopped.step(8)  # killed between the checkpoints of two students
    stopped.students["second"].save(tmp_path / "parts" / "second")
    again = TrainingGroup(pair, speech(), CPU)
    again.train(tmp_path / "parts")
    for name in ("small", "second"):
        ours, theirs = (each.students[name].result for each in (again, whole))
        assert torch.equal(weights(ours), weights(theirs))


def test_hybrid_losses_equal_those_of_an_ordinary_run(tmp_path, monkeypatch):
    loss = LossWeights(1, 1, feature=0.5, attention=0.5)
    recipe = named(RECIPE, "plus", loss=loss, hybrid=HybridConfig("other.toml"), augment=CLEAN)
    torch.manual_seed(3)
    other = named(RECIPE, "other", student=StudentShape(8, 256, "waveform", "step"))
    teacher = TrainingGroup([other], speech(), CPU).students["other"].net
    group = TrainingGroup([recipe], speech(), CPU, {"other.toml": teacher})
    batch = group.batch(0)
    run = open_run(recipe, tmp_path, intermediate=teacher)
    run.net.load_state_dict(group.students["plus"].net.state_dict())
    monkeypatch.setattr(run_module, "draw_batch", lambda *_: batch)
    theirs = run.step()
    ours = group.step(40)["plus"]
    for name, loss in theirs.items():
        assert float(ours[name]) == pytest.approx(float(loss.detach()), rel=1e-4), name


def test_recipes_with_different_crops_are_refused():
    other = named(RECIPE, "other", augment=CLEAN)
    with pytest.raises(MarotteError, match="other and small can't be trained on the same crops"):
        TrainingGroup([RECIPE, other], speech(), CPU)


def test_a_baseline_is_refused():
    other = named(RECIPE, "other", student=StudentShape(8, 128, "mfcc"))
    with pytest.raises(MarotteError, match="train it by `marotte train`"):
        TrainingGroup([other], speech(), CPU)


def test_a_time_is_used_and_kept(tmp_path):
    group = TrainingGroup([RECIPE], speech(), CPU)
    steps = steps_within(3.0, [group])
    assert steps > 20
    assert group.step_number == 0
    begun = time.monotonic()
    group.train(tmp_path, steps)
    assert time.monotonic() - begun < 6


def test_measuring_the_speed_changes_nothing():
    measured, fresh = (TrainingGroup([RECIPE], speech(), CPU) for _ in range(2))
    measured.measure_step_seconds()
    for _ in range(3):
        measured.step(40)
        fresh.step(40)
    ours, theirs = measured.students["small"], fresh.students["small"]
    for our, their in zip(ours.tensors().values(), theirs.tensors().values(), strict=True):
        assert torch.equal(our, their)


def test_steps_are_undone_in_place():
    group = TrainingGroup([RECIPE], speech(), CPU)
    group.step(40)
    student = group.students["small"]
    before, addresses = student.snapshot(), [x.data_ptr() for x in student.tensors().values()]
    group.step(40)
    assert any(not torch.equal(x, before[key]) for key, x in student.tensors().items())
    student.undo(before)
    assert all(torch.equal(x, before[key]) for key, x in student.tensors().items())
    assert [x.data_ptr() for x in student.tensors().values()] == addresses


def test_a_group_stops_at_its_deadline(tmp_path):
    group = TrainingGroup([RECIPE], speech(), CPU)
    group.train(tmp_path, 10**6, until=time.monotonic() + 1)
    progress = read_checkpoint(tmp_path / "small" / "checkpoint.pt")["progress"]
    assert 0 < progress["step"] < 10**4

"""Hybrid distillation: an intermediate teacher sees the frames that its student sees."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from tiny_training import NAMES, RECIPE, open_run, train, weights

from marotte.errors import MarotteError
from marotte.learn.models.student import StudentConfig, StudentNet
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.objective import IntermediateTeacher, Objective, cut
from marotte.learn.train.recipe import HybridConfig, StudentShape
from marotte.learn.train.setup import TargetRig
from marotte.model.timing import WindowSpec


def hybrid_recipe(feature=1.0, attention=0.0, lookahead_ms=64):
    return dataclasses.replace(
        RECIPE,
        student=StudentShape(8, lookahead_ms, "mel", "step", batch_norm=True),
        loss=dataclasses.replace(RECIPE.loss, feature=feature, attention=attention),
        hybrid=HybridConfig("first.toml"),
    )


@pytest.mark.parametrize(("frontend", "norm"), [("mel", "step"), ("waveform", "window")])
def test_the_intermediate_teacher_sees_the_same_frames(frontend, norm):
    torch.manual_seed(0)
    net = StudentNet(StudentConfig(16, 256, NAMES, frontend, norm)).eval()
    student = StudentNet(StudentConfig(8, 64, NAMES, "mel", "step")).eval()
    teacher = IntermediateTeacher(net, student)
    assert teacher.union == WindowSpec(student.config.window.past_samples, 4096)
    samples = 0.1 * torch.randn(2, teacher.union.n_samples + 3 * 160)
    taught = teacher(samples, 4, 160)
    own = student.crops(cut(samples, teacher.union, student.config.window), 4, 160)
    frame = teacher.union.past_samples + 2 * 160  # the third frame of each crop
    for each, prediction in ((net, taught), (student, own)):
        window = each.config.window
        crop = samples[:, frame - window.past_samples : frame + window.future_samples]
        controls = prediction.controls.unflatten(0, (2, 4))[:, 2]
        torch.testing.assert_close(controls, each(crop).controls, atol=1e-5, rtol=0)
    assert [m.shape[2] for m in taught.maps] == [student.n_steps] * 2


def test_attention_maps_are_compared_at_the_same_times():
    nets = [StudentNet(StudentConfig(8, d, NAMES, "mel", "step")) for d in (120, 60)]
    teacher = IntermediateTeacher(*nets)
    # 60 ms are three steps; the student's first three steps lie before the teacher's window.
    assert teacher.first.tolist() == [0, 0, 0, *range(20)]
    torch.testing.assert_close(teacher.share, torch.zeros(23))


@pytest.mark.parametrize("loss", [{"feature": 1.0}, {"feature": 0.0, "attention": 1.0}])
def test_hybrid_training_approaches_the_intermediate_teacher(loss, tmp_path):
    first = train(RECIPE, tmp_path / "first")
    before = torch.cat([p.flatten() for p in first.parameters()])
    recipe = hybrid_recipe(**loss)
    config = dataclasses.replace(recipe.train, steps=40, frames=4, frame_ms=10.0)
    name = next(name for name, weight in loss.items() if weight)
    history = []
    train(
        dataclasses.replace(recipe, train=config),
        tmp_path / "run",
        lambda progress, losses: history.append(losses[name]),
        intermediate=first,
    )
    assert np.mean(history[-5:]) < 0.8 * np.mean(history[:5])
    assert torch.equal(weights(first), before)


def test_a_baseline_can_not_be_distilled_by_features(tmp_path):
    first = StudentNet(StudentConfig(8, 64, NAMES, "mel", "step"))
    shape = StudentShape(8, 64, "mfcc", "window")
    recipe = dataclasses.replace(hybrid_recipe(), student=shape)
    with pytest.raises(MarotteError, match="'mel' and 'mfcc', and baselines have no steps"):
        open_run(recipe, tmp_path, intermediate=first)


def test_a_loss_of_rest_is_computed_only_with_a_weight_and_by_the_signs_of_the_rig(tmp_path):
    face = torch.zeros(1, 2, len(NAMES))
    assert "rest" not in Objective(RECIPE.loss, NAMES, 20).curves(face, face)
    weights = dataclasses.replace(RECIPE.loss, rest=2.0)
    for signed, expected in ((frozenset(), 0.01), ({"jawOpen"}, 0.005)):
        objective = Objective(weights, NAMES, 20, signed=signed)
        parts = objective.weigh(objective.curves(face, face))
        assert float(parts["rest"]) == pytest.approx(expected)
        assert float(parts["total"]) == pytest.approx(2 * expected)


def test_controls_with_a_negative_minimum_are_signed(tmp_path):
    assert TargetRig.load().signed == frozenset()
    controls = [{"name": "jaw", "speech": True}, {"name": "lips", "min": -1, "speech": True}]
    (tmp_path / "rig.json").write_text(json.dumps({"name": "puppet", "controls": controls}))
    assert TargetRig.load(tmp_path / "rig.json").signed == {"lips"}


def test_a_student_learns_to_rest(tmp_path):
    config = dataclasses.replace(RECIPE.train, steps=60, batch=16, rest_ms=120.0)
    loss = dataclasses.replace(RECIPE.loss, rest=1.0)
    augment = dataclasses.replace(RECIPE.augment, no_speech=0.5, cut=0.3)
    recipe = dataclasses.replace(RECIPE, train=config, loss=loss, augment=augment)
    net = train(recipe, tmp_path)
    with torch.no_grad():
        silence = net(torch.zeros(1, net.config.window.n_samples)).controls
    assert silence.max() <= 0.005  # a rig clips negative values
    assert silence.min() > -0.1


def test_balance_compares_controls_in_units_of_their_motion():
    names = ("jawOpen", "mouthDimpleLeft", "tongueOut")
    target = torch.zeros(1, 4, 3)
    one_sd = torch.tensor([0.095, 0.052, 0.05]).expand(1, 4, 3)
    plain = Objective(LossWeights(), names, 20.0)
    balanced = Objective(LossWeights(balance=1.0), names, 20.0)
    assert balanced.per_control.square().mean().item() == pytest.approx(1)
    by_control = (one_sd * balanced.per_control)[0, 0]
    assert by_control.tolist() == pytest.approx([by_control[0].item()] * 3)
    expected = by_control.square().mean().item()
    assert balanced.curves(one_sd, target)["reconstruction"].item() == pytest.approx(expected)
    found = plain.curves(one_sd, target)["reconstruction"].item()
    assert found == pytest.approx(one_sd.square().mean().item())

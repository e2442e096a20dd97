import dataclasses

import numpy as np
import pytest
import torch
from tiny_training import NAMES, RECIPE, open_run, train

from marotte.config import strict
from marotte.errors import MarotteError
from marotte.learn.export.onnx import export
from marotte.learn.models.student import StudentConfig, StudentNet
from marotte.learn.recipes import read_recipe
from marotte.learn.train import checkpoint, loop
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.objective import Intermediate, cut
from marotte.learn.train.recipe import (
    CLEAN,
    FinetuneConfig,
    HybridConfig,
    StudentShape,
    TrainConfig,
    TrainingRecipe,
)
from marotte.model.session import load_student
from marotte.model.timing import WindowSpec


def weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def test_training_learns(tmp_path):
    config = dataclasses.replace(RECIPE.train, steps=60, batch=16)
    history = []
    train(
        dataclasses.replace(RECIPE, train=config),
        tmp_path / "run",
        lambda progress, values: history.append(values["total"]),
        validation_seed=1,
    )
    assert np.mean(history[-10:]) < 0.5 * np.mean(history[:5])
    assert list((tmp_path / "run").glob("events.*"))


@pytest.mark.parametrize("last", [1, 4])
def test_a_stopped_run_goes_on_to_the_same_result(last, tmp_path, monkeypatch):
    recipe = dataclasses.replace(
        RECIPE,
        train=dataclasses.replace(RECIPE.train, average=0.9, shards=2, validate_steps=2),
        finetune=FinetuneConfig(share=0.5, learning_rate=1e-3),
    )
    whole = train(recipe, tmp_path / "whole")

    class Stop(Exception):
        pass

    def stop(progress, values):
        if progress.step == last:
            raise Stop

    # As after kill -9: only what the checkpoint kept is there.
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(Stop):
        train(recipe, tmp_path / "run", stop)
    monkeypatch.undo()
    resumed = train(recipe, tmp_path / "run")
    torch.testing.assert_close(weights(resumed), weights(whole), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("own", "share_at_3"), [(1e-4, None), (0.0, 0.5)])
def test_a_run_ends_on_clean_speech(own, share_at_3, tmp_path, monkeypatch):
    heard, rates = [], []
    batch_of, step = loop.batch_of, loop.Run.step

    def stepped(run):
        losses = step(run)
        rates.append(run.optimizer.param_groups[0]["lr"])
        return losses

    monkeypatch.setattr(loop, "batch_of", lambda *args: heard.append(args[2]) or batch_of(*args))
    monkeypatch.setattr(loop.Run, "step", stepped)
    recipe = dataclasses.replace(RECIPE, finetune=FinetuneConfig(share=0.5, learning_rate=own))
    train(recipe, tmp_path)
    assert heard == 3 * [recipe.augment] + 3 * [CLEAN]
    highest = recipe.train.learning_rate
    if own:  # after a cosine of its own, which is at a quarter after two of three steps
        assert rates[2:] == pytest.approx([highest / 4, own, own, own])
    else:
        assert rates[3] == pytest.approx(highest * share_at_3)


def test_pressed_lips_can_count_for_more_at_the_end(tmp_path):
    loss = dataclasses.replace(RECIPE.loss, closure=3.0)
    counted = []

    def run(closure):
        fine = FinetuneConfig(share=0.5, closure=closure)
        recipe = dataclasses.replace(RECIPE, loss=loss, finetune=fine)
        run = open_run(recipe, tmp_path / f"{closure}")
        for objective in run.objectives:
            weigh, closures = objective.weigh, objective.weights.closure
            objective.weigh = lambda parts, weigh=weigh, by=closures: (
                counted.append(by) or weigh(parts)
            )
        for _ in range(RECIPE.train.steps):
            run.step()

    run(8.0)
    run(0.0)
    assert counted == [3.0, 3.0, 3.0, 8.0, 8.0, 8.0] + 6 * [3.0]


def test_mixed_precision_is_that_of_convolutions_alone(tmp_path):
    config = dataclasses.replace(RECIPE.train, steps=3, precision="bf16-mixed")
    run = open_run(dataclasses.replace(RECIPE, train=config), tmp_path)
    net, seen = run.net, {}

    def watch(name, module):
        module.register_forward_hook(lambda *call: seen.update({name: call[2].dtype}))

    watch("convolution", net.frontend.convolutions[0])
    watch("reduce", net.reduce[0])
    watch("hidden", net.hidden[0])
    watch("output", net.output)
    losses = run.step()
    assert seen["convolution"] == seen["reduce"] == torch.bfloat16
    assert seen["hidden"] == seen["output"] == losses["total"].dtype == torch.float32
    assert {value.dtype for value in net.parameters()} == {torch.float32}
    assert bool(torch.isfinite(weights(net)).all())


def hybrid(feature=1.0, attention=0.0, lookahead_ms=64):
    return dataclasses.replace(
        RECIPE,
        student=StudentShape(8, lookahead_ms, "mel", "step", batch_norm=True),
        loss=dataclasses.replace(RECIPE.loss, feature=feature, attention=attention),
        hybrid=HybridConfig("first.toml"),
    )


@pytest.mark.parametrize(("frontend", "norm"), [("mel", "step"), ("waveform", "window")])
def test_the_intermediate_teacher_looks_at_the_same_frames(frontend, norm):
    torch.manual_seed(0)
    teacher = StudentNet(StudentConfig(16, 256, NAMES, frontend, norm)).eval()
    student = StudentNet(StudentConfig(8, 64, NAMES, "mel", "step")).eval()
    second = Intermediate(teacher, student)
    assert second.union == WindowSpec(student.config.window.past_samples, 4096)
    samples = 0.1 * torch.randn(2, second.union.n_samples + 3 * 160)
    answer = second(samples, 4, 160)
    own = student.crops(cut(samples, second.union, student.config.window), 4, 160)
    frame = second.union.past_samples + 2 * 160  # of either crop's third frame
    for net, given in ((teacher, answer), (student, own)):
        window = net.config.window
        heard = samples[:, frame - window.past_samples : frame + window.future_samples]
        controls = given.controls.unflatten(0, (2, 4))[:, 2]
        torch.testing.assert_close(controls, net(heard).controls, atol=1e-5, rtol=0)
    assert [m.shape[2] for m in answer.maps] == [student.n_steps] * 2


def test_attention_maps_stand_at_the_same_moments():
    nets = [StudentNet(StudentConfig(8, d, NAMES, "mel", "step")) for d in (120, 60)]
    second = Intermediate(*nets)
    # 60 ms are three steps; the student's first three stand before the teacher's window.
    assert second.first.tolist() == [0, 0, 0, *range(20)]
    torch.testing.assert_close(second.share, torch.zeros(23))


@pytest.mark.parametrize("weights", [{"feature": 1.0}, {"feature": 0.0, "attention": 1.0}])
def test_hybrid_training_comes_nearer_to_the_intermediate_teacher(weights, tmp_path):
    first = train(RECIPE, tmp_path / "first")
    before = torch.cat([p.flatten() for p in first.parameters()])
    recipe = hybrid(**weights)
    recipe = dataclasses.replace(
        recipe, train=dataclasses.replace(recipe.train, steps=40, frames=4, frame_ms=10.0)
    )
    history = []
    train(
        recipe,
        tmp_path / "run",
        lambda progress, values: history.append(values[next(k for k, v in weights.items() if v)]),
        intermediate=first,
    )
    assert np.mean(history[-5:]) < 0.8 * np.mean(history[:5])
    assert torch.equal(torch.cat([p.flatten() for p in first.parameters()]), before)


def test_features_without_an_intermediate_teacher_are_refused():
    loss = LossWeights(feature=1.0)
    with pytest.raises(MarotteError, match=r"hybrid\.recipe"):
        dataclasses.replace(RECIPE, loss=loss)
    with pytest.raises(MarotteError, match="teaches nothing"):
        dataclasses.replace(RECIPE, hybrid=HybridConfig("first.toml"))


def test_a_run_keeps_the_mean_of_its_weights(tmp_path):
    config = dataclasses.replace(RECIPE.train, average=0.99)
    net = train(dataclasses.replace(RECIPE, train=config), tmp_path)
    plain = train(RECIPE, tmp_path / "plain")
    kept, state = checkpoint.load_net(tmp_path / "checkpoint.pt")
    assert torch.equal(weights(kept), weights(net))
    assert not torch.equal(weights(net), weights(plain))
    last = StudentNet(kept.config)
    last.load_state_dict(state["training"])
    assert torch.equal(weights(last), weights(plain))  # averaging watches, and changes nothing


def test_averaging_forgets_the_beginning():
    mean, net = (StudentNet(StudentConfig(8, 64, NAMES, "mel", "step")) for _ in range(2))
    for step in range(1, 200):
        loop.update_ema(mean, net, 0.9, step)
    torch.testing.assert_close(weights(mean), weights(net), atol=1e-6, rtol=0)


def test_a_run_that_gets_no_better_stops(tmp_path):
    config = dataclasses.replace(
        RECIPE.train, steps=400, learning_rate=0.0, validate_steps=2, patience=3
    )
    steps = []
    train(
        dataclasses.replace(RECIPE, train=config),
        tmp_path,
        lambda progress, values: steps.append(progress.step),
    )
    assert steps[-1] == 8  # one that was better than nothing, and three that were not


def test_a_folder_of_another_recipe_is_refused(tmp_path):
    train(RECIPE, tmp_path)
    other = dataclasses.replace(RECIPE, loss=LossWeights(2, 1, 0))
    with pytest.raises(MarotteError, match="another recipe"):
        train(other, tmp_path)


def test_a_checkpoint_cut_short_is_refused(tmp_path):
    train(RECIPE, tmp_path)
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(MarotteError, match="not a whole checkpoint"):
        checkpoint.load_net(path)


def test_a_checkpoint_of_before_rigs_is_of_arkit_and_a_teacher_s_is_refused(tmp_path):
    train(RECIPE, tmp_path)
    path = tmp_path / "checkpoint.pt"
    state = checkpoint.read(path)
    del state["rig"]
    torch.save(state, path)
    assert checkpoint.load_net(path)[1]["rig"] == "arkit52"
    del state["recipe"]["student"]
    torch.save(state, path)
    with pytest.raises(MarotteError, match=r"not a student's checkpoint \(it lacks student\)"):
        checkpoint.load_net(path)


def test_an_exported_student_gives_what_was_trained(tmp_path):
    trained = train(RECIPE, tmp_path / "run")
    net, _ = checkpoint.load_net(tmp_path / "run" / "checkpoint.pt")
    contract = export(net, tmp_path / "tiny.onnx", name="tiny")
    student = load_student(tmp_path / "tiny.onnx")
    assert student.contract == contract
    assert student.check_golden() < 1e-4
    shape = (5, contract.window.n_samples)
    windows = np.random.default_rng(0).normal(0, 0.1, shape).astype(np.float32)
    with torch.no_grad():
        expected = trained(torch.from_numpy(windows)).controls.numpy()
    np.testing.assert_allclose(student.outputs(windows), expected, atol=1e-4)


def test_learning_rate_rises_then_falls_to_zero():
    config = TrainConfig(minutes=1, warmup=0.1, learning_rate=1.0)
    rates = [loop.learning_rate(done, config) for done in (0, 0.05, 0.1, 0.5, 1)]
    assert rates == [0, pytest.approx(0.497, abs=0.01), pytest.approx(0.976, abs=0.01), 0.5, 0]


class TestRecipes:
    TEXT = """
name = "a"
corpus = "c.toml"
teacher = "phonetic"
[student]
channels = 16
lookahead_ms = 64
[train]
minutes = 2
"""

    def test_base_and_differences(self, tmp_path):
        (tmp_path / "base.toml").write_text(self.TEXT)
        (tmp_path / "child.toml").write_text('base = "base.toml"\nname = "b"\n[train]\nbatch = 2\n')
        recipe = strict(TrainingRecipe, read_recipe(tmp_path / "child.toml"), "child.toml")
        assert (recipe.name, recipe.train.batch, recipe.train.minutes) == ("b", 2, 2.0)
        assert recipe.student.channels == 16

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("minutes = 2", "minuets = 2", "minuets.*valid are minutes"),
            ("minutes = 2", "minutes = 'two'", "must be of type float"),
            ("channels = 16", "channels = true", "must be of type int"),
            ("channels = 16", "", "lacks the key 'channels'"),
            ("minutes = 2", "minutes = 0", "minutes must be above 0, got 0"),
            ("minutes = 2", "minutes = 2\nwarmup = 3", "warmup must be from 0 to 1, got 3"),
            ("minutes = 2", "minutes = 2\nframe_ms = 15", "whole part"),
            ("minutes = 2", "minutes = 2\nframe_ms = 10\nframes = 3", "multiple of 2"),
            ("minutes = 2", "minutes = 2\nprecision = 'half'", "bf16-mixed"),
            ("minutes = 2", "minutes = 2\naverage = 1.5", "below 1"),
            ("minutes = 2", "minutes = 2\nbatch = 0", "at least 1"),
            ("name =", "name ==", "not a TOML recipe"),
            ("name =", 'base = "a.toml"\nname =', "its own base"),
        ],
    )
    def test_mistakes_are_named(self, tmp_path, old, new, words):
        (tmp_path / "a.toml").write_text(self.TEXT.replace(old, new))
        with pytest.raises(MarotteError, match=words):
            strict(TrainingRecipe, read_recipe(tmp_path / "a.toml"), "a.toml")

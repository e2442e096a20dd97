import dataclasses

import numpy as np
import pytest
import torch

from marotte.errors import MarotteError
from marotte.learn import distill
from marotte.learn.dataset import LabelledSpeech
from marotte.learn.distill import Recipe, StudentShape, TrainConfig
from marotte.learn.export import export
from marotte.learn.losses import LossWeights
from marotte.learn.recipe import read_recipe, strict
from marotte.runtime import load_student

NAMES = ("jawOpen", "mouthClose")
RECIPE = Recipe(
    name="tiny",
    corpus="corpus.toml",
    teacher="phonetic",
    student=StudentShape(8, 128, "mel", "step", batch_norm=True),
    train=TrainConfig(minutes=1, steps=6, batch=8, frames=3, warmup=0, validate_crops=8),
    loss=LossWeights(1, 1, 0.05),
)


def speech(seconds=4.0, seed=0):
    """A voice that hums on and off, and a jaw that follows it."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * 16000)) / 16000
    jaw = np.clip(np.sin(2 * np.pi * 2 * np.arange(int(seconds * 60)) / 60), 0, 1)
    loud = np.interp(time, np.arange(len(jaw)) / 60, jaw)
    sound = loud * np.sin(2 * np.pi * 150 * time) + 0.01 * random.normal(size=len(time))
    return LabelledSpeech(
        samples=np.int16(8000 * sound),
        curves=np.stack([0.5 * jaw, 0 * jaw], axis=1).astype(np.float16),
        first_sample=np.array([0, len(time)]),
        first_frame=np.array([0, len(jaw)]),
        level=np.array([0.2], np.float32),
        source=("made",),
        fps=60.0,
        names=NAMES,
    )


def weights(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def test_training_learns(tmp_path):
    train = dataclasses.replace(RECIPE.train, steps=60, batch=16)
    history = []
    distill.train(
        dataclasses.replace(RECIPE, train=train),
        speech(),
        speech(seed=1),
        tmp_path / "run",
        lambda progress, values: history.append(values["total"]),
    )
    assert np.mean(history[-10:]) < 0.5 * np.mean(history[:5])
    assert list((tmp_path / "run").glob("events.*"))


def test_a_stopped_run_goes_on_to_the_same_result(tmp_path):
    whole = distill.train(RECIPE, speech(), speech(), tmp_path / "whole")

    class Stop(Exception):
        pass

    def stop(progress, values):
        if progress.step == 3:
            raise Stop

    # As after kill -9: only what the checkpoint kept is there.
    saved = distill.CHECKPOINT_SECONDS
    distill.CHECKPOINT_SECONDS = 0.0
    try:
        with pytest.raises(Stop):
            distill.train(RECIPE, speech(), speech(), tmp_path / "run", stop)
    finally:
        distill.CHECKPOINT_SECONDS = saved
    resumed = distill.train(RECIPE, speech(), speech(), tmp_path / "run")
    torch.testing.assert_close(weights(resumed), weights(whole), atol=1e-6, rtol=0)


def test_a_folder_of_another_recipe_is_refused(tmp_path):
    distill.train(RECIPE, speech(), speech(), tmp_path)
    other = dataclasses.replace(RECIPE, loss=LossWeights(2, 1, 0))
    with pytest.raises(MarotteError, match="another recipe"):
        distill.train(other, speech(), speech(), tmp_path)


def test_a_checkpoint_cut_short_is_refused(tmp_path):
    distill.train(RECIPE, speech(), speech(), tmp_path)
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(MarotteError, match="not a whole checkpoint"):
        distill.load_net(path)


def test_an_exported_student_gives_what_was_trained(tmp_path):
    trained = distill.train(RECIPE, speech(), speech(), tmp_path / "run")
    net, _ = distill.load_net(tmp_path / "run" / "checkpoint.pt")
    contract = export(net, tmp_path / "tiny.onnx", name="tiny")
    student = load_student(tmp_path / "tiny.onnx")
    assert student.contract == contract
    assert student.check_golden() < 1e-4
    windows = np.random.default_rng(0).normal(0, 0.1, (5, 8192)).astype(np.float32)
    with torch.no_grad():
        expected = trained(torch.from_numpy(windows)).controls.numpy()
    np.testing.assert_allclose(student.outputs(windows), expected, atol=1e-4)


def test_learning_rate_rises_then_falls_to_zero():
    config = TrainConfig(minutes=1, warmup=0.1, learning_rate=1.0)
    rates = [distill.learning_rate(done, config) for done in (0, 0.05, 0.1, 0.5, 1)]
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
        recipe = strict(Recipe, read_recipe(tmp_path / "child.toml"), "child.toml")
        assert (recipe.name, recipe.train.batch, recipe.train.minutes) == ("b", 2, 2.0)
        assert recipe.student.channels == 16

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("minutes = 2", "minuets = 2", "minuets.*valid are minutes"),
            ("minutes = 2", "minutes = 'two'", "must be of type float"),
            ("channels = 16", "channels = true", "must be of type int"),
            ("channels = 16", "", "lacks the key 'channels'"),
            ("name =", "name ==", "not a TOML recipe"),
            ("name =", 'base = "a.toml"\nname =', "its own base"),
        ],
    )
    def test_mistakes_are_named(self, tmp_path, old, new, words):
        (tmp_path / "a.toml").write_text(self.TEXT.replace(old, new))
        with pytest.raises(MarotteError, match=words):
            strict(Recipe, read_recipe(tmp_path / "a.toml"), "a.toml")

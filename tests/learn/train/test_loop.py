"""The training loop learns, resumes, averages its weights and stops early."""

import dataclasses

import numpy as np
import pytest
import torch
from tiny_training import RECIPE, train, weights

from marotte.learn.export.onnx import export
from marotte.learn.models.student import StudentNet
from marotte.learn.train import checkpoint, loop
from marotte.learn.train.recipe import FinetuneConfig
from marotte.model.session import load_student


def test_training_lowers_the_loss(tmp_path):
    config = dataclasses.replace(RECIPE.train, steps=60, batch=16)
    history = []
    train(
        dataclasses.replace(RECIPE, train=config),
        tmp_path / "run",
        lambda progress, losses: history.append(losses["total"]),
        validation_seed=1,
    )
    assert np.mean(history[-10:]) < 0.5 * np.mean(history[:5])
    assert list((tmp_path / "run").glob("events.*"))


@pytest.mark.parametrize("last", [1, 4])
def test_a_stopped_run_resumes_to_the_same_result(last, tmp_path, monkeypatch):
    recipe = dataclasses.replace(
        RECIPE,
        train=dataclasses.replace(RECIPE.train, ema_decay=0.9, shards=2, validate_steps=2),
        finetune=FinetuneConfig(share=0.5, learning_rate=1e-3),
    )
    whole = train(recipe, tmp_path / "whole")

    class Stop(Exception):
        pass

    def stop(progress, losses):
        if progress.step == last:
            raise Stop

    # As after kill -9: only the checkpoint is left.
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(Stop):
        train(recipe, tmp_path / "run", stop)
    monkeypatch.undo()
    resumed = train(recipe, tmp_path / "run")
    torch.testing.assert_close(weights(resumed), weights(whole), atol=1e-6, rtol=0)


def test_a_run_returns_the_ema_of_its_weights(tmp_path):
    config = dataclasses.replace(RECIPE.train, ema_decay=0.99)
    net = train(dataclasses.replace(RECIPE, train=config), tmp_path)
    plain = train(RECIPE, tmp_path / "plain")
    stored, contents = checkpoint.load_net(tmp_path / "checkpoint.pt")
    assert torch.equal(weights(stored), weights(net))
    assert not torch.equal(weights(net), weights(plain))
    last = StudentNet(stored.config)
    last.load_state_dict(contents["training"])
    assert torch.equal(weights(last), weights(plain))  # the EMA does not change the training


def test_a_run_stops_early_when_the_validation_loss_stays(tmp_path):
    config = dataclasses.replace(
        RECIPE.train, steps=400, learning_rate=0.0, validate_steps=2, patience=3
    )
    steps = []
    train(
        dataclasses.replace(RECIPE, train=config),
        tmp_path,
        lambda progress, losses: steps.append(progress.step),
    )
    assert steps[-1] == 8  # the first validation is the best so far; three more are not better


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

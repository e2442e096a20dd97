"""A warm start gives the outputs of the exported student that it starts from."""

import dataclasses

import numpy as np
import pytest
import torch
from tiny_training import RECIPE, open_run, speech, train

from marotte.errors import MarotteError
from marotte.learn.export.onnx import export
from marotte.learn.train.batches import draw_batch
from marotte.learn.train.recipe import FinetuneConfig
from marotte.learn.train.setup import TrainingSpeech
from marotte.learn.train.warm_start import read_warm_start
from marotte.model.session import load_student


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """Return the file of a student after a short training."""
    folder = tmp_path_factory.mktemp("student")
    config = dataclasses.replace(RECIPE.train, steps=40)
    net = train(dataclasses.replace(RECIPE, train=config), folder / "run")
    export(net, folder / "s.onnx", name="s")
    return folder / "s.onnx"


def warm_run(start_file, folder, **changes):
    recipe = dataclasses.replace(RECIPE, start=start_file.name, **changes)
    start = read_warm_start(recipe.start, start_file.parent)
    return open_run(recipe, folder, start=start)


def crops(run):
    config = run.recipe.train
    return draw_batch(run.stages[0].sampler, config, run.stages[0].augment, 99)[0]


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_the_outputs_are_the_student_s(ema_decay, student, tmp_path):
    run = warm_run(student, tmp_path, train=dataclasses.replace(RECIPE.train, ema_decay=ema_decay))
    windows = crops(run)[:, : run.window.n_samples]
    expected = load_student(student, rig=None).outputs(windows.numpy())
    for net in (run.net, run.result):
        with torch.no_grad():
            answer = net.eval()(windows).controls
        np.testing.assert_allclose(answer, expected, atol=1e-4)


def test_batch_norms_have_the_statistics_of_their_input(student, tmp_path):
    run = warm_run(student, tmp_path, train=dataclasses.replace(RECIPE.train, batch=256))
    samples, shape = crops(run), (RECIPE.train.frames, RECIPE.train.hop_length)
    with torch.no_grad():
        in_evaluation = run.net.eval().crops(samples, *shape).controls
        in_training = run.net.train().crops(samples, *shape).controls
    # The statistics of one batch are about the same.
    assert (in_training - in_evaluation).square().mean() < 0.05 * in_evaluation.var()


def test_a_warm_start_is_better_than_random_weights_and_learns(student, tmp_path):
    at_random = open_run(RECIPE, tmp_path / "random").validate()["total"]
    config = dataclasses.replace(RECIPE.train, steps=12, batch=32, learning_rate=3e-4)
    run = warm_run(student, tmp_path / "run", train=config)
    before = run.validate()["total"]
    assert before < 0.5 * at_random
    for _ in range(config.steps):
        run.step()
    assert run.validate()["total"] < before


def test_a_stopped_warm_start_resumes_to_the_same_result(student, tmp_path):
    recipe = dataclasses.replace(RECIPE, start=student.name, finetune=FinetuneConfig(share=0.5))
    start = read_warm_start(recipe.start, student.parent)
    whole = train(recipe, tmp_path / "whole", start=start)
    run = open_run(recipe, tmp_path / "run", start=start)
    (tmp_path / "run").mkdir()
    for _ in range(3):
        run.step()
    run.save()
    resumed = train(recipe, tmp_path / "run", start=start)
    for ours, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


def test_a_student_keeps_its_speech_and_learns_to_rest_at_other_sounds(student, tmp_path):
    loss = dataclasses.replace(RECIPE.loss, keep=2.0)
    config = dataclasses.replace(RECIPE.train, steps=60, learning_rate=3e-3)
    augment = dataclasses.replace(RECIPE.augment, no_speech=0.5)
    run = warm_run(student, tmp_path, loss=loss, train=config, augment=augment)
    window = run.window.n_samples
    hum = 0.2 * torch.sin(2 * torch.pi * 150 / 16000 * torch.arange(window))[None]
    noise = 0.2 * torch.randn(1, window, generator=torch.Generator().manual_seed(1))
    before = [run.result(each).controls for each in (hum, noise)]
    start = run.kept(hum).controls
    torch.testing.assert_close(start, before[0], atol=1e-4, rtol=0)
    for _ in range(60):
        run.step()
    assert torch.equal(run.kept(hum).controls, start)
    after = [run.result.eval()(each).controls for each in (hum, noise)]
    assert (after[0] - before[0]).abs().max() < 0.1
    assert after[1].abs().max() < 0.5 * before[1].abs().max()


def test_keeping_needs_a_student_to_start_from():
    with pytest.raises(MarotteError, match=r"tiny: loss.keep .* set start"):
        dataclasses.replace(RECIPE, loss=dataclasses.replace(RECIPE.loss, keep=1.0))


def test_controls_that_the_student_lacks_start_from_random_weights(student, tmp_path):
    other = dataclasses.replace(speech(), names=("mouthFunnel", "jawOpen"))
    recipe = dataclasses.replace(RECIPE, start=student.name)
    start = read_warm_start(recipe.start, student.parent)
    run = open_run(recipe, tmp_path, TrainingSpeech(other, other), start=start)
    windows = crops(run)[:, : run.window.n_samples]
    expected = load_student(student, rig=None).outputs(windows.numpy())
    with torch.no_grad():
        answer = run.net.eval()(windows).controls.numpy()
    np.testing.assert_allclose(answer[:, 1], expected[:, 0], atol=1e-4)  # jawOpen
    assert np.abs(answer[:, 0] - expected[:, 1]).max() > 1e-3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channels": 16}, "another size .* set student.channels"),
        ({"frontend": "waveform"}, "front end 'mel' .* the recipe 'waveform'"),
    ],
)
def test_another_kind_or_size_of_student_is_refused(changes, words, student, tmp_path):
    shape = dataclasses.replace(RECIPE.student, **changes)
    with pytest.raises(MarotteError, match=words):
        warm_run(student, tmp_path, student=shape)


def test_shipped_students_are_found_by_name_and_unknown_ones_refused(tmp_path):
    assert read_warm_start("live", tmp_path).weights["output.weight"].shape == (33, 150)
    with pytest.raises(MarotteError, match="no student 'nobody'"):
        read_warm_start("nobody", tmp_path)
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(MarotteError, match=r"text\.onnx"):
        read_warm_start("text.onnx", tmp_path)

"""A run that goes on from an exported student begins with what that student answers."""

import dataclasses

import numpy as np
import pytest
import torch
from tiny_training import RECIPE, open_run, speech, train

from marotte.errors import MarotteError
from marotte.learn.export.onnx import export
from marotte.learn.train.batches import batch_of
from marotte.learn.train.recipe import FinetuneConfig
from marotte.learn.train.setup import TrainingSpeech
from marotte.learn.train.warm_start import read_start
from marotte.model.session import load_student


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """A student that was trained for a little while, and its file."""
    folder = tmp_path_factory.mktemp("student")
    config = dataclasses.replace(RECIPE.train, steps=40)
    net = train(dataclasses.replace(RECIPE, train=config), folder / "run")
    export(net, folder / "s.onnx", name="s")
    return folder / "s.onnx"


def begun(start_file, folder, **changes):
    recipe = dataclasses.replace(RECIPE, start=start_file.name, **changes)
    start = read_start(recipe.start, start_file.parent)
    return open_run(recipe, folder, start=start)


def crops(run):
    config = run.recipe.train
    return batch_of(run.stages[0].sampler, config, run.stages[0].augment, 99)[0]


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_it_answers_as_the_student_did(average, student, tmp_path):
    run = begun(student, tmp_path, train=dataclasses.replace(RECIPE.train, average=average))
    windows = crops(run)[:, : run.window.n_samples]
    expected = load_student(student, rig=None).outputs(windows.numpy())
    for net in (run.net, run.kept):
        with torch.no_grad():
            answer = net.eval()(windows).controls
        np.testing.assert_allclose(answer, expected, atol=1e-4)


def test_its_batch_norms_are_those_of_what_it_hears(student, tmp_path):
    run = begun(student, tmp_path, train=dataclasses.replace(RECIPE.train, batch=256))
    samples, shape = crops(run), (RECIPE.train.frames, RECIPE.train.shift_samples)
    with torch.no_grad():
        still = run.net.eval().crops(samples, *shape).controls
        training = run.net.train().crops(samples, *shape).controls
    # A batch's own statistics are about the same.
    assert (training - still).square().mean() < 0.05 * still.var()


def test_it_begins_better_than_at_random_and_learns(student, tmp_path):
    first = open_run(RECIPE, tmp_path / "random").validate()["total"]
    config = dataclasses.replace(RECIPE.train, steps=12, batch=32, learning_rate=3e-4)
    run = begun(student, tmp_path / "run", train=config)
    begin = run.validate()["total"]
    assert begin < 0.5 * first
    for _ in range(config.steps):
        run.step()
    assert run.validate()["total"] < begin


def test_a_run_that_goes_on_resumes_where_it_was(student, tmp_path):
    recipe = dataclasses.replace(RECIPE, start=student.name, finetune=FinetuneConfig(share=0.5))
    start = read_start(recipe.start, student.parent)
    whole = train(recipe, tmp_path / "whole", start=start)
    run = open_run(recipe, tmp_path / "run", start=start)
    (tmp_path / "run").mkdir()
    for _ in range(3):
        run.step()
    run.save()
    resumed = train(recipe, tmp_path / "run", start=start)
    for ours, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


def test_controls_it_lacks_are_learnt_anew(student, tmp_path):
    other = dataclasses.replace(speech(), names=("mouthFunnel", "jawOpen"))
    recipe = dataclasses.replace(RECIPE, start=student.name)
    start = read_start(recipe.start, student.parent)
    run = open_run(recipe, tmp_path, TrainingSpeech(other, other), start=start)
    windows = crops(run)[:, : run.window.n_samples]
    expected = load_student(student, rig=None).outputs(windows.numpy())
    with torch.no_grad():
        answer = run.net.eval()(windows).controls.numpy()
    np.testing.assert_allclose(answer[:, 1], expected[:, 0], atol=1e-4)  # jawOpen
    assert np.abs(answer[:, 0] - expected[:, 1]).max() > 1e-3


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"channels": 16}, "another size .* set student.channels"),
        ({"frontend": "waveform"}, "front end 'mel' .* the recipe 'waveform'"),
    ],
)
def test_a_student_of_another_kind_is_refused(changes, says, student, tmp_path):
    shape = dataclasses.replace(RECIPE.student, **changes)
    with pytest.raises(MarotteError, match=says):
        begun(student, tmp_path, student=shape)


def test_names_of_shipped_students_work_and_others_are_refused(tmp_path):
    assert read_start("live", tmp_path).weights["output.weight"].shape == (21, 150)
    with pytest.raises(MarotteError, match="no student 'nobody'"):
        read_start("nobody", tmp_path)
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(MarotteError, match=r"text\.onnx"):
        read_start("text.onnx", tmp_path)

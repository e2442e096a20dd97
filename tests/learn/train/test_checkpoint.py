"""Checkpoints that can't be resumed or read are refused; old ones are read."""

import dataclasses

import pytest
import torch
from tiny_training import RECIPE, open_run, train, weights

from marotte.errors import MarotteError
from marotte.learn.train import checkpoint
from marotte.learn.train.losses import LossWeights


def test_a_folder_of_another_recipe_is_refused(tmp_path):
    train(RECIPE, tmp_path)
    other = dataclasses.replace(RECIPE, loss=LossWeights(2, 1, 0))
    with pytest.raises(MarotteError, match="another recipe"):
        train(other, tmp_path)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    train(RECIPE, tmp_path)
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(MarotteError, match="not a whole checkpoint"):
        checkpoint.load_net(path)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["recipe"], 5),
        (["recipe", "student"], "x"),
        (["recipe", "student", "channels"], "x"),
        (["recipe", "teacher"], None),
        (["recipe", "name"], 3),
        (["names"], {"jawOpen": 1}),
        (["names"], ["jawOpen"]),
        (["net"], {}),
        (["net"], {"x": "y"}),
        (["rig"], ["arkit52"]),
    ],
)
def test_other_kinds_of_contents_are_refused_in_one_short_sentence(tmp_path, keys, value):
    train(RECIPE, tmp_path)
    path = tmp_path / "checkpoint.pt"
    contents = table = checkpoint.read_checkpoint(path)
    for key in keys[:-1]:
        table = table[key]
    table[keys[-1]] = value
    torch.save(contents, path)
    with pytest.raises(MarotteError, match="not a whole checkpoint") as caught:
        checkpoint.load_net(path)
    assert len(str(caught.value)) < 400 + len(str(path))


@pytest.mark.parametrize("key", ["training", "optimizer", "progress"])
def test_a_run_is_not_resumed_from_damaged_contents(tmp_path, key):
    train(RECIPE, tmp_path)
    path = tmp_path / "checkpoint.pt"
    contents = checkpoint.read_checkpoint(path)
    torch.save({**contents, key: {"x": 1}}, path)
    with pytest.raises(MarotteError, match="not a whole checkpoint"):
        open_run(RECIPE, tmp_path)


def test_a_checkpoint_without_a_rig_is_of_arkit_and_a_teacher_s_is_refused(tmp_path):
    train(RECIPE, tmp_path)
    path = tmp_path / "checkpoint.pt"
    contents = checkpoint.read_checkpoint(path)
    del contents["rig"]
    torch.save(contents, path)
    assert checkpoint.load_net(path)[1]["rig"] == "arkit52"
    del contents["recipe"]["student"]
    torch.save(contents, path)
    with pytest.raises(MarotteError, match=r"not a student's checkpoint \(it lacks student\)"):
        checkpoint.load_net(path)


def test_a_checkpoint_with_former_names_of_keys_is_resumed(tmp_path):
    recipe = dataclasses.replace(RECIPE, train=dataclasses.replace(RECIPE.train, ema_decay=0.9))
    net = train(recipe, tmp_path)
    path = tmp_path / "checkpoint.pt"
    contents = checkpoint.read_checkpoint(path)
    table = contents["recipe"]["train"]
    table["average"] = table.pop("ema_decay")
    del table["total_frames"]  # a key that did not exist then
    torch.save(contents, path)
    assert torch.equal(weights(checkpoint.load_net(path)[0]), weights(net))
    assert open_run(recipe, tmp_path).progress.step == RECIPE.train.steps


def test_the_corpus_key_does_not_keep_a_run_from_being_resumed(tmp_path):
    train(RECIPE, tmp_path)
    run = open_run(dataclasses.replace(RECIPE, corpus=""), tmp_path)
    assert run.progress.step == RECIPE.train.steps

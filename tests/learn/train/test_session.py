"""A training session reads speech once, and trains as the loop does by itself."""

import dataclasses

import numpy as np
import pytest
import torch
from tiny_training import NAMES, RECIPE, speech, train, weights

from marotte.face.mesh import Mesh
from marotte.learn.data.mesh_pca import mesh_of
from marotte.learn.train import session as session_module
from marotte.learn.train.checkpoint import load_net
from marotte.learn.train.session import TrainingSession
from marotte.learn.train.setup import RunSetup, TargetRig, find_intermediate


@pytest.fixture
def reads(monkeypatch):
    """The splits that a session has read; both hold the tiny speech."""
    splits = []

    def load_speech(store, teacher, split, controls, progress=None):
        splits.append((teacher, split, controls))
        return speech()

    monkeypatch.setattr(session_module, "load_speech", load_speech)
    return splits


def test_speech_is_read_once_for_all_runs(reads, tmp_path):
    session = TrainingSession(None, TargetRig("two", NAMES))
    other = dataclasses.replace(RECIPE, train=dataclasses.replace(RECIPE.train, seed=1))
    for name, recipe in (("first", RECIPE), ("second", other)):
        assert session.missing_sources(recipe) == []
        session.train(RunSetup(recipe, tmp_path / name, session.target))
    assert reads == [("phonetic", "train", NAMES), ("phonetic", "valid", NAMES)]
    net, contents = load_net(tmp_path / "first" / "checkpoint.pt")
    assert contents["rig"] == "two"
    assert torch.equal(weights(net), weights(train(RECIPE, tmp_path / "alone")))


def test_the_mesh_of_a_run_is_kept_in_its_folder(reads, tmp_path):
    mesh = Mesh("face", np.zeros(9, np.float32), np.eye(2, 9, dtype=np.float32), 30.0, 1.0)
    mesh.save(tmp_path / "face.npz")
    target = TargetRig.load(tmp_path / "face.npz")
    assert (target.name, target.controls, target.head) == ("face", ("pc00", "pc01"), None)
    loss = dataclasses.replace(RECIPE.loss, lip_gap=0.0)
    recipe = dataclasses.replace(RECIPE, loss=loss)
    TrainingSession(None, target).train(RunSetup(recipe, tmp_path / "run", target))
    assert mesh_of(tmp_path / "run").digest == mesh.digest


def test_without_files_the_target_is_arkit():
    assert TargetRig.load() == TargetRig()


def test_a_recipe_without_a_hybrid_table_has_no_intermediate_teacher(tmp_path):
    assert find_intermediate(RECIPE, tmp_path, tmp_path / "run") is None

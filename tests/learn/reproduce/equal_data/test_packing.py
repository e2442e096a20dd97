"""Speech and weights that travel between machines."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from engine_training import NAMES, RECIPE, named, speech
from tiny_training import weights

from marotte.errors import MarotteError
from marotte.learn.reproduce.equal_data import device_script, packing
from marotte.learn.reproduce.equal_data.weight_archives import read_archives, write_archives
from marotte.learn.train.checkpoint import load_net
from marotte.learn.train.engine.group import TrainingGroup
from marotte.learn.train.engine.student_training import EngineSettings


def save_runs(folder, *names):
    recipes = [named(RECIPE, name) for name in names]
    TrainingGroup(recipes, speech(), EngineSettings()).save(folder, 0.0)
    return [folder / name for name in names]


def test_archived_weights_become_runs_again(tmp_path):
    runs = save_runs(tmp_path / "runs", "a", "b")
    paths = write_archives(runs, tmp_path / "archives")
    assert [path.name for path in paths] == ["weights-0.pt"]
    for run in read_archives(paths, tmp_path / "again"):
        net, stored = load_net(run / "checkpoint.pt")
        before, _ = load_net(tmp_path / "runs" / run.name / "checkpoint.pt")
        assert torch.allclose(weights(net), weights(before), atol=1e-3)
        assert stored["progress"]["step"] == 0


def test_archives_are_within_their_limit(tmp_path):
    limit = 170_000
    runs = save_runs(tmp_path, "a", "b", "c")
    paths = write_archives(runs, tmp_path / "archives", limit)
    assert len(paths) > 1
    assert all(path.stat().st_size <= limit for path in paths)
    with pytest.raises(MarotteError, match="a file may have 1000"):
        write_archives([tmp_path / "a"], tmp_path / "archives", 1000)


def test_packed_speech_equals_the_original_within_its_precision(tmp_path):
    utterances = speech(8.0)
    chosen = packing.choose_speech(utterances, {"elsewhere": 1.0, "made": 12 / 3600})
    assert sorted(chosen) == [0, 1]
    assert packing.choose_speech(utterances, {"made": 1 / 3600}) == chosen[:1]
    packing.pack_speech(tmp_path, utterances, chosen[:1])
    again = packing.unpack_speech(tmp_path)
    assert again.fps == 30
    assert again.names == NAMES
    assert again.source == ("made",)
    assert again.language == ("en",)
    assert len(again.samples) == len(utterances.samples) // 2
    theirs = utterances.samples[: len(again.samples)].astype(float)
    assert np.corrcoef(again.samples, theirs)[0, 1] > 0.98
    assert np.abs(again.curves - utterances.curves[: len(utterances.curves) // 2 : 2]).max() < 0.005
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < len(again.samples) / 4


def test_as_much_speech_is_packed_as_fits(tmp_path):
    utterances = speech(40.0)
    assert packing.fitting_hours(tmp_path, utterances, 10**9) == {"made": pytest.approx(80 / 3600)}
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    half = packing.fitting_hours(tmp_path, utterances, size // 2)
    assert half["made"] == pytest.approx((1 - packing.SPARE) * 40 / 3600, rel=1e-3)


def test_a_package_has_all_that_its_script_names(tmp_path):
    recipes = Path("recipes").resolve()
    hours = device_script.write_package(tmp_path, speech(4.0), recipes, {"made": 1.0})
    assert hours == pytest.approx(8 / 3600)
    for name in re.findall(r"recipes/\S+\.toml", (tmp_path / "run.sh").read_text()):
        assert (tmp_path / name).is_file()
    with pytest.raises(MarotteError, match="no speech of 'other': the labelled sources are made"):
        device_script.write_package(tmp_path, speech(4.0), recipes, {"other": 1.0})
    with pytest.raises(MarotteError, match="run this in a clone"):
        device_script.packed_recipes(tmp_path / "nowhere")


def test_more_speech_than_one_stream_is_packed(tmp_path):
    packing.pack_speech(tmp_path, speech(320.0), [0])
    assert len(packing.unpack_speech(tmp_path).samples) == 320 * 16000


def test_the_script_and_the_copied_program_run(tmp_path):
    device_script.copy_program(tmp_path)
    device_script.write_script(tmp_path, [(0.5, "--finetune", ["live.toml"])])
    script = (tmp_path / "run.sh").read_text()
    assert 'rows 0.5 --batch "${BATCH:-32}"' in script
    assert "recipes/live.toml" in script
    subprocess.run(["bash", "-n", tmp_path / "run.sh"], check=True)
    assert (tmp_path / "src" / "marotte" / "assets" / "head.npz").is_file()
    assert not (tmp_path / "src" / "marotte" / "web").exists()
    code = "import marotte, marotte.learn.train.engine.rows as rows; print(rows.__file__)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith(str(tmp_path))

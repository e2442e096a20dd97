"""Two processes train like one."""

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from tiny_training import RECIPE, speech

from marotte.errors import MarotteError
from marotte.learn.train import checkpoint, distributed
from marotte.learn.train.batches import draw_batch, make_stages
from marotte.model.timing import window

SCRIPT = """
import dataclasses, json, pathlib, sys
import torch
from tiny_training import RECIPE, train
from marotte.learn.train.losses import LossWeights

torch.set_num_threads(1)
recipe = dataclasses.replace(
    RECIPE,
    train=dataclasses.replace(
        RECIPE.train, steps=8, shards=2, ema_decay=0.9, learning_rate=3e-4
    ),
    loss=LossWeights(1, 1, 0, 0.05, lip_margin=0.01),
)
history = []
train(
    recipe,
    pathlib.Path(sys.argv[1]),
    lambda progress, values: history.append(values["total"]),
    validation_seed=1,
)
if history:
    pathlib.Path(sys.argv[1], "history.json").write_text(json.dumps(history))
"""


def test_two_processes_train_like_one(tmp_path):
    (tmp_path / "run.py").write_text(SCRIPT)
    path = os.pathsep.join(sys.path)
    results = []
    for count, name in ((1, "one"), (2, "two")):
        torchrun = ["-m", "torch.distributed.run", f"--nproc-per-node={count}"]
        torchrun += ["--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0"]
        launcher = [] if count == 1 else torchrun
        result = subprocess.run(
            [sys.executable, *launcher, str(tmp_path / "run.py"), str(tmp_path / name)],
            env={
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "PYTHONPATH": path,
            },
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr[-2000:]
        net, _ = checkpoint.load_net(tmp_path / name / "checkpoint.pt")
        results.append((json.loads((tmp_path / name / "history.json").read_text()), net))
    (losses_of_one, one), (losses_of_two, two) = results
    # The order of sums differs, and eight steps of Adam amplify the rounding.
    np.testing.assert_allclose(losses_of_two, losses_of_one, rtol=1e-3)
    windows = 0.1 * torch.randn(8, 8192, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        controls = [net(windows).controls for net in (one, two)]
    torch.testing.assert_close(controls[1], controls[0], atol=2e-3, rtol=0)


def test_joined_batch_norms_are_exact_far_from_zero(tmp_path):
    store = f"file://{(tmp_path / 'store').as_posix()}"
    torch.distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
    try:
        values = 1000 + torch.randn(4, 3, 50, generator=torch.Generator().manual_seed(0))
        joined, exact = torch.nn.BatchNorm1d(3), torch.nn.BatchNorm1d(3).double()
        distributed.join_batch_norms(torch.nn.Sequential(joined))
        torch.testing.assert_close(
            joined(values).double(), exact(values.double()), atol=1e-3, rtol=0
        )
        torch.testing.assert_close(
            joined.running_var.double(), exact.running_var, atol=1e-3, rtol=0
        )
    finally:
        torch.distributed.destroy_process_group()


def test_a_batch_that_can_not_be_shared_evenly_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(MarotteError, match="multiple of 3"):
        distributed.open_fabric("32-true", 4)


def test_each_shard_has_its_own_seed():
    train = dataclasses.replace(RECIPE.train, shards=4)
    stage = make_stages(dataclasses.replace(RECIPE, train=train), speech(), window(128))[0]
    whole, _ = draw_batch(stage.sampler, train, stage.augment, 5, range(4))
    parts = [draw_batch(stage.sampler, train, stage.augment, 5, [n])[0] for n in range(4)]
    assert torch.equal(torch.cat(parts), whole)
    assert len({float(part.sum()) for part in parts}) == 4

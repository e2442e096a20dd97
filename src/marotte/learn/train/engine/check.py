"""Checks of a machine before a long training: are the predictions right, and how fast is it?"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from marotte.learn.data.dataset import LabelledSpeech
from marotte.learn.train.engine.forward import CropShape, predict
from marotte.learn.train.engine.group import TrainingGroup
from marotte.learn.train.engine.student_training import EngineSettings, build_student
from marotte.learn.train.recipe import TrainingRecipe

STEPS = 8
LOSS_TOLERANCE = 0.05  # between recorded and plain steps, which may sum in another order


def prediction_error(recipe: TrainingRecipe, names: tuple[str, ...], device: torch.device) -> float:
    """Return the largest difference from the student's own predictions, in 32 bits on a device."""
    torch.manual_seed(0)
    torch.backends.cudnn.allow_tf32 = False  # for the student's own convolutions
    net = build_student(recipe, names).to(device).train()
    shape = CropShape(8, recipe.train.hop_length)
    n = net.config.window.n_samples + 7 * shape.hop_length
    samples = 0.1 * torch.randn(4, n, device=device)
    with torch.no_grad():
        ours = predict(net, samples, shape).controls
        theirs = net.crops(samples, *shape).controls
    return float((ours - theirs).abs().max())


def graph_problem(
    recipes: Sequence[TrainingRecipe], speech: LabelledSpeech, settings: EngineSettings
) -> str:
    """Check that recorded steps train like plain steps.

    Returns:
        What is wrong; empty if nothing is.
    """
    last: list[float] = []
    for graphs in (False, True):
        try:
            group = TrainingGroup(recipes, speech, replace(settings, graphs=graphs))
            losses = [group.step(STEPS) for _ in range(STEPS)][-1]
            last.append(sum(float(parts["total"]) for parts in losses.values()))
        except RuntimeError as error:  # CUDA raises many kinds
            return f"{'recorded' if graphs else 'plain'} steps fail: {error}"
    plain, recorded = last
    if not abs(plain - recorded) <= LOSS_TOLERANCE * abs(plain):
        return f"recorded steps end at a loss of {recorded:.5f}, plain ones at {plain:.5f}"
    return ""


def frames_per_second(
    recipe: TrainingRecipe, speech: LabelledSpeech, settings: EngineSettings, seconds: float
) -> float:
    """Return the training speed of one student alone, measured for about `seconds`."""
    group = TrainingGroup([recipe], speech, settings)
    steps = max(1, int(seconds / group.measure_step_seconds()))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        group.train(Path(folder), steps)
    elapsed_s = time.monotonic() - begun
    return steps * recipe.train.batch * recipe.train.frames / elapsed_s

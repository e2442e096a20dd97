"""The training loop: a run's setup and labelled speech in, a trained network out.

A run is a folder with a checkpoint, which is replaced as the run goes on, and TensorBoard events. A
run that was stopped or killed resumes from its checkpoint. `torchrun` trains in several processes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from marotte.learn.models.face_net import FaceNet
from marotte.learn.train.checkpoint import RunProgress
from marotte.learn.train.distributed import mean_over_processes, rank
from marotte.learn.train.recipe import TrainConfig
from marotte.learn.train.run import Run
from marotte.learn.train.run_lock import run_lock
from marotte.learn.train.setup import RunSetup, TrainingSpeech

CHECKPOINT_SECONDS = 60.0

Report = Callable[[RunProgress, dict[str, float]], None]
"""Called after every step with the run's progress and its newest losses."""


def train(setup: RunSetup, speech: TrainingSpeech, report: Report | None = None) -> FaceNet:
    """Train a recipe's student, from the checkpoint in the run's folder if there is one.

    Args:
        setup: the recipe, the run's folder, and what else the run needs.
        speech: labelled speech for training and validation.
        report: called after every step, in the first process.

    Returns:
        The trained network, in evaluation mode, on the CPU.

    Raises:
        MarotteError: the folder belongs to another recipe, its checkpoint is damaged, or another
            training holds it.
    """
    with run_lock(setup.folder):
        return _train(setup, speech, report)


def _train(setup: RunSetup, speech: TrainingSpeech, report: Report | None) -> FaceNet:
    config = setup.recipe.train
    run = Run(setup, speech)
    progress = run.progress
    started = time.monotonic() - progress.elapsed_s
    saved = validated = progress.elapsed_s
    with Events(setup.folder) as events:
        while progress.done(config) < 1:
            parts = run.step()
            progress.elapsed_s = run.fabric.broadcast(time.monotonic() - started)
            losses = mean_losses(parts)
            events.add("train", losses, progress.step)
            if _validation_is_due(progress, validated, config):
                validated = progress.elapsed_s
                events.add("valid", run.validate(), progress.step)
            if progress.elapsed_s - saved > CHECKPOINT_SECONDS:
                saved = progress.elapsed_s
                run.save()
            if report and rank() == 0:
                report(progress, losses)
        events.add("valid", run.validate(), progress.step)
    run.save()
    run.fabric.barrier()
    return run.result.cpu().eval()


class Events:
    """The TensorBoard events of a run. Only the first process writes them."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder)) if rank() == 0 else None

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *error: object) -> None:
        if self.writer:
            self.writer.close()

    def add(self, group: str, values: dict[str, float], step: int) -> None:
        """Write the values of a step."""
        if self.writer:
            for name, value in values.items():
                self.writer.add_scalar(f"{group}/{name}", value, step)


def mean_losses(parts: dict[str, Tensor]) -> dict[str, float]:
    """Return losses as numbers, averaged over all processes."""
    values = mean_over_processes(torch.stack([loss.detach() for loss in parts.values()]))
    return dict(zip(parts, values.tolist(), strict=True))


def _validation_is_due(progress: RunProgress, validated_s: float, config: TrainConfig) -> bool:
    if config.total_steps:
        return config.validate_steps > 0 and progress.step % config.validate_steps == 0
    return progress.elapsed_s - validated_s > config.validate_minutes * 60

"""Distillation: labelled speech in, a trained student out.

A run is a folder: a checkpoint that is replaced as the run goes on, and TensorBoard events. A run
that was stopped, or killed, goes on from its checkpoint.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from marotte.learn import checkpoint
from marotte.learn.augment import disturb
from marotte.learn.checkpoint import Progress
from marotte.learn.dataset import CropSampler, LabelledSpeech
from marotte.learn.objective import Intermediate, Objective, cut
from marotte.learn.plan import Recipe, TrainConfig
from marotte.learn.student import StudentConfig, StudentNet
from marotte.windows import WindowSpec

CHECKPOINT_SECONDS = 60.0
VALIDATION_SEED = 2**31


def learning_rate(done: float, config: TrainConfig) -> float:
    """The rate when `done` (0..1) of the budget is used: a short rise, then half a cosine to 0."""
    rise = min(1.0, done / config.warmup) if config.warmup else 1.0
    return config.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


class Run:
    """Everything a training run holds between two steps."""

    def __init__(
        self,
        recipe: Recipe,
        speech: LabelledSpeech,
        validation: LabelledSpeech,
        folder: Path,
        intermediate: StudentNet | None = None,
    ) -> None:
        from lightning_fabric import Fabric

        config = recipe.train
        torch.manual_seed(config.seed)
        self.recipe, self.path = recipe, folder / checkpoint.FILE
        self.net = StudentNet(StudentConfig(names=speech.names, **asdict(recipe.student)))
        self.kept = copy.deepcopy(self.net).requires_grad_(False) if config.average else self.net
        self.window: WindowSpec = self.net.config.window
        self.intermediate = intermediate and Intermediate(intermediate, self.net)
        union = self.intermediate.union if self.intermediate else self.window
        optimizer = torch.optim.AdamW(
            self.net.parameters(), lr=0.0, weight_decay=config.weight_decay, fused=True
        )
        self.fabric = Fabric(accelerator="cpu", devices=1, precision=config.precision)  # pyright: ignore[reportArgumentType]
        self.model, self.optimizer = self.fabric.setup(self.net, optimizer)
        self.model.mark_forward_method("crops")
        self.progress = Progress()
        if self.path.exists():
            self.progress = checkpoint.restore(
                self.path, recipe, self.kept, self.optimizer, self.net
            )
        shape = (config.frames, recipe.mix, recipe.augment.speed, config.shift_samples)
        self.sampler = CropSampler(speech, union, *shape)
        self.watch = CropSampler(
            validation, self.window, config.frames, {}, 0.0, config.shift_samples
        )
        self.objective = Objective(recipe.loss, speech.names, config.frame_ms)

    def step(self) -> dict[str, Tensor]:
        """One step of training; gives the losses before it."""
        config = self.recipe.train
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.progress.done(config), config)
        samples, targets = batch_of(self.sampler, self.recipe, self.progress.step)
        shape = (config.frames, config.shift_samples)
        second = self.intermediate(samples, *shape) if self.intermediate else None
        self.net.train()
        answer = self.model.crops(cut(samples, self.sampler.window, self.window), *shape)
        parts = self.objective(answer, targets, second)
        self.optimizer.zero_grad()
        self.fabric.backward(parts["total"])
        self.fabric.clip_gradients(self.model, self.optimizer, max_norm=1.0)
        self.optimizer.step()
        self.progress.step += 1
        if config.average:
            average(self.kept, self.net, config.average, self.progress.step)
        return parts

    def validate(self) -> dict[str, float]:
        """The losses of what the run would give now."""
        losses = validate(self.kept, self.watch, self.objective, self.recipe.train)
        self.progress.validated(losses["total"], self.recipe.train.patience)
        return losses

    def save(self) -> None:
        """Replace the checkpoint."""
        checkpoint.save(self.path, self.recipe, self.kept, self.optimizer, self.progress, self.net)


def train(
    recipe: Recipe,
    speech: LabelledSpeech,
    validation: LabelledSpeech,
    folder: Path,
    report: Callable[[Progress, dict[str, float]], None] | None = None,
    intermediate: StudentNet | None = None,
) -> StudentNet:
    """Train a recipe's student, from the folder's checkpoint where there is one.

    Args:
        recipe: what to train.
        speech: to learn from.
        validation: of other speakers, to watch.
        folder: of the run.
        report: called after every step with the newest losses.
        intermediate: the second teacher that the recipe names under `hybrid`.

    Returns:
        The trained network, in evaluation mode.

    Raises:
        MarotteError: the folder belongs to another recipe, or its checkpoint is damaged.
    """
    from torch.utils.tensorboard import SummaryWriter

    config = recipe.train
    run = Run(recipe, speech, validation, folder, intermediate)
    progress = run.progress
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic() - progress.elapsed_s
    saved = validated = progress.elapsed_s
    with SummaryWriter(str(folder)) as events:
        while progress.done(config) < 1:
            parts = run.step()
            progress.elapsed_s = time.monotonic() - begun
            values = {name: float(loss.detach()) for name, loss in parts.items()}
            _log(events, "train", values, progress.step)
            if _is_due(progress, validated, config):
                validated = progress.elapsed_s
                _log(events, "valid", run.validate(), progress.step)
            if progress.elapsed_s - saved > CHECKPOINT_SECONDS:
                saved = progress.elapsed_s
                run.save()
            if report:
                report(progress, values)
        _log(events, "valid", run.validate(), progress.step)
    run.save()
    return run.kept.eval()


def _is_due(progress: Progress, validated_s: float, config: TrainConfig) -> bool:
    """Whether a validation is due."""
    if config.steps:
        return config.validate_steps > 0 and progress.step % config.validate_steps == 0
    return progress.elapsed_s - validated_s > config.validate_minutes * 60


@torch.no_grad()
def average(mean: StudentNet, newest: StudentNet, decay: float, step: int) -> None:
    """Move a running mean of weights, and of batch norms' statistics, to the newest ones.

    It forgets faster at the beginning: by 1 - 10 / (10 + step) where that is less than `decay`.
    """
    share = 1 - min(decay, step / (10 + step))
    for old, new in zip(mean.state_dict().values(), newest.state_dict().values(), strict=True):
        if old.is_floating_point():
            old.lerp_(new, share)
        else:
            old.copy_(new)


def batch_of(sampler: CropSampler, recipe: Recipe, step: int) -> tuple[Tensor, Tensor]:
    """The disturbed crops [batch, n] of a step, and their targets [batch, frames, controls]."""
    config = recipe.train
    crops = sampler.draw(config.batch, config.seed, step)
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    speech = (torch.rand(config.batch, generator=generator) >= recipe.augment.no_speech).float()
    heard = disturb(
        torch.from_numpy(crops.samples),
        torch.from_numpy(crops.level),
        speech,
        recipe.augment,
        generator,
    )
    # Without speech the face is at rest, which for every rig is 0.
    return heard, torch.from_numpy(crops.targets) * speech[:, None, None]


def validate(
    net: StudentNet, watch: CropSampler, objective: Objective, config: TrainConfig
) -> dict[str, float]:
    """The losses on the same undisturbed crops every time."""
    net.eval()
    with torch.no_grad():
        crops = watch.draw(config.validate_crops, VALIDATION_SEED, 0)
        predicted = [
            net.crops(torch.from_numpy(samples), config.frames, config.shift_samples).controls
            for samples in np.array_split(crops.samples, config.validate_crops // config.batch + 1)
        ]
        target = torch.from_numpy(crops.targets)
        parts = objective.weigh(objective.curves(torch.cat(predicted).view_as(target), target))
    return {name: float(loss) for name, loss in parts.items()}


def _log(events: Any, group: str, values: dict[str, float], step: int) -> None:
    for name, value in values.items():
        events.add_scalar(f"{group}/{name}", value, step)

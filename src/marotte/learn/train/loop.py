"""Distillation: labelled speech in, a trained student out.

A run is a folder: a checkpoint that is replaced as the run goes on, and TensorBoard events. A run
that was stopped, or killed, goes on from its checkpoint. `torchrun` shares it among processes.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from marotte.learn.data.dataset import CropSampler
from marotte.learn.data.filters import Selection
from marotte.learn.models.factory import network, take_encoder
from marotte.learn.models.student import StudentConfig, StudentNet
from marotte.learn.train import checkpoint
from marotte.learn.train.batches import batch_of, sampler_of, stages
from marotte.learn.train.checkpoint import Progress
from marotte.learn.train.distributed import (
    join_batch_norms,
    mean_over_processes,
    open_fabric,
    rank,
    world_size,
)
from marotte.learn.train.objective import Intermediate, Objective, cut
from marotte.learn.train.recipe import TrainConfig
from marotte.learn.train.schedule import learning_rate
from marotte.learn.train.setup import RunSetup, TrainingSpeech
from marotte.learn.train.warm_start import go_on, settle_norms

CHECKPOINT_SECONDS = 60.0
VALIDATION_SEED = 2**31
SETTLE_STEPS = 8  # whose crops a student's batch norms are put back by


Report = Callable[[Progress, dict[str, float]], None]
"""Called after every step with the run's progress and its newest losses."""


class Run:
    """Everything a training run holds between two steps."""

    def __init__(self, setup: RunSetup, speech: TrainingSpeech) -> None:
        recipe, config = setup.recipe, setup.recipe.train
        torch.manual_seed(config.seed)
        self.recipe, self.path = recipe, setup.folder / checkpoint.FILE
        self.rig = setup.target.name
        self.fabric = open_fabric(config.precision, config.shards)
        net = network(StudentConfig(names=speech.train.names, **asdict(recipe.student)))
        take_encoder(net)
        if setup.start:
            go_on(net, setup.start)
        self.net, self.window = net, net.config.window
        if world_size() > 1:
            join_batch_norms(net)
        optimizer = torch.optim.AdamW(
            [each for each in net.parameters() if each.requires_grad],
            lr=0.0,
            weight_decay=config.weight_decay,
            fused=True,
        )
        self.kept = copy.deepcopy(net).requires_grad_(False) if config.average else net
        self.model, self.optimizer = self.fabric.setup(net, optimizer)
        self.model.mark_forward_method("crops")
        self.kept.to(self.fabric.device)
        self.progress = Progress()
        if self.path.exists():
            self.progress = checkpoint.restore(self.path, recipe, self.kept, self.optimizer, net)
        second = setup.intermediate
        self.second = second and Intermediate(second.to(self.fabric.device), net)
        self.heard = self.second.union if self.second else self.window
        self.stages = stages(recipe, speech.train, self.heard)
        self.watch = sampler_of(recipe, speech.validation, self.window, {}, 0.0, Selection())
        self.objectives = [
            Objective(stage.loss, speech.train.names, config.frame_ms, setup.target.head)
            for stage in self.stages
        ]
        if setup.start and not self.progress.step:
            self._settle()

    def step(self) -> dict[str, Tensor]:
        """One step of training; gives the losses before it."""
        config = self.recipe.train
        part, rate = self._now()
        stage = self.stages[part]
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        mine = range(rank(), config.shards, world_size())
        samples, targets = self.fabric.to_device(
            batch_of(stage.sampler, config, stage.augment, self.progress.step, mine)
        )
        shape = (config.frames, config.shift_samples)
        self.net.train()
        with self.fabric.autocast():  # which fabric itself brings only to `forward`
            second = self.second(samples, *shape) if self.second else None
            answer = self.model.crops(cut(samples, self.heard, self.window), *shape)
        parts = self.objectives[part](answer, targets, second)
        self.optimizer.zero_grad()
        self.fabric.backward(parts["total"])
        self.fabric.clip_gradients(self.model, self.optimizer, max_norm=1.0)
        self.optimizer.step()
        self.progress.step += 1
        if config.average:
            update_ema(self.kept, self.net, config.average, self.progress.step)
        return parts

    def _settle(self) -> None:
        """Put back the batch norms of the student it goes on from, alike in all processes."""
        config, stage = self.recipe.train, self.stages[0]
        batches = (
            batch_of(stage.sampler, config, stage.augment, step, range(config.shards))[0]
            for step in range(SETTLE_STEPS)
        )
        crops = (
            cut(samples.to(self.fabric.device), self.heard, self.window) for samples in batches
        )
        settle_norms(self.net, crops, config.frames, config.shift_samples)
        self.kept.load_state_dict(self.net.state_dict())

    def _now(self) -> tuple[int, float]:
        """Which part of the run it is in, and its learning rate."""
        fine, config = self.recipe.finetune, self.recipe.train
        done = self.progress.done(config)
        part = 1 if fine.share and done >= 1 - fine.share else 0
        if not fine.learning_rate:
            return part, learning_rate(done, config)
        return part, fine.learning_rate if part else learning_rate(done / (1 - fine.share), config)

    def validate(self) -> dict[str, float]:
        """The losses of what the run would give now, weighed as at its beginning."""
        losses = validate(self.kept, self.watch, self.objectives[0], self.recipe.train)
        self.progress.validated(losses["total"], self.recipe.train.patience)
        return losses

    def save(self) -> None:
        """Replace the checkpoint."""
        if rank() == 0:
            state = (self.kept, self.optimizer, self.progress, self.net)
            checkpoint.save(self.path, self.recipe, *state, rig=self.rig)


def train(setup: RunSetup, speech: TrainingSpeech, report: Report | None = None) -> StudentNet:
    """Train a recipe's student, from the checkpoint in the run's folder if there is one.

    Args:
        setup: the recipe, the run's folder, and what else the run needs.
        speech: labelled speech for training and validation.
        report: called after every step, in the first process.

    Returns:
        The trained network, in evaluation mode, on the CPU.

    Raises:
        MarotteError: the folder belongs to another recipe, or its checkpoint is damaged.
    """
    config, folder = setup.recipe.train, setup.folder
    run = Run(setup, speech)
    progress = run.progress
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic() - progress.elapsed_s
    saved = validated = progress.elapsed_s
    with Events(folder) as events:
        while progress.done(config) < 1:
            parts = run.step()
            progress.elapsed_s = run.fabric.broadcast(time.monotonic() - begun)
            values = numbers(parts)
            events.add("train", values, progress.step)
            if _is_due(progress, validated, config):
                validated = progress.elapsed_s
                events.add("valid", run.validate(), progress.step)
            if progress.elapsed_s - saved > CHECKPOINT_SECONDS:
                saved = progress.elapsed_s
                run.save()
            if report and rank() == 0:
                report(progress, values)
        events.add("valid", run.validate(), progress.step)
    run.save()
    run.fabric.barrier()
    return run.kept.cpu().eval()


class Events:
    """TensorBoard's events in a run's folder, written by the first process alone."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder)) if rank() == 0 else None

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *error: object) -> None:
        if self.writer:
            self.writer.close()

    def add(self, group: str, values: dict[str, float], step: int) -> None:
        """Write numbers of a step down."""
        if self.writer:
            for name, value in values.items():
                self.writer.add_scalar(f"{group}/{name}", value, step)


@torch.no_grad()
def update_ema(mean: StudentNet, newest: StudentNet, decay: float, step: int) -> None:
    """Move a running mean of weights, and of batch norms' statistics, to the newest ones.

    It forgets faster at the beginning: it keeps step / (10 + step) where that is less than `decay`.
    """
    share = 1 - min(decay, step / (10 + step))
    for old, new in zip(mean.state_dict().values(), newest.state_dict().values(), strict=True):
        if old.is_floating_point():
            old.lerp_(new, share)
        else:
            old.copy_(new)


def validate(
    net: StudentNet, watch: CropSampler, objective: Objective, config: TrainConfig
) -> dict[str, float]:
    """The losses on the same undisturbed crops every time."""
    net.eval()
    device = next(net.parameters()).device
    with torch.no_grad():
        crops = watch.draw(config.validate_crops, VALIDATION_SEED, 0)
        predicted = [
            net.crops(
                torch.from_numpy(samples).to(device), config.frames, config.shift_samples
            ).controls
            for samples in np.array_split(crops.samples, config.validate_crops // config.batch + 1)
        ]
        target = torch.from_numpy(crops.targets).to(device)
        parts = objective.weigh(objective.curves(torch.cat(predicted).view_as(target), target))
    return {name: float(loss) for name, loss in parts.items()}


def numbers(parts: dict[str, Tensor]) -> dict[str, float]:
    """Losses as plain numbers, the means over all processes."""
    values = mean_over_processes(torch.stack([loss.detach() for loss in parts.values()]))
    return dict(zip(parts, values.tolist(), strict=True))


def _is_due(progress: Progress, validated_s: float, config: TrainConfig) -> bool:
    """Whether a validation is due."""
    if config.steps:
        return config.validate_steps > 0 and progress.step % config.validate_steps == 0
    return progress.elapsed_s - validated_s > config.validate_minutes * 60

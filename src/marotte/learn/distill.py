"""Heterogeneous distillation: labelled speech in, a trained student out.

A run is a folder: the recipe's text, a checkpoint that is replaced as the run goes on, and
TensorBoard events. A run that was stopped, or killed, goes on from its checkpoint.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from marotte.errors import MarotteError
from marotte.files import replacing
from marotte.head import load_head
from marotte.learn import losses
from marotte.learn.augment import AugmentConfig, disturb
from marotte.learn.dataset import CropSampler, LabelledSpeech
from marotte.learn.losses import LossWeights
from marotte.learn.student import StudentConfig, StudentNet

CHECKPOINT_SECONDS = 60.0
VALIDATION_SEED = 2**31


@dataclass(frozen=True)
class TrainConfig:
    """How long and how fast.

    Attributes:
        minutes: the time budget; the learning rate falls to 0 over it.
        steps: where it is not 0, the budget is as many steps, whatever time they take; then a
            run's result depends on its seed alone.
        batch: crops a step.
        frames: frames a crop, 20 ms apart.
        learning_rate: the highest, reached after `warmup` of the budget.
        weight_decay: of AdamW.
        warmup: share of the budget.
        validate_minutes: between validations.
        validate_crops: crops of a validation, the same ones each time.
        seed: of everything random.
    """

    minutes: float
    steps: int = 0
    batch: int = 64
    frames: int = 8
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    warmup: float = 0.03
    validate_minutes: float = 2.0
    validate_crops: int = 512
    seed: int = 0


@dataclass(frozen=True)
class StudentShape:
    """The student of a recipe; its controls are those the rig gives to speech.

    See `StudentConfig`.
    """

    channels: int
    lookahead_ms: float
    frontend: str = "waveform"
    norm: str = "window"
    batch_norm: bool = False


@dataclass(frozen=True)
class Recipe:
    """A training recipe, as read from its file.

    Attributes:
        name: of the run and of the student.
        corpus: the corpus recipe, relative to this recipe's file.
        teacher: whose labels.
        student: the network.
        train: budget and optimiser.
        loss: weights of the losses.
        augment: how far the sound is disturbed.
        mix: how much more often a source is heard than its minutes would have it.
    """

    name: str
    corpus: str
    teacher: str
    student: StudentShape
    train: TrainConfig
    loss: LossWeights = field(default_factory=LossWeights)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    mix: dict[str, float] = field(default_factory=dict[str, float])


@dataclass
class Progress:
    """Where a run stands: what a checkpoint keeps beside the weights."""

    step: int = 0
    elapsed_s: float = 0.0

    def done(self, config: TrainConfig) -> float:
        """How much of the budget is used, 0..1."""
        if config.steps:
            return self.step / config.steps
        return self.elapsed_s / (60 * config.minutes)


class Objective:
    """The weighted losses of a recipe, with the head's lip gap."""

    def __init__(self, weights: LossWeights, names: tuple[str, ...]) -> None:
        self.weights = weights
        self.rest_mm, gap = load_head().lip_gap_weights(names)
        self.gap_weights = torch.from_numpy(gap)

    def __call__(self, predicted: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Each loss, unweighted, and their weighted `total`; curves [batch, frames, controls]."""
        weights = self.weights
        parts = {
            "reconstruction": losses.reconstruction(predicted, target),
            "velocity": losses.velocity(predicted, target),
            "lip_gap": losses.lip_gap(
                predicted, target, self.rest_mm, self.gap_weights, weights.closure
            ),
        }
        total = torch.stack([getattr(weights, name) * loss for name, loss in parts.items()]).sum()
        return {**parts, "total": total}


def learning_rate(done: float, config: TrainConfig) -> float:
    """The rate when `done` (0..1) of the budget is used: a short rise, then half a cosine to 0."""
    rise = min(1.0, done / config.warmup) if config.warmup else 1.0
    return config.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def train(
    recipe: Recipe,
    speech: LabelledSpeech,
    validation: LabelledSpeech,
    folder: Path,
    report: Callable[[Progress, dict[str, float]], None] | None = None,
) -> StudentNet:
    """Train a recipe's student, from the folder's checkpoint where there is one.

    Args:
        recipe: what to train.
        speech: to learn from.
        validation: of other speakers, to watch.
        folder: of the run.
        report: called after every step with the newest losses.

    Returns:
        The trained network, in evaluation mode.

    Raises:
        MarotteError: the folder belongs to another recipe, or its checkpoint is damaged.
    """
    from lightning_fabric import Fabric
    from torch.utils.tensorboard import SummaryWriter

    config = recipe.train
    torch.manual_seed(config.seed)
    student = StudentConfig(names=speech.names, **asdict(recipe.student))
    net = StudentNet(student)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.0, weight_decay=config.weight_decay)
    fabric = Fabric(accelerator="cpu", devices=1)
    model, optimizer = fabric.setup(net, optimizer)
    model.mark_forward_method("crops")
    progress = Progress()
    if (folder / "checkpoint.pt").exists():
        progress = _restore(folder / "checkpoint.pt", recipe, net, optimizer)
    sampler = CropSampler(speech, student.window, config.frames, recipe.mix, recipe.augment.speed)
    objective = Objective(recipe.loss, speech.names)
    watch = CropSampler(validation, student.window, config.frames, {}, speed=0.0)
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic() - progress.elapsed_s
    saved = validated = progress.elapsed_s
    with SummaryWriter(str(folder)) as events:
        while progress.done(config) < 1:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(progress.done(config), config)
            crops, targets = batch_of(sampler, recipe, progress.step)
            net.train()
            predicted = model.crops(crops, config.frames).controls
            parts = objective(predicted.unflatten(0, (-1, config.frames)), targets)
            optimizer.zero_grad()
            fabric.backward(parts["total"])
            fabric.clip_gradients(model, optimizer, max_norm=1.0)
            optimizer.step()
            progress.step += 1
            progress.elapsed_s = time.monotonic() - begun
            values = {name: float(loss.detach()) for name, loss in parts.items()}
            _log(events, "train", values, progress.step)
            if progress.elapsed_s - validated > config.validate_minutes * 60:
                validated = progress.elapsed_s
                _log(events, "valid", validate(net, watch, objective, config), progress.step)
            if progress.elapsed_s - saved > CHECKPOINT_SECONDS:
                saved = progress.elapsed_s
                save(folder / "checkpoint.pt", recipe, net, optimizer, progress)
            if report:
                report(progress, values)
        _log(events, "valid", validate(net, watch, objective, config), progress.step)
    save(folder / "checkpoint.pt", recipe, net, optimizer, progress)
    return net.eval()


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
            net.crops(torch.from_numpy(samples), config.frames).controls
            for samples in np.array_split(crops.samples, config.validate_crops // config.batch + 1)
        ]
        curves = torch.cat(predicted).unflatten(0, (-1, config.frames))
        parts = objective(curves, torch.from_numpy(crops.targets))
    return {name: float(loss) for name, loss in parts.items()}


def save(path: Path, recipe: Recipe, net: StudentNet, optimizer: Any, progress: Progress) -> None:
    """Write a checkpoint: whole, or the one before it stays."""
    state = {
        "recipe": asdict(recipe),
        "names": list(net.config.names),
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "progress": asdict(progress),
    }
    with replacing(path) as temporary:
        torch.save(state, temporary)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's contents.

    Raises:
        MarotteError: it is missing or damaged.
    """
    try:
        return torch.load(path, weights_only=True)
    except FileNotFoundError as error:
        raise MarotteError(f"no checkpoint at {path}: run `marotte train` first") from error
    except Exception as error:  # torch raises its own, pickle's and zip's errors here
        raise MarotteError(f"{path} is not a whole checkpoint ({error}): delete it") from error


def load_net(path: Path) -> tuple[StudentNet, dict[str, Any]]:
    """The network of a checkpoint, in evaluation mode, and the rest of the checkpoint."""
    state = read_checkpoint(path)
    config = StudentConfig(names=tuple(state["names"]), **state["recipe"]["student"])
    net = StudentNet(config)
    net.load_state_dict(state["net"])
    return net.eval(), state


def _restore(path: Path, recipe: Recipe, net: StudentNet, optimizer: Any) -> Progress:
    state = read_checkpoint(path)
    if _fixed(state["recipe"]) != _fixed(asdict(recipe)):
        raise MarotteError(
            f"{path.parent} holds a run of another recipe called {recipe.name!r}: "
            "give this one another name, or delete that folder"
        )
    net.load_state_dict(state["net"])
    optimizer.load_state_dict(state["optimizer"])
    return Progress(**state["progress"])


def _fixed(recipe: dict[str, Any]) -> dict[str, Any]:
    """What may not change between parts of one run: all but its budget."""
    train = {key: value for key, value in recipe["train"].items() if "minutes" not in key}
    return {**recipe, "train": train}


def _log(events: Any, group: str, values: dict[str, float], step: int) -> None:
    for name, value in values.items():
        events.add_scalar(f"{group}/{name}", value, step)

"""A training run in memory: its networks, optimizer, data and progress, advanced step by step."""

from __future__ import annotations

import copy
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor

from marotte.learn.data.dataset import CropSampler
from marotte.learn.data.filters import Selection
from marotte.learn.models.face_net import FaceNet
from marotte.learn.models.factory import build_network, load_frozen_encoder
from marotte.learn.models.student import Prediction, StudentConfig
from marotte.learn.train.batches import Stage, draw_batch, make_sampler, make_stages
from marotte.learn.train.checkpoint import (
    CHECKPOINT_FILE,
    RunProgress,
    TrainingState,
    restore_checkpoint,
    save_checkpoint,
)
from marotte.learn.train.distributed import (
    join_batch_norms,
    open_fabric,
    rank,
    usable_precision,
    world_size,
)
from marotte.learn.train.engine.crop_predictor import DTYPES, CropPredictor, predict_crops
from marotte.learn.train.objective import IntermediateTeacher, Objective, cut
from marotte.learn.train.recipe import TrainConfig
from marotte.learn.train.schedule import learning_rate
from marotte.learn.train.setup import RunSetup, TrainingSpeech
from marotte.learn.train.warm_start import apply_warm_start, calibrate_batch_norms

VALIDATION_SEED = 2**31
CALIBRATION_STEPS = 8  # steps whose crops give the batch norms of a warm start their statistics


class Run:
    """A training run between two steps.

    It starts from the checkpoint in the run's folder if there is one.
    """

    def __init__(self, setup: RunSetup, speech: TrainingSpeech) -> None:
        recipe, config = setup.recipe, setup.recipe.train
        torch.manual_seed(config.seed)
        self.recipe, self.path = recipe, setup.folder / CHECKPOINT_FILE
        precision = usable_precision(config.precision)
        self.fabric = open_fabric(precision, config.shards)
        self.net = _new_network(setup, speech)
        self.window = self.net.config.window
        # The student that the run starts from: a checkpoint below changes the network's weights.
        self.kept = (
            copy.deepcopy(self.net).eval().requires_grad_(False) if recipe.loss.keep else None
        )
        optimizer = torch.optim.AdamW(
            [each for each in self.net.parameters() if each.requires_grad],
            lr=0.0,
            weight_decay=config.weight_decay,
            fused=True,
        )
        # What the run returns: the EMA of the weights, or the weights themselves.
        result = copy.deepcopy(self.net).requires_grad_(False) if config.ema_decay else self.net
        dtype = DTYPES[precision]
        self.model, optimizer = self.fabric.setup(CropPredictor(self.net, dtype), optimizer)
        self.model.mark_forward_method("crops")
        for each in (result, self.kept):
            if each is not None:
                each.to(self.fabric.device)
        self.state = TrainingState(result, self.net, optimizer, RunProgress(), setup.target.name)
        if self.path.exists():
            restore_checkpoint(self.path, recipe, self.state)
        self.intermediate = None
        if setup.intermediate:
            teacher = setup.intermediate.to(self.fabric.device)
            crops = CropPredictor(teacher, dtype).crops
            self.intermediate = IntermediateTeacher(teacher, self.net, crops)
        self.crop_window = self.intermediate.union if self.intermediate else self.window
        self.stages = make_stages(recipe, speech.train, self.crop_window)
        self.validation = make_sampler(recipe, speech.validation, self.window, {}, 0.0, Selection())
        self.objectives = [
            Objective(
                stage.loss,
                speech.train.names,
                config.frame_ms,
                setup.target.head,
                setup.target.signed,
            )
            for stage in self.stages
        ]
        if setup.start and not self.progress.step:
            self._calibrate()

    @property
    def progress(self) -> RunProgress:
        """How far the run is."""
        return self.state.progress

    @property
    def result(self) -> FaceNet:
        """The network that the run returns."""
        return self.state.result

    def step(self) -> dict[str, Tensor]:
        """Take one training step; return the losses before it."""
        config, optimizer = self.recipe.train, self.state.optimizer
        part, rate = self._stage_and_rate()
        for group in optimizer.param_groups:
            group["lr"] = rate
        shards = range(rank(), config.shards, world_size())
        samples, targets = self._draw(self.stages[part], self.progress.step, shards)
        shape = (config.frames, config.hop_length)
        self.net.train()
        with self.fabric.autocast():  # by itself, fabric only autocasts `forward`
            intermediate = None
            if self.intermediate:
                attention = self.stages[part].loss.attention > 0
                intermediate = self.intermediate(samples, *shape, maps=attention)
            own = cut(samples, self.crop_window, self.window)
            kept = self._kept_prediction(own, shape)
            prediction = self.model.crops(own, *shape)
        parts = self.objectives[part](prediction, targets, intermediate, kept)
        optimizer.zero_grad()
        self.fabric.backward(parts["total"])
        self.fabric.clip_gradients(self.model, optimizer, max_norm=1.0)
        optimizer.step()
        self.progress.step += 1
        if config.ema_decay:
            update_ema(self.result, self.net, config.ema_decay, self.progress.step)
        return parts

    @torch.no_grad()
    def _kept_prediction(self, samples: Tensor, shape: tuple[int, int]) -> Prediction | None:
        return predict_crops(self.kept, samples, *shape) if self.kept else None

    def validate(self) -> dict[str, float]:
        """Return the validation losses of the result, with the weights of the main stage."""
        losses = validate(self.result, self.validation, self.objectives[0], self.recipe.train)
        self.progress.validated(losses["total"], self.recipe.train.patience)
        return losses

    def save(self) -> None:
        """Replace the checkpoint."""
        if rank() == 0:
            save_checkpoint(self.path, self.recipe, self.state)

    def _draw(self, stage: Stage, step: int, shards: range) -> tuple[Tensor, Tensor]:
        batch = draw_batch(stage.sampler, self.recipe.train, stage.augment, step, shards)
        return self.fabric.to_device(batch)

    def _calibrate(self) -> None:
        """Calibrate the batch norms of a warm start, with the same crops in all processes."""
        config = self.recipe.train
        every_shard = range(config.shards)
        crops = (
            cut(self._draw(self.stages[0], step, every_shard)[0], self.crop_window, self.window)
            for step in range(CALIBRATION_STEPS)
        )
        calibrate_batch_norms(self.net, crops, config.frames, config.hop_length)
        self.result.load_state_dict(self.net.state_dict())

    def _stage_and_rate(self) -> tuple[int, float]:
        """Return the number of the current stage, and the learning rate."""
        fine, config = self.recipe.finetune, self.recipe.train
        done = self.progress.done(config)
        part = 1 if fine.share and done >= 1 - fine.share else 0
        if not fine.learning_rate:
            return part, learning_rate(done, config)
        return part, fine.learning_rate if part else learning_rate(done / (1 - fine.share), config)


def _new_network(setup: RunSetup, speech: TrainingSpeech) -> FaceNet:
    """Return the network of a recipe before its first step."""
    shape = asdict(setup.recipe.student)
    net = build_network(StudentConfig(names=speech.train.names, **shape))
    load_frozen_encoder(net)
    if setup.start:
        apply_warm_start(net, setup.start)
    if world_size() > 1:
        join_batch_norms(net)
    return net


@torch.no_grad()
def update_ema(ema: FaceNet, net: FaceNet, decay: float, step: int) -> None:
    """Move an EMA of weights and of batch norms' statistics towards a network.

    The decay is step / (10 + step) where that is below `decay`, so that the average forgets the
    random initial weights.
    """
    share = 1 - min(decay, step / (10 + step))
    for old, new in zip(ema.state_dict().values(), net.state_dict().values(), strict=True):
        if old.is_floating_point():
            old.lerp_(new, share)
        else:
            old.copy_(new)


def validate(
    net: FaceNet, sampler: CropSampler, objective: Objective, config: TrainConfig
) -> dict[str, float]:
    """Return the losses of a network on crops without augmentation, the same ones every time."""
    net.eval()
    device = next(net.parameters()).device
    with torch.no_grad():
        crops = sampler.draw(config.validate_crops, VALIDATION_SEED, 0)
        predicted = [
            predict_crops(
                net, torch.from_numpy(samples).to(device), config.frames, config.hop_length
            ).controls
            for samples in np.array_split(crops.samples, config.validate_crops // config.batch + 1)
        ]
        target = torch.from_numpy(crops.targets).to(device)
        parts = objective.weigh(objective.curves(torch.cat(predicted).view_as(target), target))
    return {name: float(loss) for name, loss in parts.items()}

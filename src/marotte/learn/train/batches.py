"""What a step of training hears: a recipe and speech in, disturbed crops and their targets out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from marotte.learn.data.augment import AugmentConfig, augment_crops
from marotte.learn.data.dataset import CropSampler, LabelledSpeech
from marotte.learn.data.filters import Selection
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.recipe import TrainConfig, TrainingRecipe
from marotte.model.timing import WindowSpec


@dataclass(frozen=True)
class Stage:
    """What is heard in a part of a run, how far it is disturbed, and what counts how much."""

    sampler: CropSampler
    augment: AugmentConfig
    loss: LossWeights


def stages(recipe: TrainingRecipe, speech: LabelledSpeech, window: WindowSpec) -> list[Stage]:
    """The parts of a recipe's run: all of it, or all but the fine-tuning, and that."""
    fine, loss = recipe.finetune, recipe.loss
    parts = [(recipe.augment, recipe.only, loss)]
    if fine.share:
        pressed = replace(loss, closure=fine.closure or loss.closure)
        parts.append((fine.augment, fine.only, pressed))
    return [
        Stage(sampler_of(recipe, speech, window, recipe.mix, augment.speed, only), augment, weights)
        for augment, only, weights in parts
    ]


def batch_of(
    sampler: CropSampler,
    config: TrainConfig,
    augment: AugmentConfig,
    step: int,
    shards: Iterable[int] = (0,),
) -> tuple[Tensor, Tensor]:
    """The disturbed crops [batch, n] of some shards of a step, and their targets.

    Returns:
        Crops, and the teacher's curves for them [batch, frames, controls].
    """
    drawn = [_shard(sampler, config, augment, step * config.shards + shard) for shard in shards]
    samples, targets = zip(*drawn, strict=True)
    return torch.cat(samples), torch.cat(targets)


def _shard(
    sampler: CropSampler, config: TrainConfig, augment: AugmentConfig, number: int
) -> tuple[Tensor, Tensor]:
    batch = config.batch // config.shards
    crops = sampler.draw(batch, config.seed, number)
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + number)
    speech = (torch.rand(batch, generator=generator) >= augment.no_speech).float()
    samples, level = torch.from_numpy(crops.samples), torch.from_numpy(crops.level)
    heard = augment_crops(samples, level, speech, augment, generator)
    # Without speech the face is at rest, which for every rig is 0.
    return heard, torch.from_numpy(crops.targets) * speech[:, None, None]


def sampler_of(
    recipe: TrainingRecipe,
    speech: LabelledSpeech,
    window: WindowSpec,
    mix: dict[str, float],
    speed: float,
    only: Selection,
) -> CropSampler:
    """Crops of some speech, as a recipe's steps take them."""
    config = recipe.train
    return CropSampler(speech, window, config.frames, mix, speed, config.shift_samples, only)

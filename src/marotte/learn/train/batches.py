"""The input of a training step: a recipe and speech in, augmented crops and their targets out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from marotte.learn.data.augment import AugmentConfig, augment_crops, cut_off
from marotte.learn.data.dataset import CropSampler, LabelledSpeech
from marotte.learn.data.filters import Selection
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.recipe import TrainConfig, TrainingRecipe
from marotte.model.timing import WindowSpec


@dataclass(frozen=True)
class Stage:
    """A part of a run: its speech, its augmentation, and the weights of its losses."""

    sampler: CropSampler
    augment: AugmentConfig
    loss: LossWeights


def make_stages(recipe: TrainingRecipe, speech: LabelledSpeech, window: WindowSpec) -> list[Stage]:
    """Return the stages of a run: one for the whole run, or the main part and the fine-tuning.

    Args:
        recipe: the recipe.
        speech: the training speech.
        window: the window of crops around each frame.
    """
    fine, loss = recipe.finetune, recipe.loss
    parts = [(recipe.augment, recipe.only, loss)]
    if fine.share:
        fine_loss = replace(loss, closure=fine.closure or loss.closure)
        parts.append((fine.augment, fine.only, fine_loss))
    return [
        Stage(make_sampler(recipe, speech, window, recipe.mix, augment.speed, only), augment, loss)
        for augment, only, loss in parts
    ]


def make_sampler(
    recipe: TrainingRecipe,
    speech: LabelledSpeech,
    window: WindowSpec,
    mix: dict[str, float],
    speed: float,
    selection: Selection,
) -> CropSampler:
    """Return a sampler of crops in the recipe's shape; see `CropSampler`."""
    config = recipe.train
    return CropSampler(
        speech,
        window,
        config.frames,
        mix,
        speed,
        config.hop_length,
        selection,
        config.rest,
    )


def draw_batch(
    sampler: CropSampler,
    config: TrainConfig,
    augment: AugmentConfig,
    step: int,
    shards: Iterable[int] = (0,),
) -> tuple[Tensor, Tensor]:
    """Draw the crops of some shards of a step, and augment them.

    Returns:
        Crops [batch, n], and the teacher's curves for them [batch, frames, controls].
    """
    drawn = [_draw_shard(sampler, config, augment, step * config.shards + n) for n in shards]
    samples, targets = zip(*drawn, strict=True)
    return torch.cat(samples), torch.cat(targets)


def _draw_shard(
    sampler: CropSampler, config: TrainConfig, augment: AugmentConfig, number: int
) -> tuple[Tensor, Tensor]:
    batch = config.batch // config.shards
    crops = sampler.draw(batch, config.seed, number)
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + number)
    speech = (torch.rand(batch, generator=generator) >= augment.no_speech).float()
    samples, level = torch.from_numpy(crops.samples), torch.from_numpy(crops.level)
    targets = torch.from_numpy(crops.targets)
    if augment.cut:
        first_frame = sampler.window.past_samples
        samples, targets = cut_off(
            samples, targets, augment.cut, first_frame, config.hop_length, generator
        )
    augmented = augment_crops(samples, level, speech, augment, generator)
    # Without speech the face is at rest, which is 0 for every rig.
    return augmented, targets * speech[:, None, None]

"""A recipe and speech so small that the training engine learns from them within seconds."""

import dataclasses

import numpy as np
import tiny_training

from marotte.learn.train.recipe import StudentShape, TrainConfig

NAMES = tiny_training.NAMES
RECIPE = dataclasses.replace(
    tiny_training.RECIPE,
    name="small",
    student=StudentShape(8, 128, "mel", "step", batch_norm=True),
    train=TrainConfig(minutes=1, steps=40, batch=6, frames=8, warmup=0, ema_decay=0.9),
)


def speech(seconds=4.0):
    """Return two equal utterances of a voice that hums on and off."""
    one = tiny_training.speech(seconds)
    return dataclasses.replace(
        one,
        samples=np.tile(one.samples, 2),
        curves=np.tile(one.curves, (2, 1)),
        first_sample=np.array([0, 1, 2]) * len(one.samples),
        first_frame=np.array([0, 1, 2]) * len(one.curves),
        level=np.tile(one.level, 2),
        source=one.source * 2,
        language=one.language * 2,
    )


def named(recipe, name, **changes):
    """Return a recipe with another name."""
    return dataclasses.replace(recipe, name=name, **changes)

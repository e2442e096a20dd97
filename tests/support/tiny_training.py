"""A recipe and speech so small that training on them takes seconds."""

import numpy as np
import torch

from marotte.learn.data.dataset import LabelledSpeech
from marotte.learn.train import loop
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.recipe import StudentShape, TrainConfig, TrainingRecipe
from marotte.learn.train.run import Run
from marotte.learn.train.setup import RunSetup, TrainingSpeech

NAMES = ("jawOpen", "mouthClose")
RECIPE = TrainingRecipe(
    name="tiny",
    corpus="corpus.toml",
    teacher="phonetic",
    student=StudentShape(8, 128, "mel", "step", batch_norm=True),
    train=TrainConfig(minutes=1, steps=6, batch=8, frames=3, warmup=0, validate_crops=8),
    loss=LossWeights(1, 1, 0.05),
)


def speech(seconds=4.0, seed=0):
    """Return a voice that hums on and off, and a jaw that follows it."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * 16000)) / 16000
    jaw = np.clip(np.sin(2 * np.pi * 2 * np.arange(int(seconds * 60)) / 60), 0, 1)
    loud = np.interp(time, np.arange(len(jaw)) / 60, jaw)
    sound = loud * np.sin(2 * np.pi * 150 * time) + 0.01 * random.normal(size=len(time))
    return LabelledSpeech(
        samples=np.int16(8000 * sound),
        curves=np.stack([0.5 * jaw, 0 * jaw], axis=1).astype(np.float16),
        first_sample=np.array([0, len(time)]),
        first_frame=np.array([0, len(jaw)]),
        level=np.array([0.2], np.float32),
        source=("made",),
        language=("en",),
        fps=60.0,
        names=NAMES,
    )


def training_speech(validation_seed=0):
    """Return speech for training and validation; they differ by the seed of their noise."""
    return TrainingSpeech(speech(), speech(seed=validation_seed))


def train(recipe, folder, report=None, *, validation_seed=0, **needs):
    """Train a recipe on that speech; `needs` are further fields of `RunSetup`."""
    setup = RunSetup(recipe, folder, **needs)
    return loop.train(setup, training_speech(validation_seed), report)


def open_run(recipe, folder, speech=None, **needs):
    """Prepare a run without taking a step."""
    return Run(RunSetup(recipe, folder, **needs), speech or training_speech())


def weights(net):
    """Return all parameters of a network in one vector."""
    return torch.cat([p.detach().flatten() for p in net.parameters()])

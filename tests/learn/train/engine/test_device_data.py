"""Crops and augmentation on the device that trains."""

import dataclasses

import pytest
import torch
from engine_training import speech

from marotte.learn.data.augment import BACKGROUND_SOUNDS
from marotte.learn.data.filters import Selection
from marotte.learn.data.rest import RestTimes
from marotte.learn.train.engine.device_augment import DeviceAugmenter
from marotte.learn.train.engine.device_speech import DeviceSpeech, cumulative_weights
from marotte.learn.train.engine.forward import CropShape
from marotte.learn.train.recipe import CLEAN
from marotte.model.timing import WindowSpec

CPU = torch.device("cpu")


def test_crops_and_curves_are_cut_at_the_same_time():
    utterances = speech()
    cumulative = cumulative_weights(utterances, {}, Selection(), CPU)
    generator = torch.Generator().manual_seed(1)
    crops = DeviceSpeech.load(utterances, CPU).draw(
        cumulative, 64, WindowSpec(800, 0), CropShape(8, 160), 0.1, generator
    )
    assert crops.samples.shape == (64, 800 + 7 * 160)
    assert crops.targets.shape == (64, 8, 2)
    # The jaw is as open as the hum is loud, within the window before each frame.
    loud = crops.samples.unfold(1, 800, 160).square().mean(2).sqrt()
    both = torch.stack([loud.flatten(), crops.targets[..., 0].flatten()])
    assert torch.corrcoef(both)[0, 1] > 0.8


@pytest.mark.parametrize(
    "share",
    [*BACKGROUND_SOUNDS, "no_speech", "room", "babble", "clipping", "codec"],
)
def test_augmenting_all_crops_at_once_is_as_strong_as_one_by_one(share):
    torch.manual_seed(0)
    config = dataclasses.replace(CLEAN, loudest_dbfs=-20, softest_dbfs=-20, **{share: 1.0})
    samples = 0.1 * torch.randn(96, 6000)
    level = torch.full((96,), 0.1)
    changes = []
    for all_crops in (False, True):
        generator = torch.Generator().manual_seed(4)
        augment = DeviceAugmenter(CPU, all_crops=all_crops)
        augmented, is_speech = augment(samples, level, config, generator)
        assert augmented.shape == samples.shape
        assert augmented.abs().max() <= 1
        assert bool(is_speech.any()) != (share == "no_speech")
        changes.append(float((augmented - samples).square().mean().sqrt()))
    assert changes[1] == pytest.approx(changes[0], rel=0.5, abs=1e-3)


def test_the_face_comes_to_rest_outside_the_utterance():
    utterances = dataclasses.replace(speech(), curves=speech().curves * 0 + 1)
    cumulative = cumulative_weights(utterances, {}, Selection(), CPU)
    on_device = DeviceSpeech.load(utterances, CPU)

    def targets(rest):
        generator = torch.Generator().manual_seed(1)
        shape = CropShape(64, 160)
        return on_device.draw(
            cumulative, 64, WindowSpec(800, 0), shape, 0.0, generator, rest
        ).targets

    assert (targets(None) == 1).all()
    eased = targets(RestTimes(0.12, 0.12))
    assert eased.min() == 0
    assert 0.5 < eased.mean() < 1
    assert targets(RestTimes(0.24, 0.12)).mean() > eased.mean()

"""Tests of captured faces as training examples of Voice2Face."""

import dataclasses

import numpy as np
import pytest
import torch

from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.split import held_out_names
from marotte.learn.capture.take import Clip, Take
from marotte.learn.data.captured import CapturedCurves
from marotte.learn.teachers.encoders import open_encoder
from marotte.learn.teachers.encoders.feature_cache import FeatureCache
from marotte.learn.teachers.voice2face.captures import load_captures
from marotte.learn.teachers.voice2face.decoder import Decoded
from marotte.learn.teachers.voice2face.examples import CAPTURED, ROUGH, Example
from marotte.learn.teachers.voice2face.face_mesh import FaceMesh
from marotte.learn.teachers.voice2face.objective import Voice2FaceObjective
from marotte.learn.teachers.voice2face.recipe import (
    CapturesConfig,
    EncoderConfig,
    SpeechConfig,
    TeachRecipe,
    TeachTrainConfig,
    Voice2FaceLossWeights,
    with_current_keys,
)
from marotte.learn.teachers.voice2face.sampler import ExampleSampler
from marotte.learn.teachers.voice2face.training_set import TrainingSet
from marotte.learn.utterance import Utterance

SECONDS = 12
NAMES = ("jawOpen", "mouthClose", "mouthPucker", "mouthStretchLeft")


def make_take(name, source="me", clips=True, controls=("jawOpen", "mouthPucker")):
    """Return a take whose jaw opens four times per second in speech, and rests between."""
    random = np.random.default_rng(len(name))
    time_s = np.arange(SECONDS * 30) / 30
    speaks = time_s % 3 > 1
    motion = np.abs(np.sin(2 * np.pi * 2 * time_s)) * speaks
    samples = np.repeat(motion, 16_000 // 30 + 1)[: SECONDS * 16_000]
    sound = (samples * random.standard_normal(len(samples)) * 0.1).astype(np.float32)
    sound = np.pad(sound, (0, SECONDS * 16_000 - len(sound)))
    values = np.stack([0.4 * motion, 0.02 + 0.1 * motion**2][: len(controls)], 1)
    parts = [Clip(f"{name}{k}", 3.0 * k, 3.0 * (k + 1)) for k in range(SECONDS // 3)]
    return Take(
        name,
        source,
        sound,
        CapturedCurves(list(controls), time_s, values, float(SECONDS)),
        clips=tuple(parts) if clips else (),
    )


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(open_encoder("mfcc-ssc"), tmp_path)


def test_each_clip_is_an_example(cache):
    takes = [make_take("a"), make_take("b")]
    splits = load_captures(takes, CapturesConfig(0.5), cache)
    names = [clip.name for take in takes for clip in take.clips]
    held = held_out_names(names)
    assert {e.utterance.id.rpartition("/")[2] for e in splits.valid} == held
    assert {e.utterance.id.rpartition("/")[2] for e in splits.train} == set(names) - held
    example = splits.train[0]
    assert example.tag == CAPTURED
    assert example.set == "me"
    assert example.curves.shape == (90, 52)
    assert example.utterance.seconds == pytest.approx(3.0, abs=1e-3)
    assert len(example.features) == 150


def test_the_lip_gap_is_as_captured_and_other_controls_are_scaled(cache):
    take = make_take("a", clips=False)
    (example,) = load_captures(
        [take, make_take("b", clips=False)], CapturesConfig(0.5), cache
    ).train
    head = load_head()
    captured = {"a": take, "b": make_take("b", clips=False)}[example.utterance.id.split("/")[1]]
    gap = head.lip_gap(captured.controls(30), ARKIT_52.names)
    found = head.lip_gap(example.curves, ARKIT_52.names)
    open_mouth = gap > 4
    assert np.abs(found - gap)[open_mouth].max() < 0.5
    assert example.known is not None
    known = {ARKIT_52.names[i] for i in np.flatnonzero(example.known)}
    assert known == {"jawOpen", "mouthPucker"}


def test_sets_can_be_left_out(cache):
    takes = [make_take("a", "one"), make_take("b", "two")]
    splits = load_captures(takes, CapturesConfig(0.5, without=("one",)), cache)
    assert {e.set for e in splits.train + splits.valid} == {"two"}
    with pytest.raises(MarotteError, match="no captured faces are left of 2 takes"):
        load_captures(takes, CapturesConfig(0.5, without=("one", "two")), cache)


def example(n, tag, set_name="", known=None):
    speech = Utterance("x", "x", "x", "", "", "", np.zeros(16_000, np.float32), 16_000, ())
    curves = np.zeros((n, 4), np.float32)
    return Example(speech, np.zeros((n * 2, 3), np.float16), curves, tag, known, set_name)


def test_captured_sets_share_their_part_of_a_batch_equally():
    known = np.array([True, False, True, False])
    examples = [
        *[example(300, ROUGH) for _ in range(5)],
        example(30, CAPTURED, "short", known),
        *[example(300, CAPTURED, "long", known) for _ in range(3)],
    ]
    sampler = ExampleSampler(examples, 0.0, 8, captured_share=0.5)
    crops = sampler.draw(4000, 0, 0)
    assert float((crops.tags == CAPTURED).float().mean()) == pytest.approx(0.5, abs=0.03)
    ends = np.diff(sampler.cumulative, prepend=0)
    assert ends[5] == pytest.approx(0.25)
    assert ends[6:].sum() == pytest.approx(0.25)
    assert crops.known is not None
    assert crops.known[crops.tags == ROUGH].all()
    assert (crops.known[crops.tags == CAPTURED] == torch.from_numpy(known)).all()


def test_without_captured_faces_crops_are_drawn_by_length():
    sampler = ExampleSampler([example(30, CAPTURED), example(90, ROUGH)], 0.0, 8)
    assert sampler.cumulative.tolist() == [0.25, 1.0]
    assert sampler.draw(4, 0, 0).known is None


def test_unknown_controls_add_nothing_to_the_losses():
    face = FaceMesh.of(NAMES)
    objective = Voice2FaceObjective(Voice2FaceLossWeights(normal=0, velocity=1, lip_gap=0), face)
    layer = torch.nn.Linear(4, face.matrix.shape[1])
    with torch.no_grad():
        layer.weight.copy_(face.matrix.T)  # components are controls
        layer.bias.zero_()
    torch.manual_seed(0)
    target = torch.rand(2, 6, 4)
    components = target.clone()
    components[..., 2:] += 0.3  # wrong where the target is unknown
    components.requires_grad_()
    zeros = torch.zeros(2, 3)
    known = torch.tensor([[True, True, False, False]] * 2)
    losses = objective(Decoded(components, zeros, zeros), layer, target, known)
    assert float(losses["vertex"].detach()) == pytest.approx(0, abs=1e-4)
    assert float(losses["velocity"].detach()) == pytest.approx(0, abs=1e-4)
    all_known = objective(Decoded(components, zeros, zeros), layer, target)
    assert float(all_known["vertex"].detach()) > 0.1


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_the_share_is_checked(share):
    with pytest.raises(MarotteError, match=r"captures\.share"):
        dataclasses.replace(CapturesConfig(), share=share)


@pytest.mark.parametrize(
    ("share", "takes", "message"),
    [
        (0.5, [], r"mine learns from captured faces: give their folder by --captures"),
        (0.0, ["a"], r"mine has no share of captured faces: set captures\.share"),
    ],
)
def test_captured_faces_and_their_share_belong_together(share, takes, message):
    """The check comes before any speech is encoded, which may take long."""
    recipe = TeachRecipe(
        name="mine",
        labels="phonetic",
        encoder=EncoderConfig("mfcc-ssc", 0),
        speech=SpeechConfig({"queen": 1.0}),
        train=TeachTrainConfig(1),
        captures=CapturesConfig(share),
    )
    with pytest.raises(MarotteError, match=message):
        TrainingSet.prepare(recipe, None, None, None, [make_take(name) for name in takes])


def test_stored_recipes_may_have_former_options_that_are_off():
    tables = {"output": {"fps": 60, "variance": False}, "loss": {"controls": 0.0}, "name": "old"}
    assert with_current_keys(tables) == {"output": {"fps": 60}, "loss": {}, "name": "old"}
    on = {"output": {"variance": True}}
    assert with_current_keys(on) == on  # refused by name, as any unknown key

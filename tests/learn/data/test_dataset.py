"""Tests of labelled speech in memory and of random crops."""

from dataclasses import replace

import numpy as np
import pytest

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.data.dataset import CropSampler, LabelledSpeech, absent_sources, speech_level
from marotte.learn.data.filters import Selection
from marotte.learn.data.rest import RestTimes
from marotte.model.timing import WindowSpec, window

SPEC = window(128)


def ramps(seconds=(2.0, 3.0)):
    """Return utterances whose samples rise by 1000 per second and whose curves rise by 0.1."""
    time = [np.arange(int(s * SAMPLE_RATE)) / SAMPLE_RATE for s in seconds]
    frames = [np.arange(int(s * 60)) / 60 for s in seconds]
    return LabelledSpeech(
        samples=np.concatenate([np.int16(1000 * t + 5000 * i) for i, t in enumerate(time)]),
        curves=np.concatenate([np.float16(0.1 * f)[:, None] for f in frames]),
        first_sample=np.cumsum([0, *map(len, time)]),
        first_frame=np.cumsum([0, *map(len, frames)]),
        level=np.array([0.1, 0.2], np.float32),
        source=("one", "two"),
        language=("en", "cs"),
        fps=60.0,
        names=("jawOpen",),
    )


@pytest.mark.parametrize("speed", [0.0, 0.2])
def test_sound_and_curves_of_a_crop_are_in_sync(speed):
    sampler = CropSampler(ramps((5.0, 5.0)), SPEC, 4, {"two": 0.0}, speed)
    crops = sampler.draw(200, seed=1, step=2)
    assert crops.samples.shape == (200, SPEC.n_samples + 3 * 320)
    for frame in range(4):
        sound_s = crops.samples[:, SPEC.past_samples + 320 * frame] * 32.768
        curve_s = crops.targets[:, frame, 0] / 0.1
        inside = (sound_s > 0.1) & (curve_s < 4.9)
        assert inside.sum() > 100
        np.testing.assert_allclose(sound_s[inside], curve_s[inside], atol=0.02)


def test_the_same_seed_and_step_draw_the_same_crops():
    draws = [CropSampler(ramps(), SPEC, 4, {}, 0.1).draw(8, seed=3, step=9) for _ in range(2)]
    np.testing.assert_array_equal(draws[0].samples, draws[1].samples)
    other = CropSampler(ramps(), SPEC, 4, {}, 0.1).draw(8, seed=3, step=10)
    assert not np.array_equal(draws[0].samples, other.samples)


def test_crops_are_silent_outside_the_utterance():
    crops = CropSampler(ramps((0.5, 0.5)), SPEC, 4, {"two": 0.0}, 0.0).draw(100, 0, 0)
    assert (crops.samples[:, 0] == 0).any()
    assert crops.samples.max() * 32768 <= 500


def test_the_face_stays_as_it_is_or_comes_to_rest_outside_the_utterance():
    speech, window = ramps((0.5, 0.5)), WindowSpec(0, 1)
    speech = replace(speech, curves=np.ones_like(speech.curves))
    assert (CropSampler(speech, window, 64, {}, 0.0, 160).draw(50, 0, 0).targets == 1).all()
    # At 60 fps, the face of 0.5 s ends at 29 / 60 s, and is at rest within 120 ms.
    rest = RestTimes(before_s=0.24, after_s=0.12)
    crops = CropSampler(speech, window, 64, {}, 0.0, 160, rest=rest).draw(50, 0, 0)
    for face, sound in zip(crops.targets[..., 0], crops.samples, strict=True):
        heard = np.flatnonzero(sound)
        if not len(heard):
            continue
        since_ms = 10 * np.arange(64) - heard[-1] / 16
        assert (face[since_ms > 120] == 0).all()
        until_ms = heard[0] / 16 - 10 * np.arange(64)
        assert (face[until_ms > 241] == 0).all()
        assert (face[(until_ms > 10) & (until_ms < 230)] > 0).all()
        assert (face[(heard[0] / 16 <= 10 * np.arange(64)) & (since_ms < -17)] == 1).all()
    assert 0 < crops.targets.mean() < 1


def test_the_mix_weights_sources():
    crops = CropSampler(ramps(), SPEC, 4, {"one": 0.0}, 0.0).draw(50, 0, 0)
    np.testing.assert_allclose(crops.level, 0.2)


def test_an_unknown_source_is_refused():
    with pytest.raises(
        MarotteError, match=r"the unknown source 'three'.*the corpus holds one, two"
    ):
        CropSampler(ramps(), SPEC, 4, {"three": 1.0}, 0.0)


def test_a_source_without_speech_is_ignored():
    assert absent_sources(ramps(), ["one", "flite"]) == ["flite"]
    draws = [CropSampler(ramps(), SPEC, 4, mix, 0.0).draw(8, 0, 0) for mix in ({"flite": 2.0}, {})]
    np.testing.assert_array_equal(draws[0].samples, draws[1].samples)
    crops = CropSampler(ramps(), SPEC, 4, {}, 0.0, selection=Selection(("two", "flite"))).draw(
        50, 0, 0
    )
    np.testing.assert_allclose(crops.level, 0.2)
    with pytest.raises(MarotteError, match="selects only flite, but this corpus holds one, two"):
        CropSampler(ramps(), SPEC, 4, {}, 0.0, selection=Selection(("flite",)))


def test_pauses_do_not_change_the_level():
    speech = np.full(SAMPLE_RATE, 0.5, np.float32)
    assert speech_level(np.concatenate([speech, 0 * speech])) == pytest.approx(0.5, rel=0.01)
    assert speech_level(np.zeros(0, np.float32)) == 0


def test_a_selection_limits_sources_and_minutes():
    speech = ramps((2.0,) * 1 + (3.0,))
    crops = CropSampler(speech, SPEC, 4, {}, 0.0, selection=Selection(("two",))).draw(50, 0, 0)
    np.testing.assert_allclose(crops.level, 0.2)
    crops = CropSampler(speech, SPEC, 4, {}, 0.0, selection=Selection(minutes=1 / 60)).draw(
        50, 0, 0
    )
    assert len(set(crops.level)) == 1  # the first utterance drawn exceeds the limit alone
    with pytest.raises(MarotteError, match="the unknown source 'three'"):
        CropSampler(speech, SPEC, 4, {}, 0.0, selection=Selection(("three",)))


def test_a_selection_leaves_languages_out():
    without = Selection(without_languages=("cs",))
    crops = CropSampler(ramps(), SPEC, 4, {}, 0.0, selection=without).draw(50, 0, 0)
    np.testing.assert_allclose(crops.level, 0.1)
    everything = Selection(without_languages=("cs", "en"))
    with pytest.raises(MarotteError, match="leaves no speech to train with"):
        CropSampler(ramps(), SPEC, 4, {}, 0.0, selection=everything)
    with pytest.raises(MarotteError, match=r"the language 'xx', .* holds only cs, en"):
        CropSampler(ramps(), SPEC, 4, {}, 0.0, selection=Selection(without_languages=("cs", "xx")))

"""Tests of the augmentation: its stages, sounds, rooms, codecs and settings."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from tiny_training import RECIPE, speech

from marotte.audio.resampling import SAMPLE_RATE
from marotte.config import strict
from marotte.errors import MarotteError
from marotte.learn.data.augment import AugmentConfig, augment_crops, microphone, rooms, sounds
from marotte.learn.data.augment.cut_off import cut_off
from marotte.learn.data.dataset import Crops
from marotte.learn.train.batches import draw_batch, make_stages
from marotte.learn.train.recipe import TrainingRecipe
from marotte.model.timing import window

SHARES = (
    "no_speech", "room", "noise", "babble", "music", "clicks", "tones", "rings", "bursts",
    "recorded", "low_cut", "band_limit", "clipping", "codec",
)  # fmt: skip
UNCHANGED = AugmentConfig(loudest_dbfs=-20, softest_dbfs=-20, tilt_db=0, **dict.fromkeys(SHARES, 0))


def with_changes(**changes):
    return dataclasses.replace(UNCHANGED, **changes)


def voice(batch=64, n=8192):
    return 0.05 * torch.randn(batch, n, generator=torch.Generator().manual_seed(0))


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


def run(config, speech=None, samples=None, level=0.05):
    samples = voice() if samples is None else samples
    speech = torch.ones(len(samples)) if speech is None else speech
    return augment_crops(samples, torch.full((len(samples),), level), speech, config, seeded())


def rms(samples):
    return samples.square().mean(-1).sqrt()


def assert_near(values, expected, share=0.05):
    torch.testing.assert_close(values, torch.full_like(values, expected), atol=0, rtol=share)


def sine(hertz, n=8192):
    return torch.sin(2 * math.pi * hertz * torch.arange(n) / SAMPLE_RATE)


# The whole augmentation


def test_without_augmentation_only_the_level_changes():
    torch.testing.assert_close(run(UNCHANGED), 2 * voice(), atol=1e-5, rtol=0)


def test_levels_cover_the_range():
    level_db = 20 * rms(run(with_changes(loudest_dbfs=-15, softest_dbfs=-60))).log10()
    assert -61 < level_db.min() < -55
    assert -20 < level_db.max() < -14


def test_all_kinds_together_are_valid_repeatable_and_not_in_place():
    config = AugmentConfig(loudest_dbfs=0, softest_dbfs=0, **dict.fromkeys(SHARES, 1.0))
    samples = voice()
    first = run(config, samples=samples, speech=(torch.arange(64) % 3 > 0).float())
    assert first.abs().max() <= 1
    assert torch.isfinite(first).all()
    again = run(config, samples=samples, speech=(torch.arange(64) % 3 > 0).float())
    assert torch.equal(first, again)
    assert torch.equal(samples, voice())


@pytest.mark.parametrize("batch", [1, 2])
def test_small_batches_are_augmented(batch):
    config = AugmentConfig(**dict.fromkeys(SHARES, 1.0))
    assert torch.isfinite(run(config, samples=voice(batch))).all()


def test_silent_utterances_stay_finite():
    assert torch.isfinite(run(AugmentConfig(), samples=torch.zeros(64, 8192), level=0.0)).all()


def test_each_kind_changes_about_its_share_of_the_crops():
    for share in set(SHARES) - {"no_speech", "recorded"}:
        changed = (run(with_changes(**{share: 0.5})) - run(UNCHANGED)).abs().amax(1) > 1e-4
        assert 0.25 < changed.float().mean() < 0.75, share


@pytest.mark.parametrize("kind", ["noise", "babble", "music", "tones", "clicks", "rings", "bursts"])
def test_background_sounds_have_their_snr(kind):
    config = with_changes(**{kind: 1.0}, best_snr_db=20, worst_snr_db=20)
    added = run(config) - run(UNCHANGED)
    # Speech has an RMS of 0.1; music and clicks have theirs only over the whole bank.
    assert float(rms(added.flatten())) == pytest.approx(0.01, rel=0.5)
    if kind in ("noise", "babble", "tones"):
        assert_near(rms(added), 0.01, 0.35)


# Without speech


def test_replaced_speech_leaves_no_trace():
    config = dataclasses.replace(AugmentConfig(), babble=1.0)
    speech = (torch.arange(64) % 2).float()
    one, other = run(config, speech), run(config, speech, samples=voice().roll(1, 0) * 0.5)
    assert torch.equal(one[::2], other[::2])
    assert not torch.equal(one[1::2], other[1::2])


def test_speech_is_replaced_by_all_kinds_of_sound_and_silence():
    sounds_only = run(UNCHANGED, speech=torch.zeros(64))
    silent = ~sounds_only.any(1)
    assert 4 <= silent.sum() <= 20
    assert 0.03 < float(rms(sounds_only[~silent].flatten())) < 0.3


def test_the_face_rests_in_crops_without_speech():
    class Sampler:
        def draw(self, batch, seed, step):
            curves = np.ones((batch, 3, 2), np.float32)
            return Crops(voice(batch).numpy(), curves, np.full(batch, 0.05, np.float32))

    recipe = strict(
        TrainingRecipe,
        {
            "name": "a", "corpus": "b", "teacher": "c", "augment": {"no_speech": 0.5},
            "student": {"channels": 8, "lookahead_ms": 128.0}, "train": {"minutes": 1},
        },
        "recipe",
    )  # fmt: skip
    _, targets = draw_batch(Sampler(), recipe.train, recipe.augment, 0)
    assert set(targets.flatten(1).sum(1).tolist()) == {0.0, 6.0}


# Speech that is cut off


def test_the_sound_stops_at_a_random_moment_and_the_face_comes_to_rest():
    samples, face = torch.ones(300, 16_000), torch.ones(300, 40, 2)
    sound, curves = cut_off(samples, face, 0.5, 4000, 160, seeded())
    cut = sound.sum(1).long() - 4000  # samples after the first frame
    kept = cut == 12_000
    assert 0.4 < kept.float().mean() < 0.6
    assert (curves[kept] == 1).all()
    assert (cut[~kept] >= -4800).all()
    assert (cut[~kept] <= 39 * 160).all()
    frames = 160 * torch.arange(40) - cut[:, None]  # samples since the cut
    assert (curves[frames < 0] == 1).all()
    assert (curves[frames > 0.12 * SAMPLE_RATE] == 0).all()
    easing = curves[(frames > 0.05 * SAMPLE_RATE) & (frames < 0.07 * SAMPLE_RATE)]
    assert len(easing) > 10
    assert_near(easing, 0.5, 0.3)


@pytest.mark.parametrize("cut", [0.0, 1.0])
def test_a_share_of_cuts_changes_crops_only_if_it_is_set(cut):
    config = dataclasses.replace(RECIPE.train, batch=32)
    stage = make_stages(RECIPE, speech(), window(128))[0]
    before = draw_batch(stage.sampler, config, UNCHANGED, 0)
    after = draw_batch(stage.sampler, config, with_changes(cut=cut), 0)
    for ours, theirs in zip(before, after, strict=True):
        assert torch.equal(ours, theirs) == (cut == 0)


# Rooms


def test_room_responses_start_at_once_and_decay():
    responses = rooms.room_responses()
    assert_near(responses.square().sum(1), 1.0, 1e-3)
    assert (responses[:, 0] > 0).all()
    tail = responses[:, 4000:].square().sum(1)
    assert tail.max() < 0.05
    direct = responses[:, :40].square().sum(1)
    assert direct.min() < 0.35  # far from the microphone, in a reverberant room
    assert direct.max() > 0.9


def test_reverberation_adds_no_delay():
    click = torch.zeros(200, 8192)
    click[:, 3000] = 1.0
    result = rooms.reverberate(click, seeded())
    assert result[:, :3000].abs().max() < 1e-5
    assert (result[:, 3000] > 0.05).all()


def test_the_diffuse_field_has_the_reverberation_time():
    rng = np.random.default_rng(3)
    field = rooms._diffuse_field(np.array([5.0, 4.0, 2.5]), 0.4, rng)
    energy_db = 10 * np.log10(np.square(field)[::-1].cumsum()[::-1] + 1e-30)
    decay_db = energy_db[800] - energy_db[800 + 1600]
    assert decay_db == pytest.approx(15, abs=3)  # a quarter of the reverberation time


# Sounds


@pytest.mark.parametrize("kind", ["noise", "music", "clicks", "tones", "rings", "bursts", "breath"])
def test_banks_have_an_rms_of_1(kind):
    bank = sounds.synthetic_bank(kind)
    assert torch.isfinite(bank).all()
    assert float(rms(bank.flatten())) == pytest.approx(1, rel=1e-3)
    drawn = sounds.excerpts(bank, 5, 1000, seeded())
    assert torch.equal(drawn, sounds.excerpts(bank, 5, 1000, seeded()))
    assert not torch.equal(drawn, sounds.excerpts(bank, 5, 1000, seeded(2)))


def test_noise_has_the_slopes_of_its_colours():
    bank = sounds.synthetic_bank("noise")
    spectrum = torch.fft.rfft(bank).abs().square()
    hertz = torch.fft.rfftfreq(bank.shape[1], 1 / SAMPLE_RATE)
    octave_db = [
        10 * spectrum[:, (hertz > low) & (hertz < 1.1 * low)].mean(1).log10()
        for low in (1000, 2000)
    ]
    slope = octave_db[1] - octave_db[0]
    torch.testing.assert_close(
        slope, torch.tensor([3, 0, -1.5, -3, -4.5, -6.0]), atol=0.5, rtol=0, check_dtype=False
    )


def test_tones_are_steady():
    first, last = (sounds.synthetic_bank("tones")[:, at : at + 8000] for at in (0, 24_000))
    torch.testing.assert_close(rms(first), rms(last), atol=0.15, rtol=0)


def test_babble_consists_of_other_crops():
    separate = torch.eye(20, 64)
    rows = torch.arange(0, 20, 2)
    mixed = sounds.babble(separate, torch.ones(20), rows, seeded())
    voices = (mixed != 0).sum(1)
    assert set(voices.tolist()) <= {2, 3, 4, 5, 6}
    assert len(set(voices.tolist())) > 2
    assert not mixed[torch.arange(10), rows].any()


def test_recordings_are_mixed_in(tmp_path):
    import soundfile

    hiss = np.random.default_rng(0).normal(size=70 * SAMPLE_RATE) * 0.01
    soundfile.write(tmp_path / "hiss.wav", hiss, SAMPLE_RATE)
    config = with_changes(recordings=str(tmp_path), recorded=1.0, best_snr_db=20, worst_snr_db=20)
    assert_near(rms(run(config) - run(UNCHANGED)), 0.01, 0.1)


def test_missing_recordings_are_reported(tmp_path):
    with pytest.raises(
        MarotteError, match="holds 0 s of sound: give a folder with 60 s or more of WAV"
    ):
        run(with_changes(recordings=str(tmp_path), recorded=1.0))


# Microphones and codecs


@pytest.mark.parametrize("limit", [3400.0, 5500.0])
def test_a_band_limit_removes_only_higher_frequencies(limit):
    spectrum = (
        torch.fft.rfft(run(with_changes(band_limit=1.0, band_limits_hz=(limit,)))).abs().square()
    )
    hertz = torch.fft.rfftfreq(8192, 1 / SAMPLE_RATE)
    passed = spectrum[:, (hertz > 500) & (hertz < 0.85 * limit)].mean(1)
    assert (spectrum[:, hertz > 1.2 * limit].mean(1) < 0.001 * passed).all()
    assert_near(passed, 8192 * 0.01, 0.2)


def test_tilt_and_low_cut_have_their_gains():
    def gain_db(hertz, tilt_db=0.0, low_cut_hz=0.0):
        tilt, cut = torch.tensor([[tilt_db]]), torch.tensor([[low_cut_hz]])
        filtered = microphone.apply_response(sine(hertz)[None], tilt, cut, torch.tensor([[1e9]]))
        return 20 * math.log10(rms(filtered[:, 1000:-1000]) / 0.5**0.5)

    assert gain_db(1000, tilt_db=3) == pytest.approx(0, abs=0.1)
    assert gain_db(4000, tilt_db=3) == pytest.approx(6, abs=0.1)
    assert gain_db(500, tilt_db=-2) == pytest.approx(2, abs=0.1)
    assert gain_db(100, low_cut_hz=200) == pytest.approx(-14, abs=0.5)
    assert gain_db(2000, low_cut_hz=200) == pytest.approx(0, abs=0.2)


def test_clipping_changes_only_the_peaks():
    clipped, clean = run(with_changes(clipping=1.0)), run(UNCHANGED)
    peak = clipped.abs().amax(1, keepdim=True)
    torch.testing.assert_close(clipped, clean.clamp(-peak, peak), atol=1e-5, rtol=0)
    assert peak.min() < 0.15


def test_mu_law_has_255_values_and_the_noise_of_g711():
    speech = torch.randn(4, 8192, generator=seeded())
    coded = microphone.mu_law(speech, torch.full((4, 1), 4.0))
    assert len(coded.unique()) <= 255
    snr_db = 20 * math.log10(rms(speech.flatten()) / rms((coded - speech).flatten()))
    assert 33 < snr_db < 42  # G.711's is about 38 dB at any level
    quiet = microphone.mu_law(0.03 * speech, torch.full((4, 1), 4.0))
    assert rms((quiet - 0.03 * speech).flatten()) < 0.1 * 0.03


@pytest.mark.parametrize("bits", [8.0, 11.0])
def test_quantisation_noise_matches_the_bits(bits):
    wave = 0.9 * sine(440)[None]
    coded = microphone.quantise(wave, torch.ones(1, 1), torch.full((1, 1), bits))
    assert rms(coded - wave).item() == pytest.approx(2 ** (1 - bits) / 12**0.5, rel=0.1)


def test_a_coarse_spectrum_keeps_loud_bins_and_drops_weak_ones():
    loud, weak = sine(440) + sine(3000), 0.02 * sine(3200)
    coded = microphone.quantise_spectrum((loud + weak)[None], torch.full((1, 1), 0.3))[0]
    assert rms(coded - loud) < 0.15 * rms(loud)
    spectrum = torch.fft.rfft(coded).abs()
    assert spectrum[round(3200 / SAMPLE_RATE * 8192)] < 0.5 * torch.fft.rfft(weak).abs().max()
    assert not microphone.quantise_spectrum(torch.zeros(1, 8192), torch.ones(1, 1)).any()


# Configuration


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"silence": 0.1}, "no key 'silence': valid are loudest_dbfs"),
        ({"room": 1.5}, "augment.room must be a share, 0 to 1, got 1.5"),
        ({"softest_dbfs": 0}, "augment.softest_dbfs is above augment.loudest_dbfs"),
        ({"worst_snr_db": 60}, "augment.worst_snr_db is above"),
        ({"band_limits_hz": []}, "list bandwidths, or set band_limit = 0"),
        ({"band_limits_hz": [4]}, "must be numbers from 1000 to 8000"),
    ],
)
def test_an_invalid_table_is_refused(table, message):
    with pytest.raises(MarotteError, match=message):
        strict(AugmentConfig, table, "[augment]")

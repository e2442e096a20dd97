import torch

from marotte.learn.augment import AugmentConfig, disturb
from marotte.windows import SAMPLE_RATE

QUIET = AugmentConfig(loudest_dbfs=-20, softest_dbfs=-20, noise=0, band_limit=0, tilt_db=0)


def voice(batch=64, n=8192):
    torch.manual_seed(0)
    return 0.05 * torch.randn(batch, n)


def run(config, speech=None, samples=None, level=0.05):
    samples = voice() if samples is None else samples
    speech = torch.ones(len(samples)) if speech is None else speech
    generator = torch.Generator().manual_seed(1)
    return disturb(samples, torch.full((len(samples),), level), speech, config, generator)


def rms(samples):
    return samples.square().mean(1).sqrt()


def test_gain_brings_the_speech_to_its_level():
    torch.testing.assert_close(rms(run(QUIET)), torch.full((64,), 0.1), atol=0.005, rtol=0)


def test_snr_is_kept():
    config = AugmentConfig(**{**vars(QUIET), "noise": 1, "best_snr_db": 20, "worst_snr_db": 20})
    alone = rms(run(config, speech=torch.zeros(64)))
    torch.testing.assert_close(alone, torch.full((64,), 0.01), atol=0.0005, rtol=0)


def test_without_speech_or_noise_there_is_silence():
    assert not run(QUIET, speech=torch.zeros(64)).any()


def test_a_band_limit_leaves_nothing_above_8_khz_and_less_above_it():
    config = AugmentConfig(**{**vars(QUIET), "band_limit": 1, "lowest_limit_hz": 3400})
    spectrum = torch.fft.rfft(run(config)).abs().square()
    hertz = torch.fft.rfftfreq(8192, 1 / SAMPLE_RATE)
    high = spectrum[:, hertz > 5000].mean(1) / spectrum[:, (hertz > 500) & (hertz < 3000)].mean(1)
    assert high.min() < 0.01
    assert high.max() <= 1.2


def test_the_result_is_sound_and_repeats():
    config = AugmentConfig(loudest_dbfs=0, softest_dbfs=0)
    first = run(config)
    assert first.abs().max() <= 1
    assert torch.isfinite(first).all()
    torch.testing.assert_close(first, run(config), atol=0, rtol=0)

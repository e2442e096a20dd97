"""Degraded sound: noise and a low sample rate."""

import numpy as np
import pytest
from spoken import speak

from marotte.learn.measure.degraded import DEGRADATIONS, DegradedPredictor, degrade


def test_sound_is_degraded_the_same_way_each_time():
    utterance = speak("asterisk_en", "allison", 0)
    for name in DEGRADATIONS:
        degraded = degrade(utterance, name)
        assert degraded.samples.shape == utterance.samples.shape
        np.testing.assert_array_equal(degraded.samples, degrade(utterance, name).samples)
    noisy = degrade(utterance, "noise 10 dB").samples - utterance.samples
    ratio = np.square(utterance.samples).mean() / np.square(noisy).mean()
    assert 10 * np.log10(ratio) == pytest.approx(10, abs=0.1)
    predictor = DegradedPredictor(lambda each: each.samples, "8 kHz")
    np.testing.assert_array_equal(predictor(utterance), degrade(utterance, "8 kHz").samples)

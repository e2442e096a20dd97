"""Non-speech sounds: their level, and how often a face opens its lips."""

import numpy as np
import pytest

from marotte.face.rig import ARKIT_52
from marotte.learn.measure.nonspeech import LEVEL, SECONDS, open_shares_by_sound, sounds


class StillPredictor:
    """A predictor whose jaw never moves."""

    def __init__(self, jaw):
        self.jaw = jaw

    def __call__(self, utterance):
        controls = ARKIT_52.neutral(round(utterance.seconds * 60))
        controls[:, ARKIT_52.index["jawOpen"]] = self.jaw
        return controls


def test_open_shares_of_a_face_that_never_moves():
    assert set(open_shares_by_sound(StillPredictor(0)).values()) == {0}
    assert set(open_shares_by_sound(StillPredictor(0.5)).values()) == {1}
    for name, samples in sounds().items():
        assert samples.shape == (SECONDS * 16_000,)
        loudness = np.sqrt(np.square(samples.astype(float)).mean())
        assert loudness == pytest.approx(0 if name == "silence" else LEVEL, rel=0.2)

import pytest

from marotte.learn.train.recipe import TrainConfig
from marotte.learn.train.schedule import learning_rate


def test_learning_rate_rises_then_falls_to_zero():
    config = TrainConfig(minutes=1, warmup=0.1, learning_rate=1.0)
    rates = [learning_rate(done, config) for done in (0, 0.05, 0.1, 0.5, 1)]
    assert rates == [0, pytest.approx(0.497, abs=0.01), pytest.approx(0.976, abs=0.01), 0.5, 0]

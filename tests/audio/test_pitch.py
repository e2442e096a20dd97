"""Pitch: that of voices, and none of noise."""

from __future__ import annotations

import numpy as np
import pytest

from marotte.audio.pitch import PitchMeter


@pytest.mark.parametrize("pitch_hz", [80.0, 120.0, 220.0, 330.0])
def test_pitch_is_measured(pitch_hz: float) -> None:
    rate = 16_000
    meter = PitchMeter(rate)
    assert meter.measure() is None
    phase = np.cumsum(np.full(rate // 2, pitch_hz / rate))
    waves = [np.cos(2 * np.pi * k * phase) / k for k in range(1, 9)]
    buzz = np.sum(waves, axis=0).astype(np.float32)
    for part in buzz.reshape(-1, 160)[:4]:
        meter.push(part)
    assert meter.measure() == pytest.approx(pitch_hz, rel=0.04)


def test_noise_and_rumble_have_no_pitch() -> None:
    random = np.random.default_rng(0)
    hiss = random.normal(0, 0.1, (50, 80)).astype(np.float32)
    rumble = (0.1 * np.sin(2 * np.pi * 20 * np.arange(4000) / 8000)).astype(np.float32)
    for sound in (hiss, rumble.reshape(-1, 80), np.zeros((20, 80), np.float32)):
        meter, found = PitchMeter(8000), []
        for part in sound:
            meter.push(part)
            found.append(meter.measure())
        assert sum(pitch is not None for pitch in found) <= len(found) // 10

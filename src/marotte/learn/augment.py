"""Augmentation: what the student hears is disturbed; the teacher heard the clean sound.

One pass through the Fourier domain a batch: gain, band limit, tilt of the spectrum, and noise of
a random colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from marotte.windows import SAMPLE_RATE


@dataclass(frozen=True)
class AugmentConfig:
    """How far the sound is disturbed.

    Attributes:
        loudest_dbfs: an utterance's level is drawn evenly between this ...
        softest_dbfs: ... and this.
        noise: share of crops with noise.
        best_snr_db: signal-to-noise ratio is drawn evenly between this ...
        worst_snr_db: ... and this.
        band_limit: share of crops whose sound ends below 8 kHz.
        lowest_limit_hz: the least band limit.
        tilt_db: largest tilt of the spectrum, in dB an octave, either way.
        silence: share of crops whose speech is taken away: a face at rest in noise.
        speed: largest change of speed, and with it of pitch and formants, either way.
    """

    loudest_dbfs: float = -10.0
    softest_dbfs: float = -45.0
    noise: float = 0.7
    best_snr_db: float = 45.0
    worst_snr_db: float = 5.0
    band_limit: float = 0.4
    lowest_limit_hz: float = 3400.0
    tilt_db: float = 3.0
    silence: float = 0.03
    speed: float = 0.12


def disturb(
    samples: Tensor,
    level: Tensor,
    speech: Tensor,
    config: AugmentConfig,
    generator: torch.Generator,
) -> Tensor:
    """A batch of crops as another microphone in another room's noise would hear them.

    Args:
        samples: crops [batch, n].
        level: the RMS of the speech each crop is cut from [batch].
        speech: 0 for crops whose speech is taken away, else 1 [batch].
        config: how far.
        generator: of the randomness.

    Returns:
        Samples of the same shape, within -1..1.
    """
    batch, n = samples.shape

    def draw(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(batch, 1, generator=generator)

    def chance(share: float) -> Tensor:
        return torch.rand(batch, 1, generator=generator) < share

    hertz = torch.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    octaves = torch.log2(hertz.clamp(min=50) / 1000)
    limit = torch.where(chance(config.band_limit), draw(config.lowest_limit_hz, 8000), 1e9)
    response = 10 ** (draw(-config.tilt_db, config.tilt_db) * octaves.clamp(-3, 3) / 20)
    response = response * torch.sigmoid((limit - hertz) / 60)
    target = 10 ** (draw(config.softest_dbfs, config.loudest_dbfs) / 20)
    gain = target / level[:, None].clamp(min=1e-5)
    colour = 10 ** (draw(-6, 0) * octaves / 20)  # from white to brown
    noise = torch.fft.rfft(torch.randn(batch, n, generator=generator)) * colour
    noise = noise / noise.abs().square().mean(1, keepdim=True).sqrt() * n**0.5
    snr = draw(config.worst_snr_db, config.best_snr_db)
    noise_gain = target * 10 ** (-snr / 20) * chance(config.noise)
    spectrum = torch.fft.rfft(samples) * response * gain * speech[:, None] + noise * noise_gain
    return torch.fft.irfft(spectrum, n).clamp(-1, 1)

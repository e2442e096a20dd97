"""Augmentation: what the student hears is disturbed; the teacher heard the clean sound.

Section 4.4.4 of the paper asks for it: a student that only ever heard clean speech opens the mouth
at a click. A crop goes the way sound goes: spoken (or not) in a room, with other sounds in it, into
a microphone, and through a codec. All of it is drawn from one generator, so that a step of
a training hears the same each time.
"""

from __future__ import annotations

import torch
from torch import Tensor

from marotte.learn.data.augment.config import AugmentConfig
from marotte.learn.data.augment.microphone import (
    FULL_SCALE,
    apply_response,
    mu_law,
    quantise,
    quantise_spectrum,
)
from marotte.learn.data.augment.rooms import reverberate
from marotte.learn.data.augment.sounds import babble, excerpts, recorded_bank, synthetic_bank

__all__ = ["AugmentConfig", "augment_crops"]

INSTEAD_OF_SPEECH = ("silence", "noise", "music", "clicks", "tones", "breath")
_HIGHEST_LOW_CUT_HZ = 300.0


def augment_crops(
    samples: Tensor,
    level: Tensor,
    speech: Tensor,
    config: AugmentConfig,
    generator: torch.Generator,
) -> Tensor:
    """A batch of crops as another microphone in another place would hear them.

    Args:
        samples: crops [batch, n].
        level: the RMS of the speech each crop is cut from [batch].
        speech: 0 for crops whose speech is taken away, else 1 [batch].
        config: how far.
        generator: of the randomness.

    Returns:
        Samples of the same shape, within -1..1.
    """
    draw = _Draw(generator, len(samples))
    level = level.clamp(min=1e-5)
    sound = samples / level[:, None]
    silent = torch.nonzero(speech == 0)[:, 0]
    if len(silent):
        sound[silent] = _instead_of_speech(len(silent), samples.shape[1], config, generator)
    if len(rows := draw.some(config.room)):
        sound[rows] = reverberate(sound[rows], generator)
    for added, rows in _surroundings(samples, level, speech, config, draw):
        under = 10 ** (-draw.between(config.worst_snr_db, config.best_snr_db)[rows] / 20)
        sound.index_add_(0, rows, added.mul_(under))
    sound = _through_a_line(_by_a_microphone(sound, config, draw), config, draw)
    gain = 10 ** (draw.between(config.softest_dbfs, config.loudest_dbfs) / 20)
    return sound.mul_(gain).clamp_(-1, 1)


class _Draw:
    """Random numbers, one a crop."""

    def __init__(self, generator: torch.Generator, batch: int) -> None:
        self.generator, self.batch = generator, batch

    def between(self, low: float, high: float) -> Tensor:
        """Numbers [batch, 1], evenly between two."""
        return low + (high - low) * torch.rand(self.batch, 1, generator=self.generator)

    def chosen(self, share: float) -> Tensor:
        """True for about this share of the crops [batch]."""
        return torch.rand(self.batch, generator=self.generator) < share

    def some(self, share: float) -> Tensor:
        """The rows of about this share of the crops [m]."""
        return torch.nonzero(self.chosen(share))[:, 0]


def _instead_of_speech(
    count: int, n: int, config: AugmentConfig, generator: torch.Generator
) -> Tensor:
    """Sounds [count, n] as loud as the speech would be, to which the face is to rest."""
    kinds = INSTEAD_OF_SPEECH + (("recorded",) if config.recordings else ())
    which = torch.randint(len(kinds), (count,), generator=generator)
    sound = torch.zeros(count, n)
    for index, kind in enumerate(kinds):
        rows = torch.nonzero(which == index)[:, 0]
        if kind != "silence" and len(rows):
            bank = recorded_bank(config.recordings) if kind == "recorded" else synthetic_bank(kind)
            sound[rows] = excerpts(bank, len(rows), n, generator)
    return sound


def _surroundings(
    samples: Tensor, level: Tensor, speech: Tensor, config: AugmentConfig, draw: _Draw
) -> list[tuple[Tensor, Tensor]]:
    """What else is heard: sounds [m, n] of RMS 1, and the rows [m] that hear them."""
    n, generator = samples.shape[1], draw.generator
    found: list[tuple[Tensor, Tensor]] = []
    banks = [(synthetic_bank(kind), kind) for kind in ("noise", "music", "clicks", "tones")]
    if config.recordings:
        banks.append((recorded_bank(config.recordings), "recorded"))
    for bank, kind in banks:
        if len(rows := draw.some(getattr(config, kind))):
            found.append((excerpts(bank, len(rows), n, generator), rows))
    # Voices alone, with nobody speaking before them, would be speech.
    rows = torch.nonzero(draw.chosen(config.babble) & (speech > 0))[:, 0]
    if len(rows) and len(samples) > 1:
        found.append((babble(samples, level, rows, generator), rows))
    return found


def _by_a_microphone(sound: Tensor, config: AugmentConfig, draw: _Draw) -> Tensor:
    """Crops of level 1 with the response of a random microphone."""
    tilt_db = draw.between(-config.tilt_db, config.tilt_db)
    low_cut_hz = draw.between(0, _HIGHEST_LOW_CUT_HZ) * draw.chosen(config.low_cut)[:, None]
    limits = torch.tensor(config.band_limits_hz or (1e9,))
    which = torch.randint(len(limits), (draw.batch,), generator=draw.generator)
    limit_hz = limits[which][:, None] * draw.between(0.9, 1.1)
    limit_hz = torch.where(draw.chosen(config.band_limit)[:, None], limit_hz, 1e9)
    return apply_response(sound, tilt_db, low_cut_hz, limit_hz)


def _through_a_line(sound: Tensor, config: AugmentConfig, draw: _Draw) -> Tensor:
    """Crops of level 1, some of them clipped, some through a codec."""
    rows = draw.some(config.clipping)
    ceiling = draw.between(0.8, FULL_SCALE)[rows]
    sound[rows] = sound[rows].clamp(-ceiling, ceiling)
    codec = torch.randint(3, (draw.batch,), generator=draw.generator)
    codec = torch.where(draw.chosen(config.codec), codec, -1)
    full_scale = FULL_SCALE * 10 ** (draw.between(0, 20) / 20)
    bits, coarseness = draw.between(7, 11).round(), draw.between(0.4, 1.5)
    telephone, bitten, spectral = (torch.nonzero(codec == each)[:, 0] for each in range(3))
    sound[telephone] = mu_law(sound[telephone], full_scale[telephone])
    sound[bitten] = quantise(sound[bitten], full_scale[bitten], bits[bitten])
    if len(spectral):
        sound[spectral] = quantise_spectrum(sound[spectral], coarseness[spectral])
    return sound

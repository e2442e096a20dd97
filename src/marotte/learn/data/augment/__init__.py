"""Augmentation of training crops: clean crops in, noisy and distorted crops out.

The student sees augmented sound; the teacher labelled the clean sound. Section 4.4.4 of the paper
asks for augmentation: a student that was trained on clean speech alone opens the mouth at a click.
The stages follow the path of sound: speech (or another sound in its place), a room, background
sounds, a microphone, a codec. One generator draws all parameters, so a training step always gets
the same augmentation.
"""

from __future__ import annotations

import torch
from torch import Tensor

from marotte.learn.data.augment.config import AugmentConfig
from marotte.learn.data.augment.cut_off import cut_off
from marotte.learn.data.augment.microphone import (
    FULL_SCALE,
    apply_response,
    mu_law,
    quantise,
    quantise_spectrum,
)
from marotte.learn.data.augment.rooms import reverberate
from marotte.learn.data.augment.sounds import babble, excerpts, recorded_bank, synthetic_bank

__all__ = ["AugmentConfig", "augment_crops", "cut_off"]

BACKGROUND_SOUNDS = ("noise", "music", "clicks", "tones", "rings", "bursts")
NON_SPEECH_SOUNDS = ("silence", *BACKGROUND_SOUNDS, "breath")
_MAX_LOW_CUT_HZ = 300.0


def augment_crops(
    samples: Tensor,
    level: Tensor,
    speech: Tensor,
    config: AugmentConfig,
    generator: torch.Generator,
) -> Tensor:
    """Augment a batch of crops.

    Args:
        samples: crops [batch, n].
        level: RMS of the utterance's speech, per crop [batch].
        speech: 0 for crops whose speech is replaced by another sound, 1 for the others [batch].
        config: how often and how strongly to augment.
        generator: source of all random numbers.

    Returns:
        Samples of the same shape, within -1..1.
    """
    draw = _RandomDraws(generator, len(samples))
    level = level.clamp(min=1e-5)
    sound = samples / level[:, None]
    replaced = torch.nonzero(speech == 0)[:, 0]
    if len(replaced):
        sound[replaced] = _non_speech(len(replaced), samples.shape[1], config, generator)
    if len(rows := draw.some(config.room)):
        sound[rows] = reverberate(sound[rows], generator)
    for added, rows in _background(samples, level, speech, config, draw):
        gain = 10 ** (-draw.between(config.worst_snr_db, config.best_snr_db)[rows] / 20)
        sound.index_add_(0, rows, added.mul_(gain))
    sound = _clip_and_encode(_apply_microphone(sound, config, draw), config, draw)
    gain = 10 ** (draw.between(config.softest_dbfs, config.loudest_dbfs) / 20)
    return sound.mul_(gain).clamp_(-1, 1)


class _RandomDraws:
    """Random numbers, one per crop."""

    def __init__(self, generator: torch.Generator, batch: int) -> None:
        self.generator, self.batch = generator, batch

    def between(self, low: float, high: float) -> Tensor:
        """Return numbers [batch, 1], uniform between `low` and `high`."""
        return low + (high - low) * torch.rand(self.batch, 1, generator=self.generator)

    def chosen(self, share: float) -> Tensor:
        """Return a mask that is true for about this share of the crops [batch]."""
        return torch.rand(self.batch, generator=self.generator) < share

    def some(self, share: float) -> Tensor:
        """Return the row numbers of about this share of the crops [m]."""
        return torch.nonzero(self.chosen(share))[:, 0]


def _non_speech(count: int, n: int, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Return sounds [count, n] as loud as speech, for which the face should rest."""
    kinds = NON_SPEECH_SOUNDS + (("recorded",) if config.recordings else ())
    kind_of_row = torch.randint(len(kinds), (count,), generator=generator)
    sound = torch.zeros(count, n)
    for index, kind in enumerate(kinds):
        rows = torch.nonzero(kind_of_row == index)[:, 0]
        if kind != "silence" and len(rows):
            bank = recorded_bank(config.recordings) if kind == "recorded" else synthetic_bank(kind)
            sound[rows] = excerpts(bank, len(rows), n, generator)
    return sound


def _background(
    samples: Tensor, level: Tensor, speech: Tensor, config: AugmentConfig, draw: _RandomDraws
) -> list[tuple[Tensor, Tensor]]:
    """Return the background sounds: sounds [m, n] of RMS 1, and the rows [m] they are added to."""
    n, generator = samples.shape[1], draw.generator
    added: list[tuple[Tensor, Tensor]] = []
    banks = [(synthetic_bank(kind), kind) for kind in BACKGROUND_SOUNDS]
    if config.recordings:
        banks.append((recorded_bank(config.recordings), "recorded"))
    for bank, kind in banks:
        if len(rows := draw.some(getattr(config, kind))):
            added.append((excerpts(bank, len(rows), n, generator), rows))
    # Babble without a foreground speaker would be speech itself.
    rows = torch.nonzero(draw.chosen(config.babble) & (speech > 0))[:, 0]
    if len(rows) and len(samples) > 1:
        added.append((babble(samples, level, rows, generator), rows))
    return added


def _apply_microphone(sound: Tensor, config: AugmentConfig, draw: _RandomDraws) -> Tensor:
    """Apply the response of a random microphone to crops of level 1."""
    tilt_db = draw.between(-config.tilt_db, config.tilt_db)
    low_cut_hz = draw.between(0, _MAX_LOW_CUT_HZ) * draw.chosen(config.low_cut)[:, None]
    limits = torch.tensor(config.band_limits_hz or (1e9,))
    index = torch.randint(len(limits), (draw.batch,), generator=draw.generator)
    limit_hz = limits[index][:, None] * draw.between(0.9, 1.1)
    limit_hz = torch.where(draw.chosen(config.band_limit)[:, None], limit_hz, 1e9)
    return apply_response(sound, tilt_db, low_cut_hz, limit_hz)


def _clip_and_encode(sound: Tensor, config: AugmentConfig, draw: _RandomDraws) -> Tensor:
    """Clip some of the crops, and apply a codec to some, at level 1."""
    rows = draw.some(config.clipping)
    ceiling = draw.between(0.8, FULL_SCALE)[rows]
    sound[rows] = sound[rows].clamp(-ceiling, ceiling)
    codec = torch.randint(3, (draw.batch,), generator=draw.generator)
    codec = torch.where(draw.chosen(config.codec), codec, -1)
    full_scale = FULL_SCALE * 10 ** (draw.between(0, 20) / 20)
    bits, coarseness = draw.between(7, 11).round(), draw.between(0.4, 1.5)
    telephone, few_bits, spectral = (torch.nonzero(codec == each)[:, 0] for each in range(3))
    sound[telephone] = mu_law(sound[telephone], full_scale[telephone])
    sound[few_bits] = quantise(sound[few_bits], full_scale[few_bits], bits[few_bits])
    if len(spectral):
        sound[spectral] = quantise_spectrum(sound[spectral], coarseness[spectral])
    return sound

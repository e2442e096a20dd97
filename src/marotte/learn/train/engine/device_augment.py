"""The augmentation of `marotte.learn.data.augment` on any device, without waiting for the device.

Which crops get an augmentation is only known on the device. So each augmentation is computed for
all crops, and kept for the crops that were drawn for it. On a CPU this would cost more than it
saves, so there `augment_crops` itself is used.
"""

from __future__ import annotations

import torch
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.data.augment import (
    BACKGROUND_SOUNDS,
    NON_SPEECH_SOUNDS,
    AugmentConfig,
    augment_crops,
)
from marotte.learn.data.augment.microphone import (
    FULL_SCALE,
    mu_law,
    quantise,
    quantise_spectrum,
)
from marotte.learn.data.augment.rooms import RESPONSE_SAMPLES, fast_length, room_responses
from marotte.learn.data.augment.sounds import synthetic_bank

_MAX_LOW_CUT_HZ = 300.0
_MAX_VOICES = 6  # of babble
_EDGE_HZ = 60.0  # width of the roll-off at the band limit


class DeviceAugmenter:
    """Augments batches of crops on one device."""

    def __init__(self, device: torch.device, *, all_crops: bool | None = None) -> None:
        """Load the banks of sounds and rooms.

        Args:
            device: the device of the crops.
            all_crops: compute each augmentation for all crops; None does so except on a CPU.
        """
        self.device = device
        self.all_crops = device.type != "cpu" if all_crops is None else all_crops
        self.banks: dict[str, Tensor] = {}
        if self.all_crops:
            kinds = set(NON_SPEECH_SOUNDS) - {"silence"}
            self.banks = {kind: synthetic_bank(kind).to(device) for kind in sorted(kinds)}
            self.rooms = room_responses().to(device)

    def __call__(
        self, samples: Tensor, level: Tensor, config: AugmentConfig, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Augment a batch of crops.

        Args:
            samples: crops [batch, n].
            level: RMS of the utterance's speech, per crop [batch].
            config: how often and how strongly; `recordings` are used on the CPU only.
            generator: source of all random numbers, on the same device.

        Returns:
            Samples of the same shape, within -1..1; and for each crop 0 if its speech was replaced
            by another sound, else 1 [batch].
        """
        draw = _RandomDraws(generator, len(samples), self.device)
        speech = (~draw.chosen(config.no_speech)).float()
        if not self.all_crops:
            return augment_crops(samples, level, speech[:, 0], config, generator), speech[:, 0]
        dry = samples / level.clamp(min=1e-5)[:, None]
        sound = torch.where(speech > 0, dry, self._non_speech(dry.shape[1], draw))
        sound = torch.where(draw.chosen(config.room), self._reverberate(sound, draw), sound)
        sound = sound + self._background(dry, speech, config, draw)
        sound = _clip_and_encode(_apply_microphone(sound, config, draw), config, draw)
        gain = 10 ** (draw.between(config.softest_dbfs, config.loudest_dbfs) / 20)
        return (sound * gain).clamp(-1, 1), speech[:, 0]

    def _non_speech(self, n: int, draw: _RandomDraws) -> Tensor:
        """Return sounds [batch, n] as loud as speech, for which the face should rest."""
        kind_of_row = draw.whole(len(NON_SPEECH_SOUNDS))
        sound = torch.zeros(draw.batch, n, device=self.device)
        for index, kind in enumerate(NON_SPEECH_SOUNDS):
            if kind != "silence":
                excerpt = _excerpts(self.banks[kind], n, draw)
                sound = torch.where(kind_of_row == index, excerpt, sound)
        return sound

    def _reverberate(self, sound: Tensor, draw: _RandomDraws) -> Tensor:
        n = sound.shape[1]
        n_fft = fast_length(n + RESPONSE_SAMPLES)
        response = torch.fft.rfft(self.rooms[draw.whole(len(self.rooms))[:, 0]], n_fft)
        return torch.fft.irfft(torch.fft.rfft(sound, n_fft) * response, n_fft)[:, :n]

    def _background(
        self, dry: Tensor, speech: Tensor, config: AugmentConfig, draw: _RandomDraws
    ) -> Tensor:
        """Return the background sounds of crops of level 1."""
        total = torch.zeros_like(dry)
        for kind in BACKGROUND_SOUNDS:
            added = _excerpts(self.banks[kind], dry.shape[1], draw)
            total = total + added * _gain(draw.chosen(getattr(config, kind)), config, draw)
        # Babble without a foreground speaker would be speech itself.
        chosen = draw.chosen(config.babble) & (speech > 0)
        if draw.batch > 1:
            total = total + _babble(dry, draw) * _gain(chosen, config, draw)
        return total


class _RandomDraws:
    """Random numbers, one per crop [batch, 1]."""

    def __init__(self, generator: torch.Generator, batch: int, device: torch.device) -> None:
        self.generator, self.batch, self.device = generator, batch, device

    def between(self, low: float, high: float) -> Tensor:
        share = torch.rand(self.batch, 1, generator=self.generator, device=self.device)
        return low + (high - low) * share

    def chosen(self, share: float) -> Tensor:
        return self.between(0, 1) < share

    def whole(self, below: int) -> Tensor:
        return (self.between(0, below)).long().clamp(max=below - 1)


def _gain(chosen: Tensor, config: AugmentConfig, draw: _RandomDraws) -> Tensor:
    """Return the level of a background sound relative to speech; 0 for crops not chosen."""
    return chosen * 10 ** (-draw.between(config.worst_snr_db, config.best_snr_db) / 20)


def _excerpts(bank: Tensor, n: int, draw: _RandomDraws) -> Tensor:
    """Return random excerpts [batch, n] of a bank [rows, n_bank]."""
    rows, length = bank.shape
    return bank.unfold(1, n, 1)[draw.whole(rows)[:, 0], draw.whole(length - n + 1)[:, 0]]


def _babble(sound: Tensor, draw: _RandomDraws) -> Tensor:
    """Return two to six mixed voices: the following crops of the batch, which are random too."""
    most = min(_MAX_VOICES, draw.batch - 1)
    voices = 2 + draw.whole(_MAX_VOICES - 1).clamp(max=most)
    mixed = torch.zeros_like(sound)
    for k in range(most):
        mixed = mixed + (k < voices) * sound.roll(-1 - k, 0)
    return mixed / voices.sqrt()


def _apply_microphone(sound: Tensor, config: AugmentConfig, draw: _RandomDraws) -> Tensor:
    """Apply the response of a random microphone; see `augment.microphone.apply_response`."""
    tilt_db = draw.between(-config.tilt_db, config.tilt_db)
    low_cut_hz = draw.between(0, _MAX_LOW_CUT_HZ) * draw.chosen(config.low_cut)
    limits = torch.tensor(config.band_limits_hz or (1e9,), device=draw.device)
    limit_hz = limits[draw.whole(len(limits))] * draw.between(0.9, 1.1)
    limit_hz = torch.where(draw.chosen(config.band_limit), limit_hz, 1e9)
    n = sound.shape[1]
    n_fft = fast_length(n)
    hertz = torch.fft.rfftfreq(n_fft, 1 / SAMPLE_RATE, device=draw.device)
    response = torch.exp2(tilt_db / 6.0206 * torch.log2(hertz.clamp(min=50) / 1000))
    response = response / (1 + (low_cut_hz / hertz.clamp(min=1)) ** 2)
    response = response * torch.sigmoid((limit_hz - hertz) / _EDGE_HZ)
    return torch.fft.irfft(torch.fft.rfft(sound, n_fft) * response, n_fft)[:, :n]


def _clip_and_encode(sound: Tensor, config: AugmentConfig, draw: _RandomDraws) -> Tensor:
    """Clip some of the crops, and apply a codec to some, at level 1."""
    ceiling = draw.between(0.8, FULL_SCALE)
    clipped = torch.minimum(torch.maximum(sound, -ceiling), ceiling)
    sound = torch.where(draw.chosen(config.clipping), clipped, sound)
    codec = torch.where(draw.chosen(config.codec), draw.whole(3), -1)
    full_scale = FULL_SCALE * 10 ** (draw.between(0, 20) / 20)
    bits, coarseness = draw.between(7, 11).round(), draw.between(0.4, 1.5)
    with draw.device:
        encoded = (
            mu_law(sound, full_scale),
            quantise(sound, full_scale, bits),
            quantise_spectrum(sound, coarseness),
        )
    for index, each in enumerate(encoded):
        sound = torch.where(codec == index, each, sound)
    return sound

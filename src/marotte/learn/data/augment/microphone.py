"""Microphone and codecs: crops in, crops with a frequency response or coding noise out."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.data.augment.rooms import fast_length

FULL_SCALE = 4.0  # a well-adjusted recording leaves 12 dB of headroom above the speech level
_EDGE_HZ = 60.0  # width of the roll-off at the band limit
_BANDS = 24
_N_FFT = 512


def apply_response(
    samples: Tensor, tilt_db: Tensor, low_cut_hz: Tensor, limit_hz: Tensor
) -> Tensor:
    """Apply a microphone's frequency response to crops.

    Args:
        samples: crops [batch, n].
        tilt_db: tilt in dB per octave, 0 dB at 1 kHz [batch, 1].
        low_cut_hz: cut-off of a high-pass filter of 12 dB per octave; 0 for none [batch, 1].
        limit_hz: highest frequency; 8000 or more for no limit [batch, 1].

    Returns:
        Crops [batch, n].
    """
    n = samples.shape[1]
    n_fft = fast_length(n)
    hertz = torch.fft.rfftfreq(n_fft, 1 / SAMPLE_RATE)
    octaves = torch.log2(hertz.clamp(min=50) / 1000)
    response = torch.exp2(tilt_db / (20 * math.log10(2)) * octaves)
    has_cut = low_cut_hz[:, 0] > 0
    response[has_cut] *= 1 / (1 + (low_cut_hz[has_cut] / hertz.clamp(min=1)) ** 2)
    limited = limit_hz[:, 0] < SAMPLE_RATE / 2
    response[limited] *= torch.sigmoid((limit_hz[limited] - hertz) / _EDGE_HZ)
    return torch.fft.irfft(torch.fft.rfft(samples, n_fft) * response, n_fft)[:, :n]


def mu_law(samples: Tensor, full_scale: Tensor) -> Tensor:
    """Return crops [batch, n] after 8-bit mu-law companding, as in telephones (ITU-T G.711)."""
    scaled = (samples / full_scale).clamp(-1, 1)
    code = torch.round(127 * torch.log1p(255 * scaled.abs()) / math.log(256))
    return full_scale * scaled.sign() * torch.expm1(code / 127 * math.log(256)) / 255


def quantise(samples: Tensor, full_scale: Tensor, bits: Tensor) -> Tensor:
    """Return crops [batch, n] rounded to `bits` bits per sample [batch, 1]."""
    steps = torch.exp2(bits - 1)
    return torch.round((samples / full_scale).clamp(-1, 1) * steps) / steps * full_scale


def quantise_spectrum(samples: Tensor, coarseness: Tensor) -> Tensor:
    """Return crops [batch, n] after a spectral codec, which drops the weak bins of each band.

    The bins of 32 ms blocks are rounded to multiples of `coarseness` [batch, 1] times the level
    of their band. A coarseness of 0.5 is hardly audible; 2 sounds like a bad connection.
    """
    window = torch.hann_window(_N_FFT).sqrt()
    spectrum = torch.stft(samples, _N_FFT, _N_FFT // 2, window=window, return_complex=True)
    bins = torch.arange(_N_FFT // 2 + 1)
    # Bandwidths like those of human hearing: constant below 1 kHz, then proportional.
    band = (_BANDS * torch.log1p(bins / 32) / math.log1p(_N_FFT / 64)).long().clamp(max=_BANDS - 1)
    share = torch.nn.functional.one_hot(band, _BANDS).float()
    power = spectrum.abs().square().transpose(1, 2) @ (share / share.sum(0).clamp(min=1))
    step = (coarseness[..., None] * power.sqrt())[..., band].transpose(1, 2).clamp(min=1e-9)
    parts = torch.view_as_real(spectrum)
    rounded = torch.view_as_complex(torch.round(parts / step[..., None]) * step[..., None])
    n = samples.shape[1]
    return torch.istft(rounded, _N_FFT, _N_FFT // 2, window=window, length=n)

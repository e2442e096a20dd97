"""What a microphone and the line behind it make of a sound: its response, clipping, codecs."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.data.augment.rooms import fast_length

FULL_SCALE = 4.0  # a well-set line takes peaks of 12 dB above the speech's level
_EDGE_HZ = 60.0  # over which a band ends
_BANDS = 24
_N_FFT = 512


def apply_response(
    samples: Tensor, tilt_db: Tensor, low_cut_hz: Tensor, limit_hz: Tensor
) -> Tensor:
    """Crops [batch, n] by a microphone of this response.

    Args:
        samples: crops [batch, n].
        tilt_db: dB an octave, 0 at 1 kHz [batch, 1].
        low_cut_hz: sounds below it fall by 12 dB an octave; 0 is none [batch, 1].
        limit_hz: the sound ends here; 8000 or more is no limit [batch, 1].
    """
    n = samples.shape[1]
    n_fft = fast_length(n)
    hertz = torch.fft.rfftfreq(n_fft, 1 / SAMPLE_RATE)
    octaves = torch.log2(hertz.clamp(min=50) / 1000)
    response = torch.exp2(tilt_db / (20 * math.log10(2)) * octaves)
    cut = low_cut_hz[:, 0] > 0
    response[cut] *= 1 / (1 + (low_cut_hz[cut] / hertz.clamp(min=1)) ** 2)
    ends = limit_hz[:, 0] < SAMPLE_RATE / 2
    response[ends] *= torch.sigmoid((limit_hz[ends] - hertz) / _EDGE_HZ)
    return torch.fft.irfft(torch.fft.rfft(samples, n_fft) * response, n_fft)[:, :n]


def mu_law(samples: Tensor, full_scale: Tensor) -> Tensor:
    """Crops [batch, n] after the 8-bit companding of telephones (ITU-T G.711's mu-law)."""
    scaled = (samples / full_scale).clamp(-1, 1)
    code = torch.round(127 * torch.log1p(255 * scaled.abs()) / math.log(256))
    return full_scale * scaled.sign() * torch.expm1(code / 127 * math.log(256)) / 255


def quantise(samples: Tensor, full_scale: Tensor, bits: Tensor) -> Tensor:
    """Crops [batch, n] rounded to so many bits a sample [batch, 1]."""
    steps = torch.exp2(bits - 1)
    return torch.round((samples / full_scale).clamp(-1, 1) * steps) / steps * full_scale


def quantise_spectrum(samples: Tensor, coarseness: Tensor) -> Tensor:
    """Crops [batch, n] as a spectral codec leaves them: what is weak in its band is gone.

    Blocks of 32 ms are rounded, bin by bin, to multiples of `coarseness` [batch, 1] times the
    level of their band; 0.5 is hardly heard, 2 is a bad connection.
    """
    window = torch.hann_window(_N_FFT).sqrt()
    spectrum = torch.stft(samples, _N_FFT, _N_FFT // 2, window=window, return_complex=True)
    bins = torch.arange(_N_FFT // 2 + 1)
    # As wide as the ear's bands: narrow below 1 kHz, then in proportion.
    band = (_BANDS * torch.log1p(bins / 32) / math.log1p(_N_FFT / 64)).long().clamp(max=_BANDS - 1)
    share = torch.nn.functional.one_hot(band, _BANDS).float()
    power = spectrum.abs().square().transpose(1, 2) @ (share / share.sum(0).clamp(min=1))
    step = (coarseness[..., None] * power.sqrt())[..., band].transpose(1, 2).clamp(min=1e-9)
    kept = torch.view_as_real(spectrum)
    kept = torch.view_as_complex(torch.round(kept / step[..., None]) * step[..., None])
    n = samples.shape[1]
    return torch.istft(kept, _N_FFT, _N_FFT // 2, window=window, length=n)

"""The input of the original Voice2Face: 13 cepstral coefficients and 26 subband centroids.

Both are of frames of 25 ms about each multiple of 20 ms, through 26 triangular filters that are
evenly spaced in mel from 0 to 8 kHz. The centroids (Paliwal 1998) are told in kHz less the sound's
own mean, which is as near to "speaker normalised" as one utterance comes.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.teachers.encoders import STEP_SAMPLES, Encoder

N_CEPSTRA = 13
N_BANDS = 26
FRAME_SAMPLES = 400
FFT_SAMPLES = 512
PREEMPHASIS = 0.97
POWER_FLOOR = 1e-10  # of a band in which there is digital silence


class SpectralEncoder(Encoder):
    """MFCC and SSC: features [n, 39], the cepstra before the centroids."""

    name = "mfcc-ssc"
    layer = 0
    dim = N_CEPSTRA + N_BANDS
    first_s = 0.0
    weights = ""

    def features(self, clips: Tensor) -> Tensor:
        """Features [batch, ceil(n / 320), 39] of clips [batch, n] of 16 kHz sound."""
        power = powers(clips)
        centroids_khz = centroids(power) / 1000
        means = centroids_khz.mean(dim=1, keepdim=True)
        return torch.cat([cepstra(power), centroids_khz - means], dim=-1)


def powers(clips: Tensor) -> Tensor:
    """Power spectra [batch, ceil(n / 320), 257] of pre-emphasised clips [batch, n]."""
    n_steps = math.ceil(clips.shape[1] / STEP_SAMPLES)
    before = functional.pad(clips, (1, 0))[:, :-1]
    half = FRAME_SAMPLES // 2
    missing = STEP_SAMPLES * (n_steps - 1) + half - clips.shape[1]
    padded = functional.pad(clips - PREEMPHASIS * before, (half, max(0, missing)))
    frames = padded.unfold(1, FRAME_SAMPLES, STEP_SAMPLES)[:, :n_steps]
    window = torch.hamming_window(FRAME_SAMPLES, periodic=False)
    return torch.fft.rfft(frames * window, FFT_SAMPLES).abs().square() / FFT_SAMPLES


def cepstra(power: Tensor) -> Tensor:
    """Mel-frequency cepstral coefficients [..., 13] of power spectra [..., 257].

    The orthonormal cosine transform of the bands' log power: a louder sound changes the first
    coefficient alone.
    """
    bands = torch.matmul(power, filters().T).clamp(min=POWER_FLOOR).log()
    order = torch.arange(N_CEPSTRA)[:, None]
    angle = math.pi / N_BANDS * order * (torch.arange(N_BANDS) + 0.5)
    basis = torch.cos(angle) * math.sqrt(2 / N_BANDS)
    basis[0] /= math.sqrt(2)
    return torch.matmul(bands, basis.T)


def centroids(power: Tensor) -> Tensor:
    """Spectral subband centroids [..., 26] in Hz of power spectra [..., 257].

    The mean frequency in each band, weighed by power: `sum(f w P) / sum(w P)`; in silence, the
    band's own middle.
    """
    floored = power + POWER_FLOOR
    hertz = torch.linspace(0, SAMPLE_RATE / 2, FFT_SAMPLES // 2 + 1)
    return torch.matmul(floored * hertz, filters().T) / torch.matmul(floored, filters().T)


@cache
def filters() -> Tensor:
    """Triangular filters [26, 257], evenly spaced in mel = 2595 log10(1 + f / 700)."""
    highest = 2595 * math.log10(1 + SAMPLE_RATE / 2 / 700)
    mel = torch.linspace(0, highest, N_BANDS + 2, dtype=torch.float64)
    edges = 700 * (10 ** (mel / 2595) - 1)
    hertz = torch.linspace(0, SAMPLE_RATE / 2, FFT_SAMPLES // 2 + 1, dtype=torch.float64)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = torch.minimum((hertz - low) / (centre - low), (high - hertz) / (high - centre))
    return triangles.clamp(min=0).float()

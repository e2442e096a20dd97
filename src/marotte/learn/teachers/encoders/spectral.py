"""The features of the original Voice2Face: 16 kHz sound in, 13 MFCC and 26 spectral centroids out.

Both are computed every 20 ms from 25 ms windows, with 26 triangular filters that are evenly spaced
in mel from 0 to 8 kHz. The spectral subband centroids (SSC, Paliwal 1998) are in kHz, minus their
mean over the utterance, as an approximation of "speaker normalised" centroids.
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
POWER_FLOOR = 1e-10  # power of a band in digital silence


class SpectralEncoder(Encoder):
    """Computes MFCC and SSC: 39 features, the cepstral coefficients first."""

    name = "mfcc-ssc"
    layer = 0
    dim = N_CEPSTRA + N_BANDS
    first_s = 0.0
    weights = ""

    def features(self, clips: Tensor) -> Tensor:
        """Return features [batch, ceil(n / 320), 39] of clips [batch, n] of 16 kHz sound."""
        power = powers(clips)
        centroids_khz = centroids(power) / 1000
        means = centroids_khz.mean(dim=1, keepdim=True)
        return torch.cat([cepstra(power), centroids_khz - means], dim=-1)


def powers(clips: Tensor) -> Tensor:
    """Return power spectra [batch, ceil(n / 320), 257] of clips [batch, n] with pre-emphasis."""
    n_steps = math.ceil(clips.shape[1] / STEP_SAMPLES)
    delayed = functional.pad(clips, (1, 0))[:, :-1]
    half = FRAME_SAMPLES // 2
    missing = STEP_SAMPLES * (n_steps - 1) + half - clips.shape[1]
    padded = functional.pad(clips - PREEMPHASIS * delayed, (half, max(0, missing)))
    frames = padded.unfold(1, FRAME_SAMPLES, STEP_SAMPLES)[:, :n_steps]
    window = torch.hamming_window(FRAME_SAMPLES, periodic=False)
    return torch.fft.rfft(frames * window, FFT_SAMPLES).abs().square() / FFT_SAMPLES


def cepstra(power: Tensor) -> Tensor:
    """Return mel-frequency cepstral coefficients [..., 13] of power spectra [..., 257].

    They are the orthonormal cosine transform of the bands' log power, so a change of level changes
    only the first coefficient.
    """
    bands = torch.matmul(power, filters().T).clamp(min=POWER_FLOOR).log()
    order = torch.arange(N_CEPSTRA)[:, None]
    angle = math.pi / N_BANDS * order * (torch.arange(N_BANDS) + 0.5)
    basis = torch.cos(angle) * math.sqrt(2 / N_BANDS)
    basis[0] /= math.sqrt(2)
    return torch.matmul(bands, basis.T)


def centroids(power: Tensor) -> Tensor:
    """Return spectral subband centroids [..., 26] in Hz of power spectra [..., 257].

    A centroid is the power-weighted mean frequency of a band, `sum(f w P) / sum(w P)`. In silence
    it is the middle of the band.
    """
    floored = power + POWER_FLOOR
    hertz = torch.linspace(0, SAMPLE_RATE / 2, FFT_SAMPLES // 2 + 1)
    return torch.matmul(floored * hertz, filters().T) / torch.matmul(floored, filters().T)


@cache
def filters() -> Tensor:
    """Return triangular filters [26, 257], evenly spaced in mel = 2595 log10(1 + f / 700)."""
    highest = 2595 * math.log10(1 + SAMPLE_RATE / 2 / 700)
    mel = torch.linspace(0, highest, N_BANDS + 2, dtype=torch.float64)
    edges = 700 * (10 ** (mel / 2595) - 1)
    hertz = torch.linspace(0, SAMPLE_RATE / 2, FFT_SAMPLES // 2 + 1, dtype=torch.float64)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = torch.minimum((hertz - low) / (centre - low), (high - hertz) / (high - centre))
    return triangles.clamp(min=0).float()

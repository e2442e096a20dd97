"""The paper's baselines (section 4.1.2): windows of samples in, rig controls out.

They differ from the student in their features: MFCCs here, a frozen encoder's convolutions in
`frozen_encoders`. They are trained like a student, but have no streamed form.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from marotte.learn.models.convolutions import RowConvolution
from marotte.learn.models.frontends import fourier_halves, log_mel_frames, mel_bands
from marotte.learn.models.student import HIDDEN, Prediction, StudentConfig
from marotte.model.timing import STEP_SAMPLES

MFCC_HOP_SAMPLES = 128  # 8 ms; a frame is two hops long
MFCC_BANDS = 40
MFCC_COEFFICIENTS = 32
MFCC_LAYERS = (5, 6)  # layers that halve the 32 coefficients, then layers that halve the 63 frames


class Baseline(nn.Module):
    """The common part: steps of a window, one vector of them, then three fully connected layers.

    Attributes:
        step_samples: samples from step to step; windows a multiple of it apart share their steps.
            0 if steps depend on the window, so that windows share nothing.
    """

    step_samples = 0

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        self.config = config
        self.hidden = nn.ModuleList([nn.Linear(config.channels, HIDDEN), nn.Linear(HIDDEN, HIDDEN)])
        self.output = nn.Linear(HIDDEN, len(config.names))

    def steps(self, samples: Tensor) -> Tensor:
        """Return steps [batch, channels, n_steps] of samples [batch, n]."""
        raise NotImplementedError

    def summary(self, steps: Tensor) -> Tensor:
        """Return one vector [batch, channels] per window of steps [batch, channels, n_steps]."""
        raise NotImplementedError

    def forward(self, samples: Tensor) -> Prediction:
        """Predict one frame per window; samples [batch, n_samples] are the windows."""
        return self._predict(self.summary(self.steps(samples)))

    def _predict(self, features: Tensor) -> Prediction:
        first = functional.gelu(self.hidden[0](features))
        second = functional.gelu(self.hidden[1](first))
        last = self.output(second)
        return Prediction(torch.tanh(last), (first, second, last), ())

    def crops(self, samples: Tensor, n_frames: int, hop_length: int = STEP_SAMPLES) -> Prediction:
        """Predict several frames per crop of a recording; see `StudentNet.crops`."""
        if not self.step_samples:
            windows = samples.unfold(1, self.config.window.n_samples, hop_length)[:, :n_frames]
            return self(windows.reshape(-1, windows.shape[2]))
        phases = math.lcm(hop_length, self.step_samples) // hop_length
        features = samples.new_empty(len(samples), n_frames, self.config.channels)
        for phase in range(min(phases, n_frames)):
            count = len(range(phase, n_frames, phases))
            start = samples[:, phase * hop_length :]
            features[:, phase::phases] = self._spaced(start, count, phases * hop_length)
        return self._predict(features.flatten(0, 1))

    def _spaced(self, samples: Tensor, count: int, spacing: int) -> Tensor:
        """Return features [batch, count, channels] of windows some whole steps apart."""
        length = self.config.window.n_samples + (count - 1) * spacing
        steps, apart = self.steps(samples[:, :length]), spacing // self.step_samples
        windows = steps.unfold(2, steps.shape[2] - (count - 1) * apart, apart)
        windows = windows.permute(0, 2, 1, 3).flatten(0, 1).contiguous()
        return self.summary(windows).unflatten(0, (-1, count))


class MfccNet(Baseline):
    """MFCCs, convolved along frequency down to one row, then along time (Karras et al. 2017).

    The paper does not give the sizes of the layers. These come to the paper's 2.0 M parameters.
    """

    step_samples = MFCC_HOP_SAMPLES
    cosine: Tensor
    sine: Tensor
    bands: Tensor
    dct: Tensor

    def __init__(self, config: StudentConfig) -> None:
        super().__init__(config)
        cosine, sine = fourier_halves(2 * MFCC_HOP_SAMPLES)
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)
        bands = mel_bands(2 * MFCC_HOP_SAMPLES, MFCC_BANDS)
        self.register_buffer("bands", bands, persistent=False)
        self.register_buffer(
            "dct", cosine_transform(MFCC_BANDS, MFCC_COEFFICIENTS), persistent=False
        )
        self.convolutions = nn.ModuleList(
            RowConvolution(1 if i == 0 else config.channels, config.channels, 3, 2, padding=1)
            for i in range(sum(MFCC_LAYERS))
        )

    def mfcc(self, samples: Tensor) -> Tensor:
        """Return MFCCs [batch, coefficients, n_frames] of samples [batch, n]."""
        log_mel = log_mel_frames(samples, self.cosine, self.sine, self.bands)
        return torch.matmul(log_mel, self.dct).transpose(1, 2)

    def steps(self, samples: Tensor) -> Tensor:
        """Convolve the MFCCs of samples along frequency: [batch, channels, n_frames]."""
        mfcc = self.mfcc(samples)
        x = mfcc.transpose(1, 2).flatten(0, 1).unsqueeze(1)
        for layer in self.convolutions[: MFCC_LAYERS[0]]:
            x = functional.gelu(layer(x))
        return x.view(-1, mfcc.shape[2], self.config.channels).transpose(1, 2)

    def summary(self, steps: Tensor) -> Tensor:
        """Convolve a window's frames along time: one vector [batch, channels]."""
        x = steps
        for layer in self.convolutions[MFCC_LAYERS[0] :]:
            x = functional.gelu(layer(x))
        return x.flatten(1)


def cosine_transform(n_bands: int, n_coefficients: int) -> Tensor:
    """Return the orthonormal DCT-II [n_bands, n_coefficients], which turns log-mel into MFCCs."""
    band = torch.arange(n_bands, dtype=torch.float64)[:, None] + 0.5
    coefficient = torch.arange(n_coefficients, dtype=torch.float64)
    matrix = torch.cos(torch.pi / n_bands * band * coefficient) * (2 / n_bands) ** 0.5
    matrix[:, 0] /= 2**0.5
    return matrix.float()

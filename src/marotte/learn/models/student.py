"""The student network: a 512 ms window of samples in, rig controls for one frame out.

It is the paper's Table 1 for any number of channels, look-ahead and rig size, with a choice of
front ends and norms. Layer numbers in the comments are those of the table.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from marotte.errors import MarotteError
from marotte.learn.models.frontends import (
    ChannelNorm,
    MelFrontend,
    SincFrontend,
    WaveformFrontend,
    convolution,
    full_precision,
)
from marotte.model.smoothing import Smoothing
from marotte.model.timing import STEP_SAMPLES, WindowSpec, window

HIDDEN = 150  # units of the fully connected layers
GLOBAL_KERNEL = 64  # kernel size of layer 9, which covers every step of the window
GLOBAL_GROUPS = 4
FRONTENDS = {  # and the norms that each supports
    "waveform": ("window", "step"),
    "sinc": ("window", "step"),
    "mel": ("step",),
    "mfcc": ("window",),
    "hubert": ("window",),
    "whisper": ("window",),
}
ENCODERS = ("hubert", "whisper")  # front ends with frozen convolutions


@dataclass(frozen=True)
class StudentConfig:
    """The configuration of a student.

    Attributes:
        channels: C, the channels of every convolution.
        lookahead_ms: d, the part of the 512 ms window that lies after the frame.
        names: the rig controls that the student predicts, in order.
        frontend: `waveform` (the paper's), `sinc` or `mel`; `mfcc`, `hubert` and `whisper`
            are baselines.
        norm: the norm of the waveform's first layer: `window` (the paper's group norm) or `step`.
        batch_norm: put a batch norm after every convolution. Export folds it away.
        encoder: what gives the convolutions of `hubert` (a HuBERT checkpoint) or `whisper` (the
            name of a packaged Whisper, such as `whisper-base`). Without one they stay at their
            random initial weights. They are frozen either way.
        smooth_behind: number of past predictions averaged into each frame, see
            `marotte.model.smoothing`. Only inference averages; training does not.
        smooth_ahead: number of future predictions averaged into each frame. Each adds 16.7 ms of
            delay.
    """

    channels: int
    lookahead_ms: float
    names: tuple[str, ...]
    frontend: str = "waveform"
    norm: str = "window"
    batch_norm: bool = False
    encoder: str = ""
    smooth_behind: int = 0
    smooth_ahead: int = 0

    def __post_init__(self) -> None:
        """Refuse a configuration that can't be built, and name the valid values."""
        if self.channels < 1 or self.channels % GLOBAL_GROUPS:
            raise MarotteError(f"channels must be a multiple of 4, got {self.channels}")
        if self.frontend not in FRONTENDS:
            valid = ", ".join(map(repr, FRONTENDS))
            raise MarotteError(f"front end must be one of {valid}, got {self.frontend!r}")
        if self.norm not in ("window", "step"):
            raise MarotteError(f"norm must be 'window' or 'step', got {self.norm!r}")
        if self.norm not in FRONTENDS[self.frontend]:
            only = FRONTENDS[self.frontend][0]
            raise MarotteError(f"the front end {self.frontend!r} needs norm = {only!r}")
        if self.encoder and self.frontend not in ENCODERS:
            raise MarotteError(
                f"only the front ends 'hubert' and 'whisper' take an encoder, not {self.frontend!r}"
            )
        if not 0 <= self.lookahead_ms < 512:
            raise MarotteError(f"lookahead_ms must be from 0 to below 512, got {self.lookahead_ms}")
        if min(self.smoothing) < 0:
            raise MarotteError(
                f"smooth_behind and smooth_ahead must be 0 or more, got {tuple(self.smoothing)}"
            )

    @property
    def smoothing(self) -> Smoothing:
        """The predictions that are averaged into each frame."""
        return Smoothing(self.smooth_behind, self.smooth_ahead)

    @property
    def window(self) -> WindowSpec:
        """The samples that the student sees for one frame.

        The window of a `mel` student ends with its last step: later samples would add look-ahead
        without being used. The paper's student normalises over the whole 512 ms, so it keeps them.
        """
        whole = window(self.lookahead_ms)
        unused = MelFrontend.unused_samples(whole.n_samples) if self.frontend == "mel" else 0
        return WindowSpec(whole.past_samples - unused, whole.future_samples)


class Prediction(NamedTuple):
    """A network's outputs for a batch of frames.

    Attributes:
        controls: [batch, n_controls], within -1..1.
        taps: the features that hybrid distillation compares (eq. 5): both hidden layers
            [batch, 150], and the last layer before its tanh [batch, n_controls].
        maps: the activations that attention transfer compares: layers 8 and 9
            [batch, channels, n_steps]; empty for a baseline.
    """

    controls: Tensor
    taps: tuple[Tensor, Tensor, Tensor]
    maps: tuple[Tensor, ...]


class GlobalConvolution(nn.Conv1d):
    """Layer 9: a grouped convolution whose kernel is longer than its input.

    The input is padded by 32 zeros on the left and 31 on the right, so that the output has as many
    steps as the input. Most of the 64 taps only ever meet the padding. In training, the other taps
    are laid out as one matrix per group, from all input steps to all output steps. The sums are
    the same, and the gradient is several times faster than the convolution's.
    """

    def __init__(self, channels: int, *, bias: bool) -> None:
        super().__init__(channels, channels, GLOBAL_KERNEL, groups=GLOBAL_GROUPS, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return steps [batch, channels, n_steps], as many as in the input."""
        half = GLOBAL_KERNEL // 2
        if not self.training:
            return super().forward(functional.pad(input, (half, half - 1)))
        output = self.sums(input)
        return output if self.bias is None else output + self.bias[:, None]

    def sums(self, input: Tensor) -> Tensor:
        """Return the convolution [batch, channels, n_steps] without its bias, as one product."""
        half = GLOBAL_KERNEL // 2
        batch, channels, n_steps = input.shape
        weight = self.weight.unflatten(0, (GLOBAL_GROUPS, -1))
        # Tap s - t + 32 leads from step s to step t: [group, out, in, step out, step in].
        taps = weight[..., half - n_steps + 1 : half + n_steps].unfold(-1, n_steps, 1).flip(-2)
        matrix = taps.permute(0, 2, 4, 1, 3).reshape(
            GLOBAL_GROUPS, channels // GLOBAL_GROUPS * n_steps, -1
        )
        grouped = input.reshape(batch, GLOBAL_GROUPS, -1).transpose(0, 1)
        output = torch.bmm(grouped, matrix.to(input.dtype))
        return output.transpose(0, 1).reshape(batch, channels, n_steps)


class StudentNet(nn.Module):
    """The student: a front end, then the paper's layers 8-16."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        channels, batch_norm = config.channels, config.batch_norm
        self.config = config
        self.frontend: MelFrontend | WaveformFrontend
        if config.frontend == "mel":
            self.frontend = MelFrontend(channels, batch_norm=batch_norm)
        else:
            kind = SincFrontend if config.frontend == "sinc" else WaveformFrontend
            self.frontend = kind(channels, norm=config.norm, batch_norm=batch_norm)
        self.n_steps = self.frontend.n_steps(config.window.n_samples)
        self.project = nn.Sequential(ChannelNorm(channels), nn.Conv1d(channels, channels, 1))  # 8
        self.global_context = nn.Sequential(  # 9
            GlobalConvolution(channels, bias=not batch_norm),
            *([nn.BatchNorm1d(channels)] if batch_norm else []),
        )
        self.norm = ChannelNorm(channels)
        self.reduce = nn.ModuleList(  # 10-13
            convolution(channels, channels, kernel, 2, batch_norm=batch_norm)
            for kernel in (3, 3, 3, 2)
        )
        self.hidden = nn.ModuleList([nn.Linear(channels, HIDDEN), nn.Linear(HIDDEN, HIDDEN)])
        self.output = nn.Linear(HIDDEN, len(config.names))  # 16

    def steps(self, samples: Tensor) -> Tensor:
        """Return the front end's steps [batch, channels, n_steps] of samples [batch, n]."""
        return self.frontend(samples)

    def predict_from_projected(self, projected: Tensor) -> Prediction:
        """Predict from a window's steps [batch, channels, n_steps] after layer 8: layers 9-16.

        Up to layer 8 a step does not depend on its window (unless norm is `window`).
        """
        context = projected + functional.gelu(self.global_context(projected))
        x = self.norm(context)
        for layer in self.reduce:
            x = functional.gelu(layer(x))
        with full_precision(x):
            first = functional.gelu(self.hidden[0](x.squeeze(-1).to(self.output.weight.dtype)))
            second = functional.gelu(self.hidden[1](first))
            last = self.output(second)
        return Prediction(torch.tanh(last), (first, second, last), (projected, context))

    def forward(self, samples: Tensor) -> Prediction:
        """Predict one frame per window; samples [batch, n_samples] are the windows."""
        return self.predict_from_projected(self.project(self.steps(samples)))

    def crops(self, samples: Tensor, n_frames: int, hop_length: int = STEP_SAMPLES) -> Prediction:
        """Predict several frames per crop of a recording.

        Args:
            samples: [batch, window + (n_frames - 1) * hop_length]; the window of frame i begins at
                sample i * hop_length.
            n_frames: frames per crop; a multiple of 320 / hop_length.
            hop_length: samples from frame to frame; must divide 320.

        Returns:
            The same as `forward` on every window, [batch * n_frames, ...], crop by crop. Unless
            the front end normalises over its window, its steps are computed once for each of the
            320 / hop_length positions that a frame can have within a step.
        """
        n_samples = self.config.window.n_samples
        if self.config.norm == "window":
            windows = samples.unfold(1, n_samples, hop_length)
            return self(windows.reshape(-1, n_samples))
        phases = STEP_SAMPLES // hop_length
        length = n_samples + (n_frames // phases - 1) * STEP_SAMPLES
        starts = range(0, phases * hop_length, hop_length)
        steps = self.steps(torch.cat([samples[:, start:][:, :length] for start in starts]))
        steps = steps.unfold(2, self.n_steps, 1)[:, :, : n_frames // phases]
        steps = steps.unflatten(0, (phases, -1)).permute(1, 3, 0, 2, 4)
        windows = steps.reshape(-1, steps.shape[3], self.n_steps)
        return self.predict_from_projected(self.project(windows))


def fold_batch_norms(net: StudentNet) -> StudentNet:
    """Return the same network with each batch norm folded into the convolution before it.

    Learned band-pass filters become plain convolutions.
    """
    plain = copy.deepcopy(net)
    if isinstance(plain.frontend, SincFrontend):
        plain.frontend.freeze_filters()
    config = net.config
    folded = StudentNet(StudentConfig(**{**vars(config), "batch_norm": False}))
    if isinstance(folded.frontend, SincFrontend):
        folded.frontend.freeze_filters(bias=config.batch_norm)
    state = plain.state_dict()
    result = {}
    for key in folded.state_dict():
        stem = key.rsplit(".", 1)[0]  # "reduce.0.0" of "reduce.0.0.weight"
        norm = f"{stem[:-2]}.1" if f"{stem[:-2]}.1.running_var" in state else None
        if norm is None:
            result[key] = state[key]
            continue
        scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + 1e-5)
        if key.endswith("weight"):
            result[key] = state[key] * scale[:, None, None]
        else:
            result[key] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    folded.load_state_dict(result)
    return folded.eval()

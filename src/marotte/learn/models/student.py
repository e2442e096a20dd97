"""The student network: a 512 ms window of samples in, rig controls for one frame out.

The paper's Table 1 for any number of channels, look-ahead and rig size, with a choice of front
end and of norms. Layer numbers in the comments are those of the table.
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
    in_full,
)
from marotte.model.smoothing import Smoothing
from marotte.model.timing import STEP_SAMPLES, WindowSpec, window

HIDDEN = 150  # units of the fully connected layers
GLOBAL_KERNEL = 64  # of layer 9, which sees every step of the window
GLOBAL_GROUPS = 4
FRONTENDS = {  # and the norms each can have
    "waveform": ("window", "step"),
    "sinc": ("window", "step"),
    "mel": ("step",),
    "mfcc": ("window",),
    "hubert": ("window",),
}


@dataclass(frozen=True)
class StudentConfig:
    """What makes one student differ from another.

    Attributes:
        channels: C, of every convolution.
        lookahead_ms: d, how much of the 512 ms window lies after the frame.
        names: the rig controls it gives, in order.
        frontend: `waveform` (the paper's), `sinc` or `mel`; or a baseline's: `mfcc`, `hubert`.
        norm: of the waveform's first layer: `window` (the paper's group norm) or `step`.
        batch_norm: put a batch norm after every convolution; it is folded away on export.
        encoder: a checkpoint of HuBERT whose convolutions `hubert` takes over; where it is empty
            they are frozen at random.
        smooth_behind: how many moments before a frame's own its face is the mean of, too
            (`marotte.model.smoothing`). The network answers for one, and is trained so.
        smooth_ahead: how many after it; each costs 16.7 ms.
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
        """Refuse what can't be built, naming the valid choices."""
        if self.channels < 1 or self.channels % GLOBAL_GROUPS:
            raise MarotteError(f"channels must be a multiple of 4, got {self.channels}")
        if self.frontend not in FRONTENDS:
            valid = ", ".join(map(repr, FRONTENDS))
            raise MarotteError(f"front end must be one of {valid}, got {self.frontend!r}")
        if self.norm not in ("window", "step"):
            raise MarotteError(f"norm must be 'window' or 'step', got {self.norm!r}")
        if self.norm not in FRONTENDS[self.frontend]:
            only = FRONTENDS[self.frontend][0]
            raise MarotteError(f"the {self.frontend!r} front end needs norm = {only!r}")
        if self.encoder and self.frontend != "hubert":
            raise MarotteError(f"only the front end 'hubert' takes an encoder, not {self.frontend}")
        if not 0 <= self.lookahead_ms < 512:
            raise MarotteError(f"look-ahead must be 0 to 511 ms, got {self.lookahead_ms}")
        if min(self.smoothing) < 0:
            raise MarotteError(
                f"smooth_behind and smooth_ahead must be 0 or more, got {tuple(self.smoothing)}"
            )

    @property
    def smoothing(self) -> Smoothing:
        """The moments that a frame's face is the mean of."""
        return Smoothing(self.smooth_behind, self.smooth_ahead)

    @property
    def window(self) -> WindowSpec:
        """The samples it sees for a frame: of a mel student just those that make its steps.

        What the last step leaves over would be look-ahead that nobody hears. The paper's student
        keeps the whole 512 ms, over which it normalises.
        """
        whole = window(self.lookahead_ms)
        unheard = MelFrontend.unheard(whole.n_samples) if self.frontend == "mel" else 0
        return WindowSpec(whole.past_samples - unheard, whole.future_samples)


class Prediction(NamedTuple):
    """A student's answer for a batch of frames.

    Attributes:
        controls: [batch, n_controls], within -1..1.
        taps: the feature maps that hybrid distillation compares (eq. 5): both hidden layers
            [batch, 150] and the last layer before its tanh [batch, n_controls].
        maps: what attention transfer compares: layers 8 and 9 [batch, channels, n_steps]; a
            baseline has none.
    """

    controls: Tensor
    taps: tuple[Tensor, Tensor, Tensor]
    maps: tuple[Tensor, ...]


class GlobalConvolution(nn.Conv1d):
    """Layer 9: a grouped convolution whose kernel is longer than the window it slides over.

    32 zeros stand on either side and the last step is dropped, so a window keeps its length. Most
    of the 64 taps only ever meet those zeros. In training the taps that do not are laid out as
    one matrix a group, from all steps in to all steps out: the same sums, and several times
    faster than the convolution's own gradient.
    """

    def __init__(self, channels: int, *, bias: bool) -> None:
        super().__init__(channels, channels, GLOBAL_KERNEL, groups=GLOBAL_GROUPS, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Steps [batch, channels, n_steps], as many as come in."""
        half = GLOBAL_KERNEL // 2
        if not self.training:
            return super().forward(functional.pad(input, (half, half - 1)))
        batch, channels, n_steps = input.shape
        weight = self.weight.unflatten(0, (GLOBAL_GROUPS, -1))
        # Step s counts for step t by the tap s - t + 32: [group, out, in, step out, step in].
        taps = weight[..., half - n_steps + 1 : half + n_steps].unfold(-1, n_steps, 1).flip(-2)
        matrix = taps.permute(0, 2, 4, 1, 3).reshape(
            GLOBAL_GROUPS, channels // GLOBAL_GROUPS * n_steps, -1
        )
        grouped = input.reshape(batch, GLOBAL_GROUPS, -1).transpose(0, 1)
        output = torch.bmm(grouped, matrix).transpose(0, 1).reshape(batch, channels, n_steps)
        return output if self.bias is None else output + self.bias[:, None]


class StudentNet(nn.Module):
    """Front end, then the paper's layers 8-16."""

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
        """Front-end steps [batch, channels, n_steps] of samples [batch, n]."""
        return self.frontend(samples)

    def tail(self, steps: Tensor) -> Prediction:
        """Controls of one frame from its window's steps [batch, channels, n_steps]."""
        return self.face(self.project(steps))

    def face(self, projected: Tensor) -> Prediction:
        """Controls of one frame from its window's steps after layer 8, which knows no window."""
        context = projected + functional.gelu(self.global_context(projected))
        x = self.norm(context)
        for layer in self.reduce:
            x = functional.gelu(layer(x))
        with in_full(x):
            first = functional.gelu(self.hidden[0](x.squeeze(-1).to(self.output.weight.dtype)))
            second = functional.gelu(self.hidden[1](first))
            last = self.output(second)
        return Prediction(torch.tanh(last), (first, second, last), (projected, context))

    def forward(self, samples: Tensor) -> Prediction:
        """Controls of the frames whose windows are samples [batch, n_samples]."""
        return self.tail(self.steps(samples))

    def crops(
        self, samples: Tensor, n_frames: int, shift_samples: int = STEP_SAMPLES
    ) -> Prediction:
        """Controls of `n_frames` frames in crops of a recording.

        Args:
            samples: [batch, window + (n_frames - 1) * shift_samples]; frame i's window
                begins at sample i * shift_samples.
            n_frames: frames in each crop; a multiple of 320 / shift_samples.
            shift_samples: from frame to frame: 320, or a whole part of it.

        Returns:
            The same as `forward` on every window, [batch * n_frames, ...], crop by crop. Unless
            the front end normalises over its window, its steps are computed once a crop, or once
            for each of the places in a step at which frames stand.
        """
        n_samples = self.config.window.n_samples
        if self.config.norm == "window":
            windows = samples.unfold(1, n_samples, shift_samples)
            return self(windows.reshape(-1, n_samples))
        phases = STEP_SAMPLES // shift_samples
        length = n_samples + (n_frames // phases - 1) * STEP_SAMPLES
        starts = range(0, phases * shift_samples, shift_samples)
        steps = self.steps(torch.cat([samples[:, start:][:, :length] for start in starts]))
        steps = steps.unfold(2, self.n_steps, 1)[:, :, : n_frames // phases]
        steps = steps.unflatten(0, (phases, -1)).permute(1, 3, 0, 2, 4)
        return self.tail(steps.reshape(-1, steps.shape[3], self.n_steps))


def fold_batch_norms(net: StudentNet) -> StudentNet:
    """The same function without batch norms: each is folded into the convolution before it.

    A baseline comes back as it is, and learned band passes as the convolutions they are.
    """
    if not isinstance(net, StudentNet):
        return net.eval()
    plain = copy.deepcopy(net)
    if isinstance(plain.frontend, SincFrontend):
        plain.frontend.fix()
    config = net.config
    folded = StudentNet(StudentConfig(**{**vars(config), "batch_norm": False}))
    if isinstance(folded.frontend, SincFrontend):
        folded.frontend.fix(bias=config.batch_norm)
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

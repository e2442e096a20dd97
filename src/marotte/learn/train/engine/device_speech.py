"""Labelled speech on the device that trains: random crops are cut there.

The crops follow the rules of `dataset.CropSampler`, with another random generator. No data moves
to the device between two steps.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.data.dataset import LEAD_S, CropSampler, LabelledSpeech
from marotte.learn.data.filters import Selection
from marotte.learn.data.rest import RestTimes
from marotte.learn.train.engine.forward import CropShape
from marotte.model.timing import WindowSpec


class DeviceCrops(NamedTuple):
    """A batch of crops.

    Attributes:
        samples: clean sound [batch, n_samples] float32.
        targets: the teacher's curves [batch, n_frames, n_controls] float32.
        level: RMS of the speech of each crop's utterance [batch].
    """

    samples: Tensor
    targets: Tensor
    level: Tensor


@dataclass(frozen=True)
class DeviceSpeech:
    """Concatenated utterances on a device; see `LabelledSpeech`.

    Attributes:
        samples: int16 [n_samples].
        curves: float16 [n_frames, n_controls].
        first_sample: [n_utterances + 1].
        first_frame: [n_utterances + 1].
        level: [n_utterances].
        fps: frames per second of the curves.
    """

    samples: Tensor
    curves: Tensor
    first_sample: Tensor
    first_frame: Tensor
    level: Tensor
    fps: float

    @classmethod
    def load(cls, speech: LabelledSpeech, device: torch.device) -> DeviceSpeech:
        """Move speech to a device; on the CPU, the arrays are shared and not copied."""

        def move(values: NDArray[np.generic]) -> Tensor:
            with warnings.catch_warnings():  # torch warns of read-only files; nothing writes here
                warnings.simplefilter("ignore", UserWarning)
                return torch.from_numpy(np.asarray(values)).to(device)

        return cls(
            move(speech.samples),
            move(speech.curves),
            move(speech.first_sample),
            move(speech.first_frame),
            move(speech.level),
            speech.fps,
        )

    def draw(
        self,
        cumulative: Tensor,
        batch: int,
        window: WindowSpec,
        shape: CropShape,
        speed: float,
        generator: torch.Generator,
        rest: RestTimes | None = None,
    ) -> DeviceCrops:
        """Draw crops at random positions in random utterances, at random speeds.

        Args:
            cumulative: see `cumulative_weights`.
            batch: number of crops.
            window: the samples around each frame.
            shape: the frames of each crop.
            speed: largest change of speed, up or down, as a fraction.
            generator: source of the random numbers, on the same device.
            rest: see `CropSampler`.
        """
        device = self.samples.device

        def between(low: Tensor | float, high: Tensor | float) -> Tensor:
            share = torch.rand(batch, generator=generator, device=device, dtype=torch.float64)
            return low + (high - low) * share

        chosen = torch.searchsorted(cumulative, between(0, 1)).clamp(max=len(self.level) - 1)
        rate = torch.exp(between(-1, 1) * math.log1p(speed))
        k, hop = shape.n_frames, shape.hop_length
        length_s = (self.first_sample[chosen + 1] - self.first_sample[chosen]) / SAMPLE_RATE
        span_s = (k - 1) * hop / SAMPLE_RATE * rate
        start_s = between(-LEAD_S, (length_s + LEAD_S - span_s).clamp(min=0))
        n = window.n_samples + (k - 1) * hop
        offset = torch.arange(n, device=device) - window.past_samples
        position = start_s[:, None] * SAMPLE_RATE + offset * rate[:, None]
        samples = _interpolate(self.samples, self.first_sample, chosen, position, silent=True)
        time_s = torch.arange(k, device=device) * (hop / SAMPLE_RATE)
        time_s = start_s[:, None] + time_s * rate[:, None]
        targets = _interpolate(
            self.curves, self.first_frame, chosen, time_s * self.fps, silent=False
        )
        if rest:
            n_labels = self.first_frame[chosen + 1] - self.first_frame[chosen]
            last_s = (n_labels[:, None] - 1) / self.fps
            targets = targets * rest.share(time_s, last_s)[..., None].float()
        return DeviceCrops(samples / 32768, targets, self.level[chosen])


def cumulative_weights(
    speech: LabelledSpeech, mix: Mapping[str, float], selection: Selection, device: torch.device
) -> Tensor:
    """Return the cumulative probabilities of the utterances [n_utterances]; see `CropSampler`."""
    sampler = CropSampler(speech, WindowSpec(1, 0), 1, mix, 0.0, selection=selection)
    return torch.from_numpy(sampler.cumulative).to(device)


def _interpolate(
    values: Tensor, first: Tensor, chosen: Tensor, position: Tensor, *, silent: bool
) -> Tensor:
    """Interpolate values linearly at fractional positions [batch, n] in the chosen utterances.

    Outside an utterance the value is 0 if `silent`, else the utterance's first or last value.
    """
    last = (first[chosen + 1] - first[chosen])[:, None] - 1
    inside = torch.minimum(position.clamp(min=0), last)
    low = inside.long()
    share = (inside - low).float()
    index = first[chosen][:, None] + low
    after = index + (low < last)
    if values.dim() > 1:
        share = share[..., None]
    result = torch.lerp(values[index].float(), values[after].float(), share)
    return result.masked_fill_((position < 0) | (position > last), 0) if silent else result

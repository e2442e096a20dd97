"""Random crops of training examples: examples in, batches out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marotte.learn.teachers.voice2face.examples import Example, frame_bins


@dataclass(frozen=True)
class Crops:
    """A batch of crops.

    Attributes:
        bins: features [batch, n_bins, n_features], see `frame_bins`.
        curves: target controls [batch, n_frames, n_controls].
        tags: quality tags [batch].
        known: the controls that the targets know [batch, n_controls]; None if they know all.
    """

    bins: Tensor
    curves: Tensor
    tags: Tensor
    known: Tensor | None = None


class ExampleSampler:
    """Draws random crops of examples; the crops depend only on the seed and the step.

    Args:
        examples: the examples; longer ones are drawn more often.
        first_s: time of each example's first features.
        n_frames: frames per crop.
        captured_share: share of the crops from captured takes, the same for each set of them.
    """

    def __init__(
        self,
        examples: list[Example],
        first_s: float,
        n_frames: int,
        captured_share: float = 0.0,
    ) -> None:
        self.examples, self.first_s, self.n_frames = examples, first_s, n_frames
        weights = _weights(examples, captured_share)
        self.cumulative = np.cumsum(weights) / weights.sum()
        self.masked = any(each.known is not None for each in examples)

    def draw(self, batch: int, seed: int, step: int) -> Crops:
        """Return a batch of crops."""
        random = np.random.default_rng((seed, step))
        chosen = np.minimum(
            np.searchsorted(self.cumulative, random.random(batch)), len(self.examples) - 1
        )
        bins, curves = [], []
        for each in (self.examples[index] for index in chosen):
            spare = max(0, len(each.curves) - self.n_frames)
            first = int(random.integers(0, spare + 1))
            features = torch.from_numpy(each.features)
            bins.append(frame_bins(features, self.first_s, first, self.n_frames))
            frames = np.minimum(first + np.arange(self.n_frames), len(each.curves) - 1)
            curves.append(torch.from_numpy(each.curves[frames]))
        tags = torch.tensor([self.examples[index].tag for index in chosen])
        known = self._known(chosen) if self.masked else None
        return Crops(torch.stack(bins), torch.stack(curves), tags, known)

    def _known(self, chosen: NDArray[np.intp]) -> Tensor:
        everything = np.ones(self.examples[0].curves.shape[1], np.bool_)
        masks = [self.examples[index].known for index in chosen]
        return torch.from_numpy(np.stack([everything if m is None else m for m in masks]))


def _weights(examples: list[Example], captured_share: float) -> NDArray[np.float64]:
    """Return how often each example is drawn: by its length, and each captured set equally."""
    lengths = np.array([len(each.curves) for each in examples], np.float64)
    if not captured_share:
        return lengths
    sets = np.array([each.set for each in examples])
    names = sorted(set(sets) - {""})
    for name in ("", *names):
        share = captured_share / len(names) if name else 1 - captured_share
        lengths[sets == name] *= share / lengths[sets == name].sum()
    return lengths

"""The weighted losses of a recipe: a student's answers and the teachers' in, one number out."""

from __future__ import annotations

import torch
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.face.head import Head
from marotte.face.loading import load_head
from marotte.learn.models.student import Prediction, StudentNet
from marotte.learn.train import losses
from marotte.learn.train.losses import LossWeights
from marotte.model.timing import STEP_SAMPLES, WindowSpec

STEP_MS = 1000 * STEP_SAMPLES / SAMPLE_RATE


class Objective:
    """The weighted losses of a recipe, with the head's lip gap."""

    def __init__(
        self,
        weights: LossWeights,
        names: tuple[str, ...],
        frame_ms: float,
        head: Head | None = None,
    ) -> None:
        self.weights = weights
        self.per_frame = STEP_MS / frame_ms
        head = head or load_head()
        self.sees_lips = not set(names).isdisjoint(head.names)
        if self.sees_lips:
            self.rest_mm, gap = head.lip_gap_weights(names)
            self.gap_weights = torch.from_numpy(gap)
        elif weights.lip_gap or weights.lip_margin:
            raise MarotteError(
                f"head {head.name!r} has none of the rig's controls, so that its lips can't be "
                "measured: give a head of that rig by --head, or set loss.lip_gap and "
                "loss.lip_margin to 0"
            )

    def __call__(
        self,
        answer: Prediction,
        target: Tensor,
        intermediate: Prediction | None = None,
    ) -> dict[str, Tensor]:
        """Each loss, unweighted, and their weighted `total`.

        Args:
            answer: the student's, for a batch of crops [batch * frames, ...].
            target: the teacher's curves [batch, frames, controls].
            intermediate: the second teacher's answer for the same frames, its `maps` at the
                student's moments; without it there are no feature and attention losses.
        """
        parts = self.curves(answer.controls.view_as(target), target)
        if intermediate is not None:
            parts["feature"] = losses.feature(answer.taps, intermediate.taps)
            maps = zip(answer.maps, intermediate.maps, strict=True)
            parts["attention"] = torch.stack([losses.attention(*pair) for pair in maps]).mean()
        return self.weigh(parts)

    def curves(self, predicted: Tensor, target: Tensor) -> dict[str, Tensor]:
        """The losses of curves [batch, frames, controls] alone, unweighted."""
        parts = {
            "reconstruction": losses.reconstruction(predicted, target),
            "velocity": losses.velocity(predicted, target, self.per_frame),
            "acceleration": losses.acceleration(predicted, target, self.per_frame),
        }
        if self.sees_lips:
            gap = (self.rest_mm, self.gap_weights.to(target.device))
            parts["lip_gap"] = losses.lip_gap(predicted, target, *gap, self.weights.closure)
            parts["lip_margin"] = losses.lip_margin(predicted, target, *gap)
        return parts

    def weigh(self, parts: dict[str, Tensor]) -> dict[str, Tensor]:
        """The losses and their weighted `total`."""
        weighted = [getattr(self.weights, name) * loss for name, loss in parts.items()]
        return {**parts, "total": torch.stack(weighted).sum()}


class Intermediate:
    """A frozen student that teaches another, through its own window around the same frames."""

    def __init__(self, net: StudentNet, student: StudentNet) -> None:
        if net.config.names != student.config.names:
            raise MarotteError(
                f"the intermediate teacher gives {len(net.config.names)} controls, its student "
                f"{len(student.config.names)}: both must give the same, in the same order"
            )
        self.net = net.eval().requires_grad_(False)
        self.window, self.own = net.config.window, student.config.window
        self.first, self.share = _moments(net, student)

    @property
    def union(self) -> WindowSpec:
        """What a crop must reach over so that both windows lie in it."""
        return WindowSpec(
            max(self.window.past_samples, self.own.past_samples),
            max(self.window.future_samples, self.own.future_samples),
        )

    @torch.no_grad()
    def __call__(self, samples: Tensor, n_frames: int, shift_samples: int) -> Prediction:
        """Its answers for crops cut for `union`, with maps at the student's moments."""
        crops = cut(samples, self.union, self.window)
        answer = self.net.crops(crops, n_frames, shift_samples)
        first, share = (each.to(samples.device) for each in (self.first, self.share))
        maps = [m[..., first] * (1 - share) + m[..., first + 1] * share for m in answer.maps]
        return Prediction(answer.controls, answer.taps, (maps[0], maps[1]))


def cut(samples: Tensor, union: WindowSpec, window: WindowSpec) -> Tensor:
    """Crops [batch, n] cut for the window `union`, cut down to `window` inside it."""
    before = union.past_samples - window.past_samples
    behind = union.future_samples - window.future_samples
    return samples[:, before : samples.shape[1] - behind]


def _moments(net: StudentNet, student: StudentNet) -> tuple[Tensor, Tensor]:
    """Between which of the teacher's steps each of the student's stands [n_steps], and where.

    A step stands in the middle of its samples. Those beyond the teacher's window take its last.
    """

    def middles(of: StudentNet) -> Tensor:
        steps = STEP_SAMPLES * torch.arange(of.n_steps, dtype=torch.float64)
        reach = of.frontend.reach_samples
        return steps + reach / 2 - of.config.window.past_samples

    theirs = middles(net)
    place = ((middles(student) - theirs[0]) / STEP_SAMPLES).clamp(0, len(theirs) - 1)
    first = place.floor().clamp(max=len(theirs) - 2)
    return first.long(), (place - first).float()

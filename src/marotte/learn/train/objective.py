"""The objective of a recipe: predictions and targets in, each loss and their weighted sum out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import torch
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.face.head import Head
from marotte.face.loading import load_head
from marotte.learn.capture.controls import real_sd
from marotte.learn.models.face_net import FaceNet
from marotte.learn.models.student import Prediction, StudentNet
from marotte.learn.train import losses
from marotte.learn.train.losses import LossWeights
from marotte.model.timing import STEP_SAMPLES, WindowSpec

SMALLEST_SD = 0.04  # a control that hardly moves shall not count most
STEP_MS = 1000 * STEP_SAMPLES / SAMPLE_RATE

CropPrediction = Callable[[Tensor, int, int], Prediction]
"""A function of samples, frames per crop and hop length; see `FaceNet.crops`."""


class Objective:
    """The weighted losses of a recipe; lips are measured by a head."""

    def __init__(
        self,
        weights: LossWeights,
        names: tuple[str, ...],
        frame_ms: float,
        head: Head | None = None,
        signed: Collection[str] = (),
    ) -> None:
        """Prepare the losses.

        Args:
            weights: the weight of each loss.
            names: the controls, in the order of the curves' columns.
            frame_ms: the time from one frame of a crop to the next.
            head: measures the lips; None for Marotte's own head.
            signed: the controls that may be negative.

        Raises:
            MarotteError: a lip loss has a weight, but the head has none of the controls.
        """
        self.weights = weights
        self.per_frame = STEP_MS / frame_ms
        self.signed = torch.tensor([name in signed for name in names])
        self.sds = real_sds(names)
        self.per_control = control_weights(names, weights.balance)
        head = head or load_head()
        self.measures_lips = not set(names).isdisjoint(head.names)
        if self.measures_lips:
            self.rest_mm, gap = head.lip_gap_weights(names)
            self.gap_weights = torch.from_numpy(gap)
        elif weights.lip_gap or weights.lip_margin or weights.aperture:
            raise MarotteError(
                f"head {head.name!r} has none of the rig's controls, so it can't measure the lips: "
                "pass a head of that rig by --head, or set loss.lip_gap, loss.lip_margin and "
                "loss.aperture to 0"
            )

    def __call__(
        self,
        prediction: Prediction,
        target: Tensor,
        intermediate: Prediction | None = None,
        kept: Prediction | None = None,
    ) -> dict[str, Tensor]:
        """Return each loss, unweighted, and their weighted `total`.

        Args:
            prediction: the student's, for a batch of crops [batch * frames, ...].
            target: the teacher's curves [batch, frames, controls].
            intermediate: the intermediate teacher's prediction for the same frames, with `maps` at
                the times of the student's if attention has a weight. None leaves out the feature
                and attention losses.
            kept: the prediction of the student that the run starts from, whose curves replace the
                targets of crops with speech; None leaves out the loss `keep`.
        """
        speech = with_speech(target)
        if kept is not None:
            target = kept.controls.view_as(target) * speech
        parts = self.curves(prediction.controls.view_as(target), target)
        if intermediate is not None:
            parts["feature"] = losses.feature(prediction.taps, intermediate.taps)
            if self.weights.attention:
                maps = zip(prediction.maps, intermediate.maps, strict=True)
                parts["attention"] = torch.stack([losses.attention(*pair) for pair in maps]).mean()
        if kept is not None:
            counted = speech[..., 0].expand(target.shape[:2]).flatten()
            parts["keep"] = losses.feature(prediction.taps, kept.taps, counted)
        return self.weigh(parts)

    def curves(self, predicted: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Return the unweighted losses of curves [batch, frames, controls]."""
        curves = self._balanced(predicted), self._balanced(target)
        parts = {
            "reconstruction": losses.reconstruction(*curves),
            "velocity": losses.velocity(*curves, self.per_frame),
            "acceleration": losses.acceleration(*curves, self.per_frame),
        }
        if self.measures_lips:
            gap = (self.rest_mm, self.gap_weights.to(target.device))
            parts["lip_gap"] = losses.lip_gap(predicted, target, *gap, self.weights.closure)
            parts["aperture"] = losses.aperture(predicted, target, gap[1])
            parts["lip_margin"] = losses.lip_margin(predicted, target, *gap)
        if self.weights.covariance:
            sds = self.sds.to(target.device)
            parts["covariance"] = losses.covariance(predicted, target, sds)
        if self.weights.rest:
            parts["rest"] = losses.rest(predicted, target, self.signed.to(target.device))
        return parts

    def _balanced(self, curves: Tensor) -> Tensor:
        """Return curves [..., n_controls] in the units in which they are compared."""
        return curves * self.per_control.to(curves.device) if self.weights.balance else curves

    def weigh(self, parts: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the losses and their weighted `total`."""
        weighted = [getattr(self.weights, name) * loss for name, loss in parts.items()]
        return {**parts, "total": torch.stack(weighted).sum()}


def with_speech(target: Tensor) -> Tensor:
    """Return 1 for crops in which the teacher's face moves, 0 for those without speech.

    Args:
        target: curves [batch, frames, controls]; crops without speech are 0.

    Returns:
        [batch, 1, 1].
    """
    return (target != 0).flatten(1).any(1).to(target.dtype)[:, None, None]


def control_weights(names: Sequence[str], balance: float) -> Tensor:
    """Return the factor on each control before it is compared [n_controls], with mean square 1.

    Args:
        names: the controls.
        balance: see `LossWeights`.

    Example:
        >>> from marotte.learn.train.objective import control_weights
        >>> jaw, dimple = control_weights(["jawOpen", "mouthDimpleLeft"], 1.0).tolist()
        >>> round(dimple / jaw, 3)  # 0.095 / 0.052
        1.827
    """
    weights = real_sds(names) ** -balance
    return weights / weights.square().mean().sqrt()


def real_sds(names: Sequence[str]) -> Tensor:
    """Return the standard deviation of each control in real faces [n_controls], 0.04 or more."""
    return torch.tensor([real_sd(name) for name in names]).clamp(min=SMALLEST_SD)


class IntermediateTeacher:
    """A frozen student that teaches another one, through its own window around the same frames."""

    def __init__(self, net: FaceNet, student: FaceNet, crops: CropPrediction | None = None) -> None:
        """Prepare a teacher for a student.

        Args:
            net: the teacher.
            student: the student.
            crops: computes `net.crops`, perhaps in another way; None for `net.crops` itself.

        Raises:
            MarotteError: one of them is a baseline, or their controls differ.
        """
        if not (isinstance(net, StudentNet) and isinstance(student, StudentNet)):
            raise MarotteError(
                f"hybrid distillation compares steps, but the front ends are "
                f"{net.config.frontend!r} and {student.config.frontend!r}, and baselines have no "
                "steps: remove the table [hybrid]"
            )
        if net.config.names != student.config.names:
            raise MarotteError(
                f"the intermediate teacher gives {len(net.config.names)} controls, its student "
                f"{len(student.config.names)}: both must give the same ones in the same order"
            )
        self.net = net.eval().requires_grad_(False)
        self.crops = crops or net.crops
        self.window, self.student_window = net.config.window, student.config.window
        self.first, self.share = _student_steps_in_teacher(net, student)

    @property
    def union(self) -> WindowSpec:
        """The smallest window that contains both windows."""
        return WindowSpec(
            max(self.window.past_samples, self.student_window.past_samples),
            max(self.window.future_samples, self.student_window.future_samples),
        )

    @torch.no_grad()
    def __call__(
        self, samples: Tensor, n_frames: int, hop_length: int, maps: bool = True
    ) -> Prediction:
        """Predict crops cut for `union`.

        Args:
            samples: the crops.
            n_frames: frames per crop.
            hop_length: samples from frame to frame.
            maps: whether to interpolate the maps to the student's steps, for attention transfer.
                Without, there are none.
        """
        crops = cut(samples, self.union, self.window)
        prediction = self.crops(crops, n_frames, hop_length)
        return self.align(prediction) if maps else prediction._replace(maps=())

    def align(self, prediction: Prediction) -> Prediction:
        """Interpolate the maps of a prediction of the teacher to the student's steps."""
        first, share = (each.to(prediction.controls.device) for each in (self.first, self.share))
        maps = [m[..., first] * (1 - share) + m[..., first + 1] * share for m in prediction.maps]
        return prediction._replace(maps=tuple(maps))


def cut(samples: Tensor, union: WindowSpec, window: WindowSpec) -> Tensor:
    """Cut crops [batch, n] for the window `union` down to `window`, which lies inside it."""
    before = union.past_samples - window.past_samples
    after = union.future_samples - window.future_samples
    return samples[:, before : samples.shape[1] - after]


def _student_steps_in_teacher(net: StudentNet, student: StudentNet) -> tuple[Tensor, Tensor]:
    """Return the teacher's step before each of the student's steps [n_steps], and the share after.

    A step's time is the middle of its receptive field. Steps outside the teacher's window take
    its first or last step.
    """

    def times(of: StudentNet) -> Tensor:
        steps = STEP_SAMPLES * torch.arange(of.n_steps, dtype=torch.float64)
        receptive_field = of.frontend.receptive_field_samples
        return steps + receptive_field / 2 - of.config.window.past_samples

    teacher_times = times(net)
    position = (times(student) - teacher_times[0]) / STEP_SAMPLES
    position = position.clamp(0, len(teacher_times) - 1)
    first = position.floor().clamp(max=len(teacher_times) - 2)
    return first.long(), (position - first).float()

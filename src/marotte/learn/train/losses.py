"""What a student is told it did wrong: one function an equation, all means over their batch.

Curves are [batch, n_frames, n_controls]; frames of a crop follow each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from marotte.learn.train.distributed import mean_over_processes

GAP_SCALE_MM = 1.0  # lip gaps below this count in full, larger ones by their ratio

# Where the teacher's lips meet, the student's shall be nearer than ...; apart, further than ...
MEET_MM, MEET_BELOW_MM = 0.8, 1.0
APART_MM, APART_ABOVE_MM = 4.0, 3.0


@dataclass(frozen=True)
class LossWeights:
    """How much each loss counts; 0 leaves it out.

    Attributes:
        reconstruction: of eq. 1.
        velocity: of eq. 3.
        acceleration: of the velocity's own differences (ours).
        lip_gap: of the lips' distance (ours).
        closure: how many times over the lip gap counts in frames whose lips the teacher presses
            together: the /p b m/, which are brief and few.
        lip_margin: of lips that stay apart where they should meet, or the other way (ours).
        feature: of eqs 5-6, to the intermediate teacher of hybrid distillation.
        attention: of attention transfer, to the same teacher.
    """

    reconstruction: float = 1.0
    velocity: float = 1.0
    acceleration: float = 0.0
    lip_gap: float = 0.0
    closure: float = 1.0
    lip_margin: float = 0.0
    feature: float = 0.0
    attention: float = 0.0


def reconstruction(predicted: Tensor, target: Tensor) -> Tensor:
    """Eq. 1: mean squared error to the teacher's controls."""
    return (predicted - target).square().mean()


def velocity(predicted: Tensor, target: Tensor, per_frame: float = 1.0) -> Tensor:
    """Eqs 2-3: mean squared error of the differences between neighbouring frames.

    Args:
        predicted: curves.
        target: curves of the same shape.
        per_frame: how many frames of the crop make the unit of time, here 20 ms.
    """
    return (per_frame * (predicted - target).diff(dim=1)).square().mean()


def acceleration(predicted: Tensor, target: Tensor, per_frame: float = 1.0) -> Tensor:
    """Mean squared error of second differences: what trembles, but is right on the whole.

    See `velocity`; crops of fewer than three frames have none.
    """
    if predicted.shape[1] < 3:
        return predicted.new_zeros(())
    return (per_frame**2 * (predicted - target).diff(n=2, dim=1)).square().mean()


def lip_gap(
    predicted: Tensor, target: Tensor, rest_mm: float, weights_mm: Tensor, closure: float = 1.0
) -> Tensor:
    """Mean squared error of the lips' distance, as an eye weighs it.

    The gap is linear in the controls (`Head.lip_gap_weights`). It is compared on the scale
    asinh(gap / 1 mm): shut or 2 mm apart is as different as 4 mm or 17 mm, so that a loss made
    mostly of open mouths does not leave the short closures half open.

    Args:
        predicted: curves [..., n_controls].
        target: curves of the same shape.
        rest_mm: the gap of the face at rest.
        weights_mm: what each control adds to it, [n_controls].
        closure: the weight of frames in which the target's lips press together, to a gap below
            0; the others weigh 1.
    """
    gap_mm = rest_mm + target @ weights_mm
    seen = torch.asinh((rest_mm + predicted @ weights_mm) / GAP_SCALE_MM)
    error = (seen - torch.asinh(gap_mm / GAP_SCALE_MM)).square()
    return (error * torch.where(gap_mm < 0, closure, 1.0)).mean()


def lip_margin(predicted: Tensor, target: Tensor, rest_mm: float, weights_mm: Tensor) -> Tensor:
    """How far lips are on the wrong side of the line between shut and open.

    Where the teacher's gap is below 0.8 mm the student's shall be below 1 mm; where it is above
    4 mm, above 3 mm. What it lacks counts on the scale asinh(gap / 1 mm), linearly: a squared
    loss goes to the mean of what might come, lips a little apart, a linear one with the likelier
    side. Pressed lips (below 0 mm: /p b m/), lips at rest and open ones weigh the same,
    however many frames there are of each.

    Args:
        predicted: curves [..., n_controls].
        target: curves of the same shape.
        rest_mm: the gap of the face at rest.
        weights_mm: what each control adds to it, [n_controls].
    """
    gap_mm = rest_mm + target @ weights_mm
    seen = torch.asinh((rest_mm + predicted @ weights_mm) / GAP_SCALE_MM)
    open_by = functional.relu(seen - torch.asinh(gap_mm.new_tensor(MEET_BELOW_MM)))
    shut_by = functional.relu(torch.asinh(gap_mm.new_tensor(APART_ABOVE_MM)) - seen)
    groups = (
        (open_by, gap_mm < 0),
        (open_by, (gap_mm >= 0) & (gap_mm < MEET_MM)),
        (shut_by, gap_mm > APART_MM),
    )
    counts = [mean_over_processes(group.sum().float()).clamp(min=1) for _, group in groups]
    lacks = [(by * group).sum() / n for (by, group), n in zip(groups, counts, strict=True)]
    return torch.stack(lacks).sum()


def feature(student: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
    """Eqs 5-6: mean squared error at the three fully connected taps, summed.

    Args:
        student: feature maps of the same frames, [batch, width] each.
        teacher: the intermediate teacher's, of its own window around the same frames.
    """
    pairs = zip(student, teacher, strict=True)
    return torch.stack([(ours - theirs).square().mean() for ours, theirs in pairs]).sum()


def attention(student: Tensor, teacher: Tensor) -> Tensor:
    """Attention transfer (Zagoruyko and Komodakis 2017, eq. 2), along time.

    Where a layer spends its energy, whatever its channels mean: the sum of squares over channels,
    as a vector of length 1 over the steps.

    Args:
        student: activations [batch, channels, n_steps].
        teacher: activations [batch, any channels, n_steps] of the same moments.
    """
    ours, theirs = (
        functional.normalize(each.square().sum(1), dim=1) for each in (student, teacher)
    )
    return (ours - theirs).square().sum(1).mean()

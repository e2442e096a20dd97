"""What a student is told it did wrong: one function an equation, all means over their batch.

Curves are [batch, n_frames, n_controls]; frames of a crop follow each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

GAP_SCALE_MM = 1.0  # lip gaps below this count in full, larger ones by their ratio


@dataclass(frozen=True)
class LossWeights:
    """How much each loss counts; 0 leaves it out.

    Attributes:
        reconstruction: of eq. 1.
        velocity: of eq. 3.
        lip_gap: of the lips' distance (ours).
        closure: how many times over the lip gap counts in frames whose lips the teacher presses
            together: the /p b m/, which are brief and few.
    """

    reconstruction: float = 1.0
    velocity: float = 1.0
    lip_gap: float = 0.0
    closure: float = 1.0


def reconstruction(predicted: Tensor, target: Tensor) -> Tensor:
    """Eq. 1: mean squared error to the teacher's controls."""
    return (predicted - target).square().mean()


def velocity(predicted: Tensor, target: Tensor) -> Tensor:
    """Eqs 2-3: mean squared error of the differences between neighbouring frames."""
    return (predicted.diff(dim=1) - target.diff(dim=1)).square().mean()


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

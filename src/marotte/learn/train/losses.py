"""Training losses, one function per equation; each is a mean over the batch.

Curves are [batch, n_frames, n_controls], with the frames of a crop in order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from marotte.learn.train.distributed import mean_over_processes

MM_PER_CM = 10.0
GAP_SCALE_MM = 1.0  # lip gaps are compared linearly below this, and by their ratio above it

REST = 0.005  # the largest absolute control of a face at rest
REST_MARGIN = 0.01  # a rig clips controls to 0 and above, so that predictions below are safely 0

# Lip margin: a teacher's gap below 0.8 mm asks for less than 1 mm, one above 4 mm for over 3 mm.
MEET_MM, MEET_BELOW_MM = 0.8, 1.0
APART_MM, APART_ABOVE_MM = 4.0, 3.0


@dataclass(frozen=True)
class LossWeights:
    """The table `[loss]`: the weight of each loss; 0 leaves it out.

    Attributes:
        reconstruction: weight of eq. 1.
        velocity: weight of eq. 3.
        acceleration: weight of second differences (ours).
        lip_gap: weight of the distance between the lips (ours).
        closure: factor on the lip gap in frames in which the teacher presses the lips together.
            These are the /p b m/, which are short and rare.
        lip_margin: weight of lips that stay apart where they should meet, or meet where they
            should be apart (ours).
        aperture: weight of the distance between the lips in cm, squared (ours). It asks for wide
            openings, whose ratio `lip_gap` compares, at their full width.
        covariance: weight of how differently the controls vary together (Deep CORAL; see
            `covariance`). Without it students smile whenever they open the mouth.
        balance: 0 compares the controls as they are; 1 compares each in units of its standard
            deviation in real faces, so that a dimple counts as much as the jaw; values between
            are possible. For the losses of curves; the rig's controls must be ARKit's (ours).
        rest: weight of controls that are not at rest in frames in which the teacher's face is
            (ours).
        feature: weight of eqs 5-6, against the intermediate teacher of hybrid distillation.
        attention: weight of attention transfer, against the same teacher.
        keep: weight of eqs 5-6 against the student that the run starts from, in crops with speech.
            Its curves are then the targets of these crops, in place of the teacher's labels. So the
            student learns to rest at more sounds, and speaks as it did (ours).
    """

    reconstruction: float = 1.0
    velocity: float = 1.0
    acceleration: float = 0.0
    lip_gap: float = 0.0
    closure: float = 1.0
    lip_margin: float = 0.0
    aperture: float = 0.0
    covariance: float = 0.0
    balance: float = 0.0
    rest: float = 0.0
    feature: float = 0.0
    attention: float = 0.0
    keep: float = 0.0


def reconstruction(predicted: Tensor, target: Tensor) -> Tensor:
    """Eq. 1: mean squared error of the controls."""
    return (predicted - target).square().mean()


def velocity(predicted: Tensor, target: Tensor, per_frame: float = 1.0) -> Tensor:
    """Eqs 2-3: mean squared error of the differences between neighbouring frames.

    Args:
        predicted: curves.
        target: curves of the same shape.
        per_frame: frames per unit of time, which is 20 ms here.
    """
    return (per_frame * (predicted - target).diff(dim=1)).square().mean()


def acceleration(predicted: Tensor, target: Tensor, per_frame: float = 1.0) -> Tensor:
    """Mean squared error of second differences: jitter around an otherwise right curve.

    Crops of fewer than three frames have none. For the arguments, see `velocity`.
    """
    if predicted.shape[1] < 3:
        return predicted.new_zeros(())
    return (per_frame**2 * (predicted - target).diff(n=2, dim=1)).square().mean()


def lip_gap(
    predicted: Tensor, target: Tensor, rest_mm: float, weights_mm: Tensor, closure: float = 1.0
) -> Tensor:
    """Mean squared error of the distance between the lips, on a perceptual scale.

    The gap is linear in the controls (`Head.lip_gap_weights`). It is compared on the scale
    asinh(gap / 1 mm): 0 and 2 mm differ as much as 4 and 17 mm. Otherwise open mouths would
    dominate the loss, and short closures would stay half open.

    Args:
        predicted: curves [..., n_controls].
        target: curves of the same shape.
        rest_mm: the gap of the face at rest.
        weights_mm: the change of the gap per control, [n_controls].
        closure: the weight of frames in which the target presses the lips together, to a gap below
            0; other frames have weight 1.
    """
    gap_mm = rest_mm + target @ weights_mm
    predicted_gap = torch.asinh((rest_mm + predicted @ weights_mm) / GAP_SCALE_MM)
    error = (predicted_gap - torch.asinh(gap_mm / GAP_SCALE_MM)).square()
    return (error * torch.where(gap_mm < 0, closure, 1.0)).mean()


def lip_margin(predicted: Tensor, target: Tensor, rest_mm: float, weights_mm: Tensor) -> Tensor:
    """How far the lips are on the wrong side of the margin between shut and open.

    Where the teacher's gap is below 0.8 mm, the student's should be below 1 mm; where it is above
    4 mm, above 3 mm. The excess counts linearly on the scale asinh(gap / 1 mm). Under uncertainty,
    a squared loss leads to the mean of the possible gaps, which is lips slightly apart; a linear
    loss leads to the likelier side. Pressed lips (below 0 mm: /p b m/), touching lips and open
    lips have the same total weight, however many frames there are of each.

    Args:
        predicted: curves [..., n_controls].
        target: curves of the same shape.
        rest_mm: the gap of the face at rest.
        weights_mm: the change of the gap per control, [n_controls].
    """
    gap_mm = rest_mm + target @ weights_mm
    predicted_gap = torch.asinh((rest_mm + predicted @ weights_mm) / GAP_SCALE_MM)
    too_open = functional.relu(predicted_gap - math.asinh(MEET_BELOW_MM))
    too_closed = functional.relu(math.asinh(APART_ABOVE_MM) - predicted_gap)
    groups = (
        (too_open, gap_mm < 0),
        (too_open, (gap_mm >= 0) & (gap_mm < MEET_MM)),
        (too_closed, gap_mm > APART_MM),
    )
    counts = [mean_over_processes(group.sum().float()).clamp(min=1) for _, group in groups]
    means = [(by * group).sum() / n for (by, group), n in zip(groups, counts, strict=True)]
    return torch.stack(means).sum()


def aperture(predicted: Tensor, target: Tensor, weights_mm: Tensor) -> Tensor:
    """Mean squared error of the distance between the lips in cm.

    Args:
        predicted: curves [..., n_controls].
        target: curves of the same shape.
        weights_mm: the change of the gap in mm per control, [n_controls].
    """
    return ((predicted - target) @ (weights_mm / MM_PER_CM)).square().mean()


def covariance(predicted: Tensor, target: Tensor, sds: Tensor) -> Tensor:
    """Mean squared difference of the covariance matrices of a batch's frames.

    Deep CORAL (Sun and Saenko 2016) without its constant. Under uncertainty, squared errors lead to
    the mean of the possible faces: the smaller movements vanish, and what remains moves together.
    The covariance of the teacher's frames asks for movements as large and as independent as theirs.
    Where several processes train, each compares the frames of its own crops.

    Args:
        predicted: curves [batch, n_frames, n_controls].
        target: curves of the same shape.
        sds: the unit of each control, its standard deviation in real faces [n_controls].

    Example:
        >>> import torch
        >>> from marotte.learn.train.losses import covariance
        >>> apart = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [1.0, 1.0]]])
        >>> together = apart[..., :1].expand(1, 4, 2)
        >>> float(covariance(together, apart, torch.ones(2)))  # 0.25 off the diagonal, twice
        0.03125
    """

    def of(curves: Tensor) -> Tensor:
        frames = (curves / sds).flatten(0, -2)
        centred = frames - frames.mean(0)
        return centred.T @ centred / len(centred)

    return (of(predicted) - of(target)).square().mean()


def rest(predicted: Tensor, target: Tensor, signed: Tensor) -> Tensor:
    """Mean absolute distance from rest, in frames in which the teacher's face is at rest.

    The distance is linear, so that it keeps its gradient near 0. A squared error loses it, and
    students keep a slightly open mouth in silence. A control that can't be negative is asked to be
    below -0.01, because the rig clips it: what remains of noise is then exactly 0.

    Args:
        predicted: curves [..., n_controls].
        target: curves of the same shape; at rest where all controls are within 0.005 of 0.
        signed: whether a control may be negative, [n_controls].

    Returns:
        The mean over the controls of these frames; 0 without such frames.
    """
    at_rest = (target.abs().amax(-1, keepdim=True) <= REST).to(predicted.dtype)
    excess = torch.where(signed, predicted.abs(), functional.relu(predicted + REST_MARGIN))
    count = mean_over_processes(at_rest.sum()).clamp(min=1) * predicted.shape[-1]
    return (excess * at_rest).sum() / count


def feature(
    student: Sequence[Tensor], teacher: Sequence[Tensor], counted: Tensor | None = None
) -> Tensor:
    """Eqs 5-6: mean squared error of the three fully connected layers, summed.

    Args:
        student: the student's features, [batch, width] each.
        teacher: the intermediate teacher's features of the same frames, from its own window.
        counted: 1 for the frames that count, 0 for the others [batch]; None counts all.
    """
    pairs = zip(student, teacher, strict=True)
    if counted is None:
        return torch.stack([(ours - theirs).square().mean() for ours, theirs in pairs]).sum()
    errors = [(ours - theirs).square().mean(1) @ counted for ours, theirs in pairs]
    return torch.stack(errors).sum() / counted.sum().clamp(min=1)


def attention(student: Tensor, teacher: Tensor) -> Tensor:
    """Attention transfer (Zagoruyko and Komodakis 2017, eq. 2), along time.

    It compares where in time a layer has its energy: the sum of squares over channels, as a vector
    over the steps, normalised to length 1. The number of channels may differ.

    Args:
        student: activations [batch, channels, n_steps].
        teacher: activations [batch, any channels, n_steps] at the same times.
    """
    ours, theirs = (
        functional.normalize(each.square().sum(1), dim=1) for each in (student, teacher)
    )
    return (ours - theirs).square().sum(1).mean()

"""How much each control moves: predictions and labels in, a gain per control out.

A network that was trained on squared errors predicts means, which move less than faces do. Each
control is therefore scaled until it moves as much as in the labels (Toda and Tokuda 2007,
"A speech parameter generation algorithm considering global variance", do the same to spectra). The
jaw then moves so that the lip gap stays as it was predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from marotte.learn.teachers.voice2face.examples import Example
from marotte.learn.teachers.voice2face.face_mesh import FaceMesh

JAW = "jawOpen"
LARGEST_GAIN = 3.0  # more would scale errors rather than motion
FITTED_EXAMPLES = 300


def fit_gains(
    predict: Callable[[Example], Tensor], names: Sequence[str], examples: Sequence[Example]
) -> Tensor:
    """Return the gain of each control [n_controls], within 1..`LARGEST_GAIN`; the jaw's is 1.

    Args:
        predict: returns the controls [n_frames, n_controls] of an example.
        names: the controls.
        examples: labelled speech; examples that do not know all controls are left out.
    """
    complete = [each for each in examples if each.known is None and each.curves.any()]
    step = max(1, len(complete) // FITTED_EXAMPLES)
    predicted, labels = [], []
    with torch.inference_mode():
        for each in complete[::step]:
            predicted.append(predict(each))
            labels.append(torch.from_numpy(each.curves))
    if not predicted:
        return torch.ones(len(names))
    ratio = torch.cat(labels).std(0) / torch.cat(predicted).std(0).clamp(min=1e-4)
    gains = ratio.clamp(1, LARGEST_GAIN)
    if JAW in names:
        gains[names.index(JAW)] = 1.0
    return gains


def scale_controls(controls: Tensor, gains: Tensor, face: FaceMesh) -> Tensor:
    """Return controls [..., n_controls] times the gains, with the lip gap of the original.

    Example:
        >>> import torch
        >>> from marotte.learn.teachers.voice2face.face_mesh import FaceMesh
        >>> from marotte.learn.teachers.voice2face.variance import scale_controls
        >>> face = FaceMesh.of(["jawOpen", "mouthUpperUpLeft"])
        >>> scaled = scale_controls(torch.tensor([0.3, 0.1]), torch.tensor([1.0, 2.0]), face)
        >>> round(float(scaled[1]), 2), bool(scaled[0] < 0.3)
        (0.2, True)
    """
    scaled = (controls * gains).clamp(0, 1)
    if JAW not in face.names:
        return scaled
    jaw, lips = face.names.index(JAW), list(face.lips)
    upper, lower = face.matrix[:, lips].unbind(1)
    per_control = upper - lower
    excess = (scaled - controls) @ per_control
    moved = scaled[..., jaw] - excess / per_control[jaw]
    columns = [moved if column == jaw else scaled[..., column] for column in range(len(gains))]
    return torch.stack(columns, -1).clamp(0, 1)

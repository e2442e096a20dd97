"""Predictors for Table 4: a teacher's labels by utterance id, and runs that move a mesh."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.learn.data.captured import head_and_inverse
from marotte.learn.data.mesh_pca import mesh_of
from marotte.learn.data.store import Store
from marotte.learn.errors import Skip
from marotte.learn.measure.predictors import FPS, open_net, outputs_of, recording_of, stored_label
from marotte.learn.utterance import Utterance


@dataclass(frozen=True)
class LabelsById:
    """A teacher's labels, found by the utterance's id."""

    store: Store
    teacher: str

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the controls [n_frames, 52].

        Raises:
            Skip: the teacher has no label for this utterance.
        """
        controls = stored_label(self.store, self.teacher, utterance.id)
        if controls is None:
            raise Skip("no label")
        return controls


@dataclass(frozen=True)
class MeshRunPredictor:
    """A run whose student moves the packaged head's vertices, as controls for a renderer.

    The mesh's components are sums of the head's controls, so that the controls are exact.
    """

    folder: Path

    def __call__(self, utterance: Utterance) -> NDArray[np.float32]:
        """Return the controls [n_frames, 52], which are not clamped."""
        return outputs_of(open_net(self.folder), recording_of(utterance), FPS) @ _to_controls(
            self.folder
        )


@lru_cache(maxsize=8)
def _to_controls(run: Path) -> NDArray[np.float32]:
    """Return the controls of the packaged head that make each component [n_components, 52]."""
    mesh = mesh_of(run)
    if mesh is None:
        raise MarotteError(f"{run} is not a run of a mesh")
    return mesh.components @ head_and_inverse()[1]

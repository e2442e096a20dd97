"""One orchestration of training: a labelled corpus and recipes in, trained runs out.

`marotte train`, `search` and `reproduce` all train through `TrainingSession`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from marotte.learn.data.dataset import absent_sources, load_speech
from marotte.learn.data.mesh_pca import keep_mesh
from marotte.learn.train import loop
from marotte.learn.train.engine.memory import keep_freed_memory
from marotte.learn.train.setup import RunSetup, TargetRig, TrainingSpeech

if TYPE_CHECKING:
    from marotte.learn.data.store import Store
    from marotte.learn.models.face_net import FaceNet
    from marotte.learn.train.recipe import TrainingRecipe
    from marotte.progress import Progress


class TrainingSession:
    """Trains runs on one corpus for one target rig. The speech of a teacher is read once."""

    def __init__(
        self,
        store: Store,
        target: TargetRig,
        progress: Progress | None = None,
    ) -> None:
        """Start a session.

        Args:
            store: the labelled corpus.
            target: the rig that all students drive.
            progress: called while speech is read, with parts done and parts in all.
        """
        self.store, self.target, self.progress = store, target, progress
        self._speech: dict[str, TrainingSpeech] = {}

    def speech(self, teacher: str) -> TrainingSpeech:
        """Return the training and validation speech that a teacher has labelled.

        Raises:
            MarotteError: there is none, or its labels don't fit the rig.
        """
        if teacher not in self._speech:
            controls = self.target.controls
            self._speech[teacher] = TrainingSpeech(
                load_speech(self.store, teacher, "train", controls, self.progress),
                load_speech(self.store, teacher, "valid", controls),
            )
        return self._speech[teacher]

    def missing_sources(self, recipe: TrainingRecipe) -> list[str]:
        """Return the sources that a recipe names and the corpus has no speech of.

        Raises:
            MarotteError: a name is not that of a source.
        """
        return absent_sources(self.speech(recipe.teacher).train, recipe.sources)

    def train(self, setup: RunSetup, report: loop.Report | None = None) -> FaceNet:
        """Train a run, from the checkpoint in its folder if there is one; see `loop.train`."""
        keep_freed_memory()  # each step allocates the arrays of the step before
        speech = self.speech(setup.recipe.teacher)
        keep_mesh(setup.target.mesh, setup.folder)
        return loop.train(setup, speech, report)

"""What a training run needs: recipe, rig and run paths in; loaded values, ready for a run, out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from marotte.errors import MarotteError
from marotte.face.head import Head
from marotte.face.loading import load_head, load_rig
from marotte.face.mesh import ENDING, load_mesh
from marotte.face.rig import ARKIT_52, Rig
from marotte.learn.data.dataset import LabelledSpeech
from marotte.learn.models.face_net import FaceNet
from marotte.learn.train.checkpoint import CHECKPOINT_FILE, load_net
from marotte.learn.train.recipe import TrainingRecipe, read_training_recipe
from marotte.learn.train.warm_start import WarmStart, read_warm_start


class TrainingSpeech(NamedTuple):
    """The speech of a run.

    Attributes:
        train: the speech that the student learns from.
        validation: speech of other speakers, which only measures progress.
    """

    train: LabelledSpeech
    validation: LabelledSpeech


@dataclass(frozen=True)
class TargetRig:
    """The target rig and the head that measures its lips.

    Attributes:
        name: the rig's name.
        controls: the controls that speech drives, in order.
        head: measures the lips; None for Marotte's own head.
        mesh: the file of the mesh whose components the controls are; None for a rig of blendshapes.
        signed: the controls that may be negative.
    """

    name: str = ARKIT_52.name
    controls: tuple[str, ...] = ARKIT_52.speech
    head: Head | None = None
    mesh: Path | None = None
    signed: frozenset[str] = frozenset()

    @classmethod
    def load(cls, rig: Path | None = None, head: Path | None = None) -> TargetRig:
        """Load a rig's file (JSON, or a mesh's .npz) and a head (GLB); None for Marotte's own.

        A mesh with known lips is its own head.

        Raises:
            MarotteError: a file can't be read, or a student can't drive the rig.
        """
        if rig and rig.suffix == ENDING:
            mesh = load_mesh(rig)
            controls = _trainable_controls(mesh.rig)
            own_head = mesh.head if mesh.lips else None
            signed = _signed_controls(mesh.rig)
            return cls(mesh.name, controls, load_head(head) if head else own_head, rig, signed)
        loaded = load_rig(rig) if rig else ARKIT_52
        controls = _trainable_controls(loaded)
        own_head = load_head(head) if head else None
        return cls(loaded.name, controls, own_head, signed=_signed_controls(loaded))


@dataclass(frozen=True)
class RunSetup:
    """What a run needs besides speech.

    Attributes:
        recipe: what to train.
        folder: the run's folder.
        target: the rig that the student drives.
        intermediate: the intermediate teacher that the recipe names under `hybrid`.
        start: the student that the recipe names under `start`.
    """

    recipe: TrainingRecipe
    folder: Path
    target: TargetRig = TargetRig()
    intermediate: FaceNet | None = None
    start: WarmStart | None = None

    @classmethod
    def load(
        cls,
        recipe: TrainingRecipe,
        folder: Path,
        target: TargetRig,
        *,
        intermediate: Path | None,
        start_folder: Path,
    ) -> RunSetup:
        """Load the networks that a recipe names.

        Args:
            recipe: what to train.
            folder: the run's folder.
            target: the rig that the student drives.
            intermediate: the run folder of the intermediate teacher; None without one.
            start_folder: the folder that a relative path in `recipe.start` starts from.

        Raises:
            MarotteError: a network is missing, or its file can't be read.
        """
        teacher = load_net(intermediate / CHECKPOINT_FILE)[0] if intermediate else None
        start = read_warm_start(recipe.start, start_folder) if recipe.start else None
        return cls(recipe, folder, target, teacher, start)


def find_intermediate(
    recipe: TrainingRecipe, recipe_folder: Path, folder: Path, given: Path | None = None
) -> Path | None:
    """Return the run folder of a recipe's intermediate teacher; None if the recipe has none.

    Args:
        recipe: the recipe of the student.
        recipe_folder: the folder of the recipe's file.
        folder: the student's run folder. By default, the teacher's run folder is beside it, named
            after the teacher's recipe.
        given: the teacher's run folder, if it is elsewhere.

    Raises:
        MarotteError: the teacher is not trained yet, or a folder is given but not needed.
    """
    if not recipe.hybrid.recipe:
        if given:
            raise MarotteError(f"{recipe.name} has no [hybrid] table: leave --intermediate out")
        return None
    if given:
        return given
    path = recipe_folder / recipe.hybrid.recipe
    name = read_training_recipe(path).name
    expected = folder.parent / name
    if not (expected / CHECKPOINT_FILE).is_file():
        raise MarotteError(
            f"{recipe.name} also learns from {name!r}, but there is no run of it at {expected}: "
            f"train {path} first, or pass its run folder by --intermediate"
        )
    return expected


def _trainable_controls(rig: Rig) -> tuple[str, ...]:
    """Return the controls of a rig that speech drives.

    Raises:
        MarotteError: there are none, or one leaves the range -1..1 of a student's output.
    """
    if not rig.speech:
        raise MarotteError(
            f"no control of rig {rig.name!r} is driven by speech: "
            'set "speech": true for those that are'
        )
    for name in rig.speech:
        column = rig.index[name]
        low, high = rig.minimum[column], rig.maximum[column]
        if low < -1 or high > 1:
            raise MarotteError(
                f"control {name!r} of rig {rig.name!r} has the range {low:g}..{high:g}, but a "
                "student's output is within -1..1: scale its curves and its range"
            )
    return rig.speech


def _signed_controls(rig: Rig) -> frozenset[str]:
    """Return the controls of a rig that speech drives and that may be negative."""
    return frozenset(name for name in rig.speech if rig.minimum[rig.index[name]] < 0)

"""A run's checkpoint: one file with everything needed to resume; it is always replaced whole."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch

from marotte.errors import DAMAGED, MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.models.face_net import FaceNet
from marotte.learn.models.factory import build_network
from marotte.learn.models.student import StudentConfig
from marotte.learn.train.recipe import TrainingRecipe, training_recipe
from marotte.learn.train.schedule import Budget
from marotte.paths import replacing

CHECKPOINT_FILE = "checkpoint.pt"  # in the folder of a run


@dataclass
class RunProgress:
    """How far a run is.

    Attributes:
        step: number of steps done.
        elapsed_s: seconds of training.
        best: the lowest validation loss so far.
        since: number of validations since then.
        stopped: whether early stopping has ended the run.
    """

    step: int = 0
    elapsed_s: float = 0.0
    best: float = float("inf")
    since: int = 0
    stopped: bool = False

    def done(self, budget: Budget) -> float:
        """Return the used share of the budget, from 0."""
        if self.stopped:
            return 1.0
        if budget.total_steps:
            return self.step / budget.total_steps
        return self.elapsed_s / (60 * budget.minutes)

    def validated(self, loss: float, patience: int) -> None:
        """Record a validation loss; stop after `patience` validations without a lower one."""
        self.since = 0 if loss < self.best else self.since + 1
        self.best = min(self.best, loss)
        self.stopped = 0 < patience <= self.since


@dataclass
class TrainingState:
    """What a checkpoint stores of a run besides its recipe.

    Attributes:
        result: the network that the run returns: the EMA of `net`, or `net` itself.
        net: the network that is trained.
        optimizer: its optimizer.
        progress: how far the run is.
        rig: the name of the rig that the controls belong to.
    """

    result: FaceNet
    net: FaceNet
    optimizer: Any
    progress: RunProgress
    rig: str = ARKIT_52.name


def save_checkpoint(path: Path, recipe: TrainingRecipe, state: TrainingState) -> None:
    """Write a checkpoint; if that fails, the previous one stays."""
    stored = {
        "recipe": asdict(recipe),
        "rig": state.rig,
        "names": list(state.result.config.names),
        "net": state.result.state_dict(),
        "training": state.net.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "progress": asdict(state.progress),
    }
    save_tensors(path, stored)


def save_tensors(path: Path, content: Any) -> None:
    """Write tensors, and plain values, as a file of PyTorch, whole or not at all.

    Raises:
        MarotteError: the file can't be written.
    """
    # PyTorch's own writer does not say why a file can't be written, e.g. that the disk is full.
    memory = io.BytesIO()
    torch.save(content, memory)
    with replacing(path) as temporary:
        temporary.write_bytes(memory.getbuffer())


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read the contents of a checkpoint, which has a recipe, names of controls, and weights.

    Raises:
        MarotteError: it is missing or damaged.
    """
    stored = read_tensors(path)
    if not isinstance(stored, dict):
        raise _not_whole(path, f"it holds {type(stored).__name__}")
    contents = cast("dict[str, Any]", stored)
    _check_kinds(contents, {"recipe": dict, "names": list, "net": dict}, path)
    _check_kinds(contents["recipe"], {"name": str}, path)
    return contents


def read_tensors(path: Path) -> Any:
    """Read what `save_tensors` wrote, onto the CPU.

    Raises:
        MarotteError: the file is missing or damaged.
    """
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError as error:
        raise MarotteError(f"no checkpoint at {path}: run `marotte train` first") from error
    except Exception as error:  # torch, pickle and zip each raise their own
        raise _not_whole(path, error) from error


def _not_whole(path: Path | str, why: object) -> MarotteError:
    reason = textwrap.shorten(str(why), 200)  # torch lists all tensors
    return MarotteError(f"{path} is not a whole checkpoint ({reason}): delete it")


def _check_kinds(table: Mapping[str, Any], kinds: Mapping[str, type], path: Path) -> None:
    for key, kind in kinds.items():
        if key not in table:
            raise _not_whole(path, f"it lacks {key!r}")
        if not isinstance(table[key], kind):
            raise _not_whole(path, f"{key!r} is not a {kind.__name__}")


@contextmanager
def damage_refused(path: Path | str) -> Generator[None]:
    """Turn what damaged contents of a checkpoint raise in the block into one sentence.

    Raises:
        MarotteError: the block raised; the message names the file.

    Example:
        >>> with damage_refused("run.pt"):
        ...     {}["optimizer"]
        Traceback (most recent call last):
        marotte.errors.MarotteError: run.pt is not a whole checkpoint ('optimizer'): delete it
    """
    try:
        yield
    except (*DAMAGED, RuntimeError) as error:  # torch raises RuntimeError for wrong shapes
        raise _not_whole(path, error) from error


def load_net(path: Path) -> tuple[FaceNet, dict[str, Any]]:
    """Return the network of a checkpoint, in evaluation mode, and the checkpoint's contents.

    Raises:
        MarotteError: the checkpoint is missing or damaged, or is not a student's.
    """
    stored = read_checkpoint(path)
    if missing := {"student", "teacher"} - stored["recipe"].keys():
        raise MarotteError(
            f"{path} is not a student's checkpoint (it lacks {', '.join(sorted(missing))}): "
            "give the folder of a run of `marotte train`"
        )
    stored.setdefault("rig", ARKIT_52.name)  # older checkpoints do not name their rig
    _check_kinds(stored, {"rig": str}, path)
    _check_kinds(stored["recipe"], {"student": dict, "teacher": str}, path)
    with damage_refused(path):
        config = StudentConfig(names=tuple(stored["names"]), **stored["recipe"]["student"])
        net = build_network(config)
        net.load_state_dict(stored["net"])
    return net.eval(), stored


def restore_checkpoint(path: Path, recipe: TrainingRecipe, state: TrainingState) -> None:
    """Load a checkpoint into a run's networks, optimizer and progress.

    Raises:
        MarotteError: the checkpoint is damaged, or belongs to another recipe or rig.
    """
    stored = read_checkpoint(path)
    same_recipe = _resumable(training_recipe(stored["recipe"], str(path))) == _resumable(recipe)
    if not same_recipe or stored["names"] != list(state.result.config.names):
        raise MarotteError(
            f"{path.parent} holds a run of another recipe or rig called {recipe.name!r}: "
            "give this recipe another name, or delete that folder"
        )
    with damage_refused(path):
        state.result.load_state_dict(stored["net"])
        state.net.load_state_dict(stored["training"])
        state.optimizer.load_state_dict(stored["optimizer"])
        state.progress = RunProgress(**stored["progress"])


def _resumable(recipe: TrainingRecipe) -> TrainingRecipe:
    """Return the part of a recipe that must not change when a run is resumed.

    It leaves out the budget in minutes, and `corpus`, which only documents.
    """
    train = replace(recipe.train, minutes=1.0, validate_minutes=1.0)
    return replace(recipe, train=train, corpus="")

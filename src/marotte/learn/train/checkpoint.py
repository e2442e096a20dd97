"""A run's checkpoint: everything that training goes on from, in one file that is replaced whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.models.factory import network
from marotte.learn.models.student import StudentConfig, StudentNet
from marotte.learn.train.recipe import TrainingRecipe
from marotte.learn.train.schedule import Budget
from marotte.paths import replacing

FILE = "checkpoint.pt"


@dataclass
class Progress:
    """Where a run stands.

    Attributes:
        step: steps done.
        elapsed_s: seconds of training.
        best: the least validation loss so far.
        since: validations since then.
        stopped: it did not get better for too long.
    """

    step: int = 0
    elapsed_s: float = 0.0
    best: float = float("inf")
    since: int = 0
    stopped: bool = False

    def done(self, config: Budget) -> float:
        """How much of the budget is used, 0..1."""
        if self.stopped:
            return 1.0
        if config.steps:
            return self.step / config.steps
        return self.elapsed_s / (60 * config.minutes)

    def validated(self, loss: float, patience: int) -> None:
        """Take in a validation's loss, and stop where it has not fallen for `patience` of them."""
        self.since = 0 if loss < self.best else self.since + 1
        self.best = min(self.best, loss)
        self.stopped = 0 < patience <= self.since


def save(
    path: Path,
    recipe: TrainingRecipe,
    net: StudentNet,
    optimizer: Any,
    progress: Progress,
    training: StudentNet | None = None,
    rig: str = ARKIT_52.name,
) -> None:
    """Write a checkpoint: whole, or the one before it stays.

    Args:
        path: where to.
        recipe: of the run.
        net: what the run gives.
        optimizer: its state.
        progress: where the run stands.
        training: what is trained, where `net` is a running mean of it.
        rig: the name of the rig its controls belong to.
    """
    state = {
        "recipe": asdict(recipe),
        "rig": rig,
        "names": list(net.config.names),
        "net": net.state_dict(),
        "training": (training or net).state_dict(),
        "optimizer": optimizer.state_dict(),
        "progress": asdict(progress),
    }
    with replacing(path) as temporary:
        torch.save(state, temporary)


def read(path: Path) -> dict[str, Any]:
    """A checkpoint's contents.

    Raises:
        MarotteError: it is missing or damaged.
    """
    try:
        return torch.load(path, weights_only=True)
    except FileNotFoundError as error:
        raise MarotteError(f"no checkpoint at {path}: run `marotte train` first") from error
    except Exception as error:  # torch raises its own, pickle's and zip's errors here
        raise MarotteError(f"{path} is not a whole checkpoint ({error}): delete it") from error


def load_net(path: Path) -> tuple[StudentNet, dict[str, Any]]:
    """The network of a checkpoint, in evaluation mode, and the rest of the checkpoint.

    Raises:
        MarotteError: it is missing or damaged, or is not a student's.
    """
    state = read(path)
    if missing := {"recipe", "names", "net"} - state.keys() or {"student"} - state["recipe"].keys():
        raise MarotteError(
            f"{path} is not a student's checkpoint (it lacks {', '.join(sorted(missing))}): "
            "give the folder of a run of `marotte train`"
        )
    # Before runs kept their rig there was none but this one.
    state.setdefault("rig", ARKIT_52.name)
    net = network(StudentConfig(names=tuple(state["names"]), **state["recipe"]["student"]))
    net.load_state_dict(state["net"])
    return net.eval(), state


def restore(
    path: Path, recipe: TrainingRecipe, net: StudentNet, optimizer: Any, training: StudentNet
) -> Progress:
    """Put a run back where its checkpoint left it.

    Raises:
        MarotteError: the checkpoint is damaged, or is another recipe's or another rig's.
    """
    state = read(path)
    if _fixed(state["recipe"]) != _fixed(asdict(recipe)) or state["names"] != list(
        net.config.names
    ):
        raise MarotteError(
            f"{path.parent} holds a run of another recipe or rig called {recipe.name!r}: "
            "give this one another name, or delete that folder"
        )
    net.load_state_dict(state["net"])
    training.load_state_dict(state["training"])
    optimizer.load_state_dict(state["optimizer"])
    return Progress(**state["progress"])


def _fixed(recipe: dict[str, Any]) -> dict[str, Any]:
    """What may not change between parts of one run: all but its budget."""
    train = {key: value for key, value in recipe["train"].items() if "minutes" not in key}
    return {**recipe, "train": train}

"""One student being trained: a recipe in, steps on crops that other students may share out."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.models.factory import build_network
from marotte.learn.models.student import Prediction, StudentConfig, StudentNet
from marotte.learn.train.checkpoint import (
    CHECKPOINT_FILE,
    RunProgress,
    TrainingState,
    restore_checkpoint,
    save_checkpoint,
)
from marotte.learn.train.engine.forward import CropShape, predict
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.objective import IntermediateTeacher, Objective, cut
from marotte.learn.train.recipe import TrainingRecipe
from marotte.learn.train.schedule import learning_rate
from marotte.model.timing import WindowSpec


@dataclass(frozen=True)
class EngineSettings:
    """Where and how the engine trains.

    Attributes:
        device: the device.
        dtype: the type of the convolutions.
        graphs: record each step as a CUDA graph; only on a GPU.
        rig: the name of the rig that the controls belong to.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32
    graphs: bool = False
    rig: str = ARKIT_52.name


class SharedTeacher:
    """An intermediate teacher whose predictions are shared by all its students."""

    def __init__(self, net: StudentNet, shape: CropShape, dtype: torch.dtype) -> None:
        self.net = net.eval().requires_grad_(False)
        self.shape, self.dtype = shape, dtype

    @torch.no_grad()
    def __call__(self, samples: Tensor, union: WindowSpec) -> Prediction:
        """Predict crops cut for `union`; the maps are at the teacher's own steps."""
        samples = cut(samples, union, self.net.config.window)
        return predict(self.net, samples, self.shape, self.dtype)


class StudentTraining:
    """A student's network, optimizer, losses and progress.

    Attributes:
        net: the network that is trained.
        result: what the run returns: `net`, or the exponential moving average (EMA) of its weights.
    """

    def __init__(
        self,
        recipe: TrainingRecipe,
        names: tuple[str, ...],
        settings: EngineSettings,
        intermediate: StudentNet | None = None,
    ) -> None:
        config, device = recipe.train, settings.device
        torch.manual_seed(config.seed)
        self.recipe, self.device, self.dtype = recipe, device, settings.dtype
        self.shape = CropShape(config.frames, config.hop_length)
        net = build_student(recipe, names)
        self.intermediate = IntermediateTeacher(intermediate, net) if intermediate else None
        if self.intermediate:
            steps = (self.intermediate.first, self.intermediate.share)
            self.intermediate.first, self.intermediate.share = (each.to(device) for each in steps)
        self.net = net.to(device).train()
        has_ema = config.ema_decay > 0
        self.result = copy.deepcopy(self.net).requires_grad_(False) if has_ema else self.net
        self.ema_values, self.net_values = (_averaged(each) for each in (self.result, self.net))
        # Tensors, because a recorded step would keep the value of a Python number for ever.
        self.ema_share = torch.zeros((), device=device)  # of the new weights in the EMA
        self.rate = torch.zeros((), device=device)
        self.optimizer = torch.optim.AdamW(
            self.net.parameters(),
            lr=self.rate,
            weight_decay=config.weight_decay,
            fused=True,
            capturable=device.type == "cuda",
        )
        self.state = TrainingState(
            self.result, self.net, self.optimizer, RunProgress(), settings.rig
        )
        fine = replace(recipe.loss, closure=recipe.finetune.closure or recipe.loss.closure)
        self.objectives = [self._objective(each) for each in (recipe.loss, fine)]

    @property
    def progress(self) -> RunProgress:
        """How far the run is."""
        return self.state.progress

    def _objective(self, weights: LossWeights) -> Objective:
        objective = Objective(weights, self.net.config.names, self.recipe.train.frame_ms)
        if objective.measures_lips:
            objective.gap_weights = objective.gap_weights.to(self.device)
        objective.signed = objective.signed.to(self.device)
        return objective

    def set_rates(self, total_steps: int, stage: int) -> None:
        """Set the learning rate and the EMA's share of the next step, as `Run` does."""
        fine, config = self.recipe.finetune, self.recipe.train
        done = self.progress.step / total_steps
        if not fine.share or not fine.learning_rate:
            rate = learning_rate(done, config)
        else:
            rate = fine.learning_rate if stage else learning_rate(done / (1 - fine.share), config)
        self.rate.fill_(rate)
        step = self.progress.step + 1
        self.ema_share.fill_(1 - min(config.ema_decay, step / (10 + step)))

    def step(
        self,
        samples: Tensor,
        targets: Tensor,
        union: WindowSpec,
        stage: int,
        intermediate: Prediction | None,
    ) -> dict[str, Tensor]:
        """Take one step, entirely on the device; return the losses before it.

        Args:
            samples: crops cut for `union` [batch, n].
            targets: the teacher's curves [batch, n_frames, n_controls].
            union: a window that contains this student's own.
            stage: 0, or 1 for the fine-tuning.
            intermediate: the intermediate teacher's prediction for the same frames; without maps
                if attention has no weight.
        """
        own = cut(samples, union, self.net.config.window)
        prediction = predict(self.net, own, self.shape, self.dtype)
        if self.intermediate and intermediate and intermediate.maps:
            intermediate = self.intermediate.align(intermediate)
        parts = self.objectives[stage](prediction, targets, intermediate)
        self.optimizer.zero_grad()
        parts["total"].backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        if self.result is not self.net:
            self._update_ema()
        return {name: loss.detach() for name, loss in parts.items()}

    @torch.no_grad()
    def _update_ema(self) -> None:
        """Move the EMA towards the newest weights and statistics."""
        change = torch._foreach_sub(self.net_values, self.ema_values)  # pyright: ignore[reportPrivateImportUsage]
        torch._foreach_mul_(change, self.ema_share)  # pyright: ignore[reportPrivateImportUsage]
        torch._foreach_add_(self.ema_values, change)  # pyright: ignore[reportPrivateImportUsage]

    def tensors(self) -> dict[object, Tensor]:
        """Return every tensor that a step changes: weights, statistics, EMA, optimizer state."""
        state = self.optimizer.state
        moments = {
            (id(parameter), key): value
            for parameter in self.net.parameters()
            for key, value in state.get(parameter, {}).items()
            if isinstance(value, Tensor)
        }
        nets = {"net": self.net, "result": self.result}
        weights = {
            (of, key): value for of, net in nets.items() for key, value in net.state_dict().items()
        }
        return {**weights, **moments}

    def snapshot(self) -> dict[object, Tensor]:
        """Return copies of `tensors`, for `undo`."""
        return {key: value.clone() for key, value in self.tensors().items()}

    @torch.no_grad()
    def undo(self, before: dict[object, Tensor]) -> None:
        """Undo all steps since a snapshot, in place, because a recorded step keeps addresses.

        Optimizer state that did not exist then becomes zero, which is how AdamW starts.
        """
        for key, value in self.tensors().items():
            if key in before:
                value.copy_(before[key])
            else:
                value.zero_()

    def save(self, folder: Path) -> None:
        """Replace the checkpoint in the run's folder."""
        path = folder / CHECKPOINT_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        save_checkpoint(path, self.recipe, self.state)

    def restore(self, folder: Path) -> None:
        """Load the checkpoint in the run's folder, if there is one."""
        path = folder / CHECKPOINT_FILE
        if path.exists():
            restore_checkpoint(path, self.recipe, self.state)
            for group in self.optimizer.param_groups:  # the checkpoint replaced both
                group["lr"] = self.rate
                group["capturable"] = self.device.type == "cuda"


def build_student(recipe: TrainingRecipe, names: tuple[str, ...]) -> StudentNet:
    """Build the student of a recipe, with random weights.

    Raises:
        MarotteError: the recipe describes a baseline.
    """
    net = build_network(StudentConfig(names=names, **asdict(recipe.student)))
    if not isinstance(net, StudentNet):
        raise MarotteError(
            f"{recipe.name} has the front end {recipe.student.frontend!r}, a baseline's: the "
            "engine only computes students, so train it by `marotte train`"
        )
    return net


def union_of(windows: Iterable[WindowSpec]) -> WindowSpec:
    """Return the smallest window that contains all windows."""
    every = list(windows)
    return WindowSpec(
        max(each.past_samples for each in every), max(each.future_samples for each in every)
    )


def _averaged(net: StudentNet) -> list[Tensor]:
    """Return the tensors of a network that its EMA averages."""
    return [each for each in net.state_dict().values() if each.is_floating_point()]

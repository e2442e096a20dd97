"""Training recipes: a strict TOML file in, frozen dataclasses out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marotte.audio.resampling import SAMPLE_RATE
from marotte.config import strict
from marotte.errors import MarotteError
from marotte.learn.data.augment import AugmentConfig
from marotte.learn.data.filters import Selection
from marotte.learn.data.rest import RestTimes
from marotte.learn.recipes import read_recipe, with_minutes
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.schedule import check_budget
from marotte.model.timing import STEP_SAMPLES
from marotte.names import check_name

CLEAN = AugmentConfig(  # no augmentation but the level
    no_speech=0, room=0, noise=0, babble=0, music=0, clicks=0, tones=0, rings=0, bursts=0,
    recorded=0, tilt_db=0, low_cut=0, band_limit=0, clipping=0, codec=0, speed=0,
)  # fmt: skip
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
FORMER_KEYS = {"average": "ema_decay"}  # of the table `[train]`


@dataclass(frozen=True)
class TrainConfig:
    """The table `[train]`: budget, batches and optimizer.

    Attributes:
        minutes: the time budget. The learning rate falls to 0 over the budget.
        steps: a budget in steps instead, unless 0; the result then depends on the seed alone.
        total_frames: a budget in frames instead, unless 0: the frames of all crops of all steps.
            Recipes with the same number are trained on equal data.
        batch: crops per step.
        frames: frames per crop.
        frame_ms: time from one frame of a crop to the next; must divide 20. Windows 20 ms apart
            share the steps of one front end. With 10 ms there are two sets of steps, and the
            student learns to give the same face for both.
        rest_ms: the time in which the face comes to rest after an utterance. With 0, the first
            and last face of an utterance stay in the silence around it, so that students learn
            that silence has the mean of these faces.
        parting_ms: the time in which the lips part before an utterance; 0 takes `rest_ms`. People
            open the mouth some 120 ms before they speak, and recordings are cut close to it.
        learning_rate: the highest rate, reached after `warmup`.
        weight_decay: the weight decay of AdamW.
        warmup: the share of the budget over which the learning rate rises.
        ema_decay: the decay per step of the exponential moving average (EMA) of the weights that
            the run returns; 0 returns the last weights. Older recipes call it `average`.
        precision: `32-true`, `bf16-mixed` or `16-mixed`.
        validate_minutes: minutes between validations.
        validate_steps: steps between validations if the budget is in steps; with 0 there is one
            validation, at the end.
        validate_crops: crops per validation, always the same ones.
        patience: early stopping: validations without a lower loss before a run ends; 0 for never.
        shards: the number of parts, each with a seed of its own, that a batch is drawn in. The
            processes of `torchrun` share them, so that a step sees the same crops for any number
            of processes.
        seed: the seed of all random choices.
    """

    minutes: float = 0.0
    steps: int = 0
    total_frames: int = 0
    batch: int = 64
    frames: int = 8
    frame_ms: float = 20.0
    rest_ms: float = 0.0
    parting_ms: float = 0.0
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    warmup: float = 0.03
    ema_decay: float = 0.0
    precision: str = "32-true"
    validate_minutes: float = 2.0
    validate_steps: int = 0
    validate_crops: int = 512
    patience: int = 0
    shards: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that can't be trained with, and name the valid ones."""
        if self.precision not in PRECISIONS:
            valid = ", ".join(PRECISIONS)
            raise MarotteError(f"precision must be one of {valid}, got {self.precision!r}")
        if not 0 <= self.ema_decay < 1:
            raise MarotteError(f"ema_decay must be from 0 to below 1, got {self.ema_decay}")
        self._check_counts()
        check_budget(self)

    def _check_counts(self) -> None:
        for name in ("total_frames", "rest_ms", "parting_ms"):
            if getattr(self, name) < 0:
                raise MarotteError(f"{name} must be 0 or more, got {getattr(self, name):g}")
        if self.steps and self.total_frames:
            raise MarotteError(
                f"steps and total_frames are both set, to {self.steps} and {self.total_frames}: "
                "set one of them to 0"
            )
        hop = self.hop_length
        if not 0 < hop <= STEP_SAMPLES or STEP_SAMPLES % hop:
            raise MarotteError(f"frame_ms must divide 20, e.g. 20 or 10, got {self.frame_ms}")
        if self.frames % (STEP_SAMPLES // hop):
            raise MarotteError(
                f"frames must be a multiple of {STEP_SAMPLES // hop} with frame_ms = "
                f"{self.frame_ms}, got {self.frames}"
            )
        for name in ("batch", "frames", "shards", "validate_crops"):
            if getattr(self, name) < 1:
                raise MarotteError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.batch % self.shards:
            raise MarotteError(
                f"batch must be a multiple of shards, got {self.batch} in {self.shards}"
            )

    @property
    def total_steps(self) -> int:
        """The number of steps of the budget, the last one included; 0 if it is in minutes."""
        return self.steps or math.ceil(self.total_frames / (self.batch * self.frames))

    @property
    def rest(self) -> RestTimes | None:
        """How a face leaves rest and returns to it; None if it keeps its first and last face."""
        if not self.rest_ms:
            return None
        return RestTimes((self.parting_ms or self.rest_ms) / 1000, self.rest_ms / 1000)

    @property
    def hop_length(self) -> int:
        """Samples from one frame of a crop to the next."""
        return round(self.frame_ms * SAMPLE_RATE / 1000)


@dataclass(frozen=True)
class StudentShape:
    """The table `[student]`: a `StudentConfig` without its controls, which the rig gives."""

    channels: int
    lookahead_ms: float
    frontend: str = "waveform"
    norm: str = "window"
    batch_norm: bool = False
    encoder: str = ""
    smooth_behind: int = 0
    smooth_ahead: int = 0


@dataclass(frozen=True)
class FinetuneConfig:
    """The table `[finetune]`: the last part of a run, e.g. on clean speech (section 3.3.1).

    Attributes:
        share: the share of the budget for this part; 0 leaves it out.
        learning_rate: the constant rate of this part; the default is the paper's. With 0, the
            rate of the main part continues to fall.
        closure: replaces `loss.closure`; 0 keeps it.
        only: the speech of this part.
        augment: the augmentation of this part; by default only the level varies.
    """

    share: float = 0.0
    learning_rate: float = 1e-6
    closure: float = 0.0
    only: Selection = field(default_factory=Selection)
    augment: AugmentConfig = field(default_factory=lambda: CLEAN)

    def __post_init__(self) -> None:
        """Refuse a share that leaves no main part."""
        if not 0 <= self.share < 1:
            raise MarotteError(f"finetune.share must be from 0 to below 1, got {self.share}")


@dataclass(frozen=True)
class HybridConfig:
    """The table `[hybrid]`: the intermediate teacher of hybrid distillation (section 3.2).

    It is a frozen student that was trained before. It sees the same sound, through its own window
    with its own look-ahead.

    Attributes:
        recipe: the recipe of the intermediate teacher, relative to this recipe's file. Its run
            is expected beside this run. Empty for no intermediate teacher.
    """

    recipe: str = ""


@dataclass(frozen=True)
class TrainingRecipe:
    """A training recipe.

    Attributes:
        name: the name of the run and of the student.
        teacher: the teacher whose labels the student learns.
        student: the network.
        train: budget, batches and optimizer.
        corpus: the corpus recipe, relative to this recipe's file. It only documents which corpus
            the recipe was made for.
        start: a student to start from: the name of one that comes with Marotte, or a file relative
            to this recipe's. Empty for random weights.
        loss: the weights of the losses.
        augment: the augmentation of the sound.
        mix: factors by which sources are drawn more often than their duration would give.
        only: the speech of the main part of the run.
        hybrid: the intermediate teacher.
        finetune: the last part of the run.
    """

    name: str
    teacher: str
    student: StudentShape
    train: TrainConfig
    corpus: str = ""
    start: str = ""
    loss: LossWeights = field(default_factory=LossWeights)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    mix: dict[str, float] = field(default_factory=dict[str, float])
    only: Selection = field(default_factory=Selection)
    hybrid: HybridConfig = field(default_factory=HybridConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)

    @property
    def sources(self) -> set[str]:
        """All sources that the recipe names."""
        return {*self.mix, *self.only.sources, *self.finetune.only.sources}

    def __post_init__(self) -> None:
        """Refuse a name that can't be that of a folder, and losses that contradict `hybrid`."""
        check_name(self.name, "a training recipe")
        has_losses = self.loss.feature > 0 or self.loss.attention > 0
        if has_losses and not self.hybrid.recipe:
            raise MarotteError(
                f"{self.name}: loss.feature and loss.attention need an intermediate teacher: "
                "set hybrid.recipe to its recipe"
            )
        if self.loss.keep > 0 and not self.start:
            raise MarotteError(
                f"{self.name}: loss.keep compares with the student that the run starts from: "
                "set start"
            )
        if self.hybrid.recipe and not has_losses:
            raise MarotteError(
                f"{self.name}: no loss uses the intermediate teacher {self.hybrid.recipe}: "
                "set loss.feature or loss.attention"
            )


def read_training_recipe(path: Path, minutes: float | None = None) -> TrainingRecipe:
    """Read a training recipe's file.

    Args:
        path: the .toml file.
        minutes: replaces the budget of the recipe; None keeps it.

    Raises:
        MarotteError: the file is missing, or a key is unknown, missing or wrong.
    """
    return training_recipe(with_minutes(read_recipe(path), minutes), str(path))


def training_recipe(tables: dict[str, Any], where: str) -> TrainingRecipe:
    """Build a training recipe from its tables; `where` names them in messages.

    Raises:
        MarotteError: a key is unknown, missing or wrong.
    """
    return strict(TrainingRecipe, with_current_keys(tables), where)


def with_current_keys(tables: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe's tables with former names of keys replaced by today's.

    Recipes and checkpoints keep the names of their time. All other keys stay as they are.
    """
    train = tables.get("train")
    if not isinstance(train, dict):
        return tables
    return {**tables, "train": {FORMER_KEYS.get(key, key): v for key, v in train.items()}}

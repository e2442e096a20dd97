"""A training recipe's tables: what `recipe.strict` makes of a training file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marotte.audio.resampling import SAMPLE_RATE
from marotte.config import strict
from marotte.errors import MarotteError
from marotte.learn.data.augment import AugmentConfig
from marotte.learn.data.filters import Selection
from marotte.learn.recipes import read_recipe, with_minutes
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.schedule import check_budget
from marotte.model.timing import STEP_SAMPLES

CLEAN = AugmentConfig(
    no_speech=0, room=0, noise=0, babble=0, music=0, clicks=0, tones=0, recorded=0,
    tilt_db=0, low_cut=0, band_limit=0, clipping=0, codec=0, speed=0,
)  # fmt: skip
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


@dataclass(frozen=True)
class TrainConfig:
    """How long and how fast.

    Attributes:
        minutes: the time budget; the learning rate falls to 0 over it.
        steps: where it is not 0, the budget is as many steps, whatever time they take; then a
            run's result depends on its seed alone.
        batch: crops a step.
        frames: frames a crop.
        frame_ms: from one frame of a crop to the next: 20, or a whole part of it. Windows 20 ms
            apart share the steps of one front end; at 10 ms there are two sets of steps, and the
            student learns to give the same face for both.
        learning_rate: the highest, reached after `warmup` of the budget.
        weight_decay: of AdamW.
        warmup: share of the budget.
        average: the student that is kept is a running mean of the weights, which forgets by this
            factor a step; 0 keeps the last weights.
        precision: of the products: `32-true`, `bf16-mixed` or `16-mixed`.
        validate_minutes: between validations.
        validate_steps: between validations where the budget is in steps; 0 for none but the last.
        validate_crops: crops of a validation, the same ones each time.
        patience: validations without a better one before a run stops early; 0 for never.
        shards: a batch is drawn in as many parts, each from a seed of its own; processes started by
            `torchrun` share them, and however many there are, a step hears the same.
        seed: of everything random.
    """

    minutes: float
    steps: int = 0
    batch: int = 64
    frames: int = 8
    frame_ms: float = 20.0
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    warmup: float = 0.03
    average: float = 0.0
    precision: str = "32-true"
    validate_minutes: float = 2.0
    validate_steps: int = 0
    validate_crops: int = 512
    patience: int = 0
    shards: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be trained, naming the valid choices."""
        check_budget(self)
        if self.precision not in PRECISIONS:
            valid = ", ".join(PRECISIONS)
            raise MarotteError(f"precision must be one of {valid}, got {self.precision!r}")
        if not 0 <= self.average < 1:
            raise MarotteError(f"average must be from 0 to below 1, got {self.average}")
        shift = self.shift_samples
        if not 0 < shift <= STEP_SAMPLES or STEP_SAMPLES % shift:
            raise MarotteError(f"frame_ms must be 20 or a whole part of it, got {self.frame_ms}")
        if self.frames % (STEP_SAMPLES // shift):
            raise MarotteError(
                f"frames must be a multiple of {STEP_SAMPLES // shift} where they are "
                f"{self.frame_ms} ms apart, got {self.frames}"
            )
        for name in ("batch", "frames", "shards", "validate_crops"):
            if getattr(self, name) < 1:
                raise MarotteError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.batch % self.shards:
            raise MarotteError(
                f"batch must be a multiple of shards, got {self.batch} in {self.shards}"
            )

    @property
    def shift_samples(self) -> int:
        """Samples from one frame of a crop to the next."""
        return round(self.frame_ms * SAMPLE_RATE / 1000)


@dataclass(frozen=True)
class StudentShape:
    """The student of a recipe; its controls are those the rig gives to speech.

    See `StudentConfig`.
    """

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
    """The last part of a run, on clean speech and at a rate of its own (section 3.3.1).

    Attributes:
        share: of the budget; 0 for no such part.
        learning_rate: all the way; the paper's. 0 lets that of the rest fall on, over both.
        closure: `loss.closure` meanwhile; 0 leaves it as it was.
        only: which speech is heard.
        augment: how far its sound is disturbed; nothing but its level where nothing is said.
    """

    share: float = 0.0
    learning_rate: float = 1e-6
    closure: float = 0.0
    only: Selection = field(default_factory=Selection)
    augment: AugmentConfig = field(default_factory=lambda: CLEAN)

    def __post_init__(self) -> None:
        """Refuse a share that leaves nothing before it."""
        if not 0 <= self.share < 1:
            raise MarotteError(f"finetune.share must be from 0 to below 1, got {self.share}")


@dataclass(frozen=True)
class HybridConfig:
    """The intermediate teacher of hybrid distillation: a student trained before (section 3.2).

    It is frozen, and hears the same sound through its own window, with its own look-ahead.

    Attributes:
        recipe: its recipe, relative to this recipe's file; its run stands beside this one.
            Empty for no intermediate teacher.
    """

    recipe: str = ""


@dataclass(frozen=True)
class TrainingRecipe:
    """A training recipe, as read from its file.

    Attributes:
        name: of the run and of the student.
        corpus: the corpus recipe, relative to this recipe's file.
        teacher: whose labels.
        start: a student to go on from: the name of one that comes with Marotte, or a file, relative
            to this recipe's. Empty for random weights.
        student: the network.
        train: budget and optimiser.
        loss: weights of the losses.
        augment: how far the sound is disturbed.
        mix: how much more often a source is heard than its minutes would have it.
        only: which speech is heard, before `finetune`.
        hybrid: the intermediate teacher.
        finetune: the last part of the run.
    """

    name: str
    corpus: str
    teacher: str
    student: StudentShape
    train: TrainConfig
    start: str = ""
    loss: LossWeights = field(default_factory=LossWeights)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    mix: dict[str, float] = field(default_factory=dict[str, float])
    only: Selection = field(default_factory=Selection)
    hybrid: HybridConfig = field(default_factory=HybridConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)

    @property
    def sources(self) -> set[str]:
        """Every source that it names."""
        return {*self.mix, *self.only.sources, *self.finetune.only.sources}

    def __post_init__(self) -> None:
        """Refuse feature losses without anyone to compare with, and the other way round."""
        compared = self.loss.feature > 0 or self.loss.attention > 0
        if compared and not self.hybrid.recipe:
            raise MarotteError(
                f"{self.name}: loss.feature and loss.attention compare with an intermediate "
                "teacher: name its recipe by hybrid.recipe"
            )
        if self.hybrid.recipe and not compared:
            raise MarotteError(
                f"{self.name}: the intermediate teacher {self.hybrid.recipe} teaches nothing: "
                "set loss.feature or loss.attention"
            )


def training_recipe(tables: dict[str, Any], where: str) -> TrainingRecipe:
    """Build a training recipe from its tables; `where` names them in messages.

    Raises:
        MarotteError: a key is unknown, missing or wrong.
    """
    return strict(TrainingRecipe, tables, where)


def read_training_recipe(path: Path, minutes: float | None = None) -> TrainingRecipe:
    """Read a training recipe's file.

    Args:
        path: the .toml file.
        minutes: replaces the budget of the recipe; None keeps it.

    Raises:
        MarotteError: the file is missing, or a key is unknown, missing or wrong.
    """
    return training_recipe(with_minutes(read_recipe(path), minutes), str(path))

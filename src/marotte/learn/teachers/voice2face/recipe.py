"""What `marotte teach` trains: strict TOML in, frozen dataclasses out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from marotte.config import strict
from marotte.errors import MarotteError
from marotte.learn.recipes import read_recipe, with_minutes
from marotte.learn.train.schedule import check_budget


@dataclass(frozen=True)
class EncoderConfig:
    """What the teacher hears through.

    Attributes:
        model: see `marotte.learn.teachers.encoders.open_encoder`.
        layer: whose output to take, 0 what enters the first, negative ones counted from the last.
    """

    model: str
    layer: int


@dataclass(frozen=True)
class SpeechConfig:
    """What the teacher learns from.

    Attributes:
        minutes: of each source, at most; utterances are drawn at random, and all of them are of
            speakers that are trained on.
        rough: the sources whose labels are of lesser quality: they get the other quality tag.
        noise_minutes: of noises that nobody speaks in, over which the face rests.
        valid_minutes: of the speakers kept for validation, to watch.
        seed: of the draw.
    """

    minutes: dict[str, float]
    rough: tuple[str, ...] = ()
    noise_minutes: float = 1.0
    valid_minutes: float = 6.0
    seed: int = 0


@dataclass(frozen=True)
class TeachTrainConfig:
    """How long and how fast.

    Attributes:
        minutes: the time budget; the learning rate falls to 0 over each network's part of it.
        steps: where it is not 0, the budget is as many steps, whatever time they take; then a
            run's result depends on its seed alone.
        mesh2rig: the share of the budget that Mesh2Rig gets, at the end.
        batch: crops a step.
        frames: frames a crop, 1/30 s apart.
        learning_rate: the highest, reached after `warmup` of the budget.
        weight_decay: of AdamW.
        warmup: share of the budget.
        seed: of everything random.
    """

    minutes: float
    steps: int = 0
    mesh2rig: float = 0.1
    batch: int = 24
    frames: int = 24
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.01
    warmup: float = 0.03
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be trained."""
        check_budget(self)
        if not 0 < self.mesh2rig < 1:
            raise MarotteError(f"mesh2rig must lie between 0 and 1, got {self.mesh2rig}")


@dataclass(frozen=True)
class Voice2FaceLossWeights:
    """How much each loss counts.

    Attributes:
        vertex: of the vertices' squared distance in mm.
        normal: of the cosine distance of vertex normals.
        kl: of the latent's divergence from the standard normal distribution.
        velocity: of the vertices' squared distance in mm of differences between frames.
        lips: how much more the vertices in the middle of the mouth count than those far away.
        lip_gap: of the lips' distance, see `marotte.learn.train.losses.lip_gap`.
        closure: how many times over it counts where the lips press together.
    """

    vertex: float = 1.0
    normal: float = 1.0
    kl: float = 0.01
    velocity: float = 0.0
    lips: float = 4.0
    lip_gap: float = 1.0
    closure: float = 3.0


@dataclass(frozen=True)
class DecoderConfig:
    """Sizes of the decoder's layers, which the paper does not tell.

    Attributes:
        channels: of the frequency and time convolutions.
        hidden: of the LSTM and the fully connected layers.
        latent: numbers of the latent.
        noise: standard deviation of noise on the standardised features, while it learns.
        dropout: share of what the LSTM gives that is left out, while it learns.
    """

    channels: int = 128
    hidden: int = 160
    latent: int = 16
    noise: float = 0.1
    dropout: float = 0.1


@dataclass(frozen=True)
class TeachRecipe:
    """A recipe of `marotte teach`, as read from its file.

    Attributes:
        name: of the run, and of the labels that this teacher will give.
        labels: the teacher whose labels it learns from: `phonetic`, or `imported` for captures.
        encoder: what it hears through.
        speech: what it learns from.
        train: budget and optimiser.
        decoder: the decoder's sizes.
        loss: weights of the losses.
    """

    name: str
    labels: str
    encoder: EncoderConfig
    speech: SpeechConfig
    train: TeachTrainConfig
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    loss: Voice2FaceLossWeights = field(default_factory=Voice2FaceLossWeights)


def load_teach_recipe(path: Path, minutes: float | None = None) -> TeachRecipe:
    """Read a recipe, with a time budget other than its own where one is given.

    Raises:
        MarotteError: the file is missing, or says what can't be.
    """
    recipe = strict(TeachRecipe, with_minutes(read_recipe(path), minutes), str(path))
    sources = recipe.speech.minutes
    for name, value in sources.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise MarotteError(
                f"{path}.speech.minutes.{name} must be a number above 0, got {value!r}"
            )
    unknown = sorted(set(recipe.speech.rough) - set(sources))
    if unknown:
        raise MarotteError(
            f"{path}.speech.rough names {unknown[0]!r}, "
            f"of which it takes no minutes: it takes {', '.join(sources)}"
        )
    return recipe

"""Recipes of `marotte teach`: a TOML file in, frozen dataclasses out; unknown keys are errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marotte.config import strict
from marotte.errors import MarotteError
from marotte.learn.recipes import read_recipe, with_minutes
from marotte.learn.train.schedule import check_budget
from marotte.names import check_name

FORMER_OPTIONS = (("output", "variance"), ("loss", "controls"))  # they did not help: docs/log.md


@dataclass(frozen=True)
class EncoderConfig:
    """The table `[encoder]`: the speech encoder.

    Attributes:
        model: name of the encoder, see `marotte.learn.teachers.encoders.open_encoder`.
        layer: layer whose output to use; 0 is the input of the first layer, and negative numbers
            count from the last layer.
    """

    model: str
    layer: int


@dataclass(frozen=True)
class SpeechConfig:
    """The table `[speech]`: the training speech.

    Attributes:
        minutes: largest amount of speech per source. Utterances are drawn at random from the
            speakers of the split `train`.
        rough: sources whose labels are of lower quality; they get the other quality tag.
        noise_minutes: amount of noise without speech, for which the face rests.
        valid_minutes: amount of speech of the validation speakers.
        seed: seed of the draw.
    """

    minutes: dict[str, float]
    rough: tuple[str, ...] = ()
    noise_minutes: float = 1.0
    valid_minutes: float = 6.0
    seed: int = 0


@dataclass(frozen=True)
class CapturesConfig:
    """The table `[captures]`: captured faces, whose quality tag is the better one.

    Attributes:
        share: share of the crops of a batch, divided equally among the sets of takes; 0 for a
            recipe without captured faces.
        without: sets that are left out, to measure how a teacher does on faces of another set.
    """

    share: float = 0.0
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the share."""
        if not 0 <= self.share < 1:
            raise MarotteError(f"captures.share must be within 0..1, below 1, got {self.share}")


@dataclass(frozen=True)
class OutputConfig:
    """The table `[output]`: what is done to the curves when the teacher labels speech.

    Attributes:
        fps: frames per second of the labels, 30 or 60.
        contacts: whether the lips are held closed for /p b m/ and open for open vowels, where an
            utterance has phones, and the face rests in silence.
        shapes: whether the shape of the lips is that of the phonetic teacher, with the lip gap of
            the network; phones are recognised where an utterance has none. Needs 60 fps.
    """

    fps: int = 30
    contacts: bool = False
    shapes: bool = False

    def __post_init__(self) -> None:
        """Check the frame rate."""
        if self.fps not in (30, 60):
            raise MarotteError(f"output.fps must be 30 or 60, got {self.fps}")
        if self.shapes and self.fps != 60:
            raise MarotteError(f"output.shapes needs output.fps = 60, got {self.fps}")


@dataclass(frozen=True)
class TeachTrainConfig:
    """The table `[train]`: budget and optimizer.

    Attributes:
        minutes: time budget; the learning rate falls to 0 over each network's part of it.
        steps: if not 0, the budget is this number of steps instead, and the result of a run
            depends only on its seed.
        mesh2rig: share of the budget for Mesh2Rig, at the end.
        batch: crops per step.
        frames: frames per crop, 1/30 s apart.
        learning_rate: highest learning rate, reached after `warmup`.
        weight_decay: weight decay of AdamW.
        warmup: share of the budget in which the learning rate rises.
        seed: seed of all random numbers.
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
        """Check the budget."""
        check_budget(self)
        if not 0 < self.mesh2rig < 1:
            raise MarotteError(f"mesh2rig must be between 0 and 1, got {self.mesh2rig}")

    @property
    def total_steps(self) -> int:
        """The number of steps of the budget; 0 if it is in minutes."""
        return self.steps


@dataclass(frozen=True)
class Voice2FaceLossWeights:
    """The table `[loss]`: the weight of each loss.

    Attributes:
        vertex: weight of the squared distance of the vertices in mm^2.
        normal: weight of the cosine distance of the vertex normals.
        kl: weight of the latent's divergence from the standard normal distribution.
        velocity: weight of the squared distance of the vertices' motion between frames in mm^2.
        lips: additional weight of the vertices in the middle of the mouth, which falls to 0 away
            from it.
        lip_gap: weight of the lip gap, see `marotte.learn.train.losses.lip_gap`.
        closure: factor on the lip gap in frames with pressed lips.
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
    """The table `[decoder]`: sizes of the decoder's layers, which the paper does not give.

    Attributes:
        channels: channels of the frequency and time convolutions.
        hidden: width of the LSTM and the fully connected layers.
        latent: dimensions of the latent.
        noise: standard deviation of the noise that is added to the normalised features in training.
        dropout: dropout of the LSTM's output in training.
        components: if not 0, the encoder's features are reduced to this number of principal
            components of equal variance. A network's features repeat themselves; noise on their
            components keeps the decoder from learning a voice by heart. Prosody is not reduced.
    """

    channels: int = 128
    hidden: int = 160
    latent: int = 16
    noise: float = 0.1
    dropout: float = 0.1
    components: int = 0


@dataclass(frozen=True)
class TeachRecipe:
    """A recipe of `marotte teach`.

    Attributes:
        name: name of the run, and of this teacher's labels.
        labels: teacher whose labels are the targets: `phonetic`, or `imported` for captures.
        encoder: the speech encoder.
        speech: the training speech.
        train: budget and optimizer.
        decoder: sizes of the decoder.
        loss: weights of the losses.
        captures: captured faces to learn from, beside the labels.
        output: what is done to the curves when the teacher labels speech.
    """

    name: str
    labels: str
    encoder: EncoderConfig
    speech: SpeechConfig
    train: TeachTrainConfig
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    loss: Voice2FaceLossWeights = field(default_factory=Voice2FaceLossWeights)
    captures: CapturesConfig = field(default_factory=CapturesConfig)
    output: OutputConfig = field(default_factory=OutputConfig)


def load_teach_recipe(path: Path, minutes: float | None = None) -> TeachRecipe:
    """Read a recipe; `minutes`, if given, replaces its time budget.

    Raises:
        MarotteError: the file is missing or invalid.
    """
    recipe = strict(TeachRecipe, with_minutes(read_recipe(path), minutes), str(path))
    check_name(recipe.name, f"the recipe {path}")
    sources = recipe.speech.minutes
    for name, value in sources.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise MarotteError(
                f"{path}.speech.minutes.{name} must be a number above 0, got {value!r}"
            )
    unknown = sorted(set(recipe.speech.rough) - set(sources))
    if unknown:
        raise MarotteError(
            f"{path}.speech.rough must be sources of {path}.speech.minutes "
            f"({', '.join(sources)}), got {unknown[0]!r}"
        )
    return recipe


def with_current_keys(tables: dict[str, Any]) -> dict[str, Any]:
    """Return a stored recipe's tables without former options, if they are off.

    Runs keep the options of their time.
    """
    result = dict(tables)
    for table, key in FORMER_OPTIONS:
        values = result.get(table)
        if isinstance(values, dict) and not values.get(key, True):
            result[table] = {name: value for name, value in values.items() if name != key}
    return result

"""Training a Voice2Face: taught speech in, decoder and Mesh2Rig out.

A run is a folder: a checkpoint that is replaced as the run goes on, and TensorBoard events. A run
that was stopped, or killed, goes on from its checkpoint. The decoder learns first; then it stands
still, and Mesh2Rig learns on the meshes that it makes of the same speech.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from marotte.errors import MarotteError
from marotte.learn.metrics import Closures, closures, pool
from marotte.learn.teachers.voice2face.decoder import FPS
from marotte.learn.teachers.voice2face.examples import Example, ExampleSampler, frame_bins
from marotte.learn.teachers.voice2face.model import Voice2Face, restore
from marotte.learn.teachers.voice2face.objective import Voice2FaceObjective
from marotte.learn.teachers.voice2face.recipe import TeachRecipe
from marotte.learn.teachers.voice2face.training_set import TrainingSet
from marotte.learn.train import checkpoint
from marotte.learn.train.checkpoint import Progress
from marotte.learn.train.schedule import learning_rate
from marotte.paths import replacing

CHECKPOINT_SECONDS = 60.0
MOST_COMPONENTS = 50  # as the CodeTalker student's
COMPONENT_FRAMES = 4000  # drawn to find them
SHORTEST_MM = 1.0  # of a component, over all vertices
MESH_NOISE = 0.02  # standard deviation on the controls' scale, for what decoders get wrong
METRIC_FPS = 60.0


@dataclass(frozen=True)
class Voice2FaceScore:
    """How good a Voice2Face is on taught speech.

    Attributes:
        closures: lips where they must meet and where they must not, at 60 fps.
        mse: of the controls, to the labels.
        round_trip_mm: mean error of the lip gap from the decoder's mesh to the rig's.
    """

    closures: Closures
    mse: float
    round_trip_mm: float


def initial_network(recipe: TeachRecipe, training_set: TrainingSet) -> Voice2Face:
    """A network that knows the mean of what it will learn, and nothing else."""
    torch.manual_seed(recipe.train.seed)
    random = np.random.default_rng(recipe.train.seed)
    speech, names = training_set.train, training_set.names
    frames = np.concatenate([each.curves for each in speech])
    drawn = frames[random.integers(0, len(frames), min(COMPONENT_FRAMES, len(frames)))]
    n_features = speech[0].features.shape[1]
    net = Voice2Face(names, n_features, min(MOST_COMPONENTS, len(names)), recipe)
    mean = torch.from_numpy(drawn.mean(axis=0))
    components = mesh_components(torch.from_numpy(drawn) - mean, net.face.matrix)
    heard = np.concatenate([each.features[::10] for each in speech]).astype(np.float32)
    net.decoder.initialise(
        torch.from_numpy(heard), mean @ net.face.matrix, components[: net.decoder.mesh.in_features]
    )
    return net


def mesh_components(controls: Tensor, matrix: Tensor) -> Tensor:
    """The principal components of meshes, largest first, each as long as its standard deviation.

    Args:
        controls: of the meshes, less their mean [n, n_controls].
        matrix: from controls to offsets [n_controls, n_vertices * 3].

    Returns:
        [n_controls, n_vertices * 3], orthogonal; none is shorter than a millimetre.
    """
    # Meshes are linear in the controls, so a basis of the matrix's rows makes the problem small.
    basis, places = torch.linalg.qr(matrix.T)
    _, sizes, directions = torch.linalg.svd(controls @ places.T, full_matrices=False)
    missing = len(matrix) - len(sizes)
    sizes = torch.nn.functional.pad(sizes / len(controls) ** 0.5, (0, missing)).clamp(
        min=SHORTEST_MM
    )
    full = torch.linalg.qr(directions.T, mode="complete").Q.T if missing else directions
    return sizes[:, None] * (full @ basis.T)


def teach(
    recipe: TeachRecipe,
    training_set: TrainingSet,
    folder: Path,
    report: Callable[[Progress, dict[str, float]], None] | None = None,
) -> Voice2Face:
    """Train a recipe's teacher, from the folder's checkpoint where there is one.

    Args:
        recipe: what to train.
        training_set: what to learn from.
        folder: of the run.
        report: called after every step with the newest losses.

    Raises:
        MarotteError: the folder belongs to another recipe, or its checkpoint is damaged.
    """
    from torch.utils.tensorboard import SummaryWriter

    path = folder / checkpoint.FILE
    config = recipe.train
    net = initial_network(recipe, training_set)
    optimizers = {
        "decoder": torch.optim.AdamW(net.decoder.parameters(), weight_decay=config.weight_decay),
        "mesh2rig": torch.optim.Adam(net.mesh2rig.parameters()),
    }
    progress = Progress()
    if path.exists():
        progress = _go_on(path, recipe, net, optimizers)
    folder.mkdir(parents=True, exist_ok=True)
    stages = {"decoder": DecoderStage(net), "mesh2rig": Mesh2RigStage(net)}
    crops = ExampleSampler(training_set.train, training_set.first_s, config.frames)
    begun = time.monotonic() - progress.elapsed_s
    saved = progress.elapsed_s

    def save() -> None:
        states = {name: each.state_dict() for name, each in optimizers.items()}
        state = {**net.state(), "optimizers": states, "progress": asdict(progress)}
        with replacing(path) as temporary:
            torch.save({**state, "provenance": training_set.provenance}, temporary)

    with SummaryWriter(str(folder)) as events:
        while progress.done(config) < 1:
            stage, done = _stage(progress.done(config), config.mesh2rig)
            for group in optimizers[stage].param_groups:
                group["lr"] = learning_rate(done, config)
            torch.manual_seed(
                config.seed * 1_000_003 + progress.step
            )  # a run that goes on is the same
            parts = stages[stage].losses(*crops.draw(config.batch, config.seed, progress.step))
            optimizers[stage].zero_grad()
            parts["total"].backward()
            torch.nn.utils.clip_grad_norm_(getattr(net, stage).parameters(), 1.0)
            optimizers[stage].step()
            progress.step += 1
            progress.elapsed_s = time.monotonic() - begun
            values = {name: float(loss.detach()) for name, loss in parts.items()}
            for name, value in values.items():
                events.add_scalar(f"{stage}/{name}", value, progress.step)
            if progress.elapsed_s - saved > CHECKPOINT_SECONDS:
                saved = progress.elapsed_s
                save()
            if report:
                report(progress, values)
    save()
    return net.eval()


def _stage(done: float, mesh2rig: float) -> tuple[str, float]:
    """Which network learns when `done` of the budget is used, and how much of its own part is."""
    if done < 1 - mesh2rig:
        return "decoder", done / (1 - mesh2rig)
    return "mesh2rig", (done - (1 - mesh2rig)) / mesh2rig


class DecoderStage:
    """The cVAE on crops."""

    def __init__(self, net: Voice2Face) -> None:
        self.net, self.objective = net, Voice2FaceObjective(net.recipe.loss, net.face)

    def losses(self, bins: Tensor, curves: Tensor, tags: Tensor) -> dict[str, Tensor]:
        """The losses of a batch of crops."""
        decoder = self.net.decoder.train()
        seen = decoder.project(curves, self.net.face.matrix)
        return self.objective(decoder(bins, seen, tags), decoder.mesh, curves)


class Mesh2RigStage:
    """Mesh2Rig on what the decoder makes of crops, and on meshes of labels with noise on them."""

    def __init__(self, net: Voice2Face) -> None:
        self.net, self.objective = net, Voice2FaceObjective(net.recipe.loss, net.face)

    def losses(self, bins: Tensor, curves: Tensor, tags: Tensor) -> dict[str, Tensor]:
        """The mesh-to-mesh losses of a batch of crops."""
        del tags  # at inference there is one
        face = self.net.face
        self.net.decoder.eval()
        with torch.no_grad():
            decoded = self.net.decoder.infer(self.net.decoder.encode_windows(bins))
            near = curves + MESH_NOISE * torch.randn_like(curves)
            offsets = torch.cat([decoded[:, ::2], near[:, ::2] @ face.matrix])
        returned = self.net.mesh2rig(offsets) @ face.matrix
        difference = ((returned - offsets).square() * self.objective.per_value).mean()
        gap = self.objective.lip_gap(face.lip_heights(returned), face.lip_heights(offsets))
        weights = self.net.recipe.loss
        total = weights.vertex * difference + weights.lip_gap * gap
        return {"vertex": difference, "lip_gap": gap, "total": total}


def assess(net: Voice2Face, speech: list[Example], first_s: float) -> Voice2FaceScore:
    """Score a network on taught speech, as it will be used: whole utterances, latent 0."""
    found, errors, trips = [], [], []
    with torch.inference_mode():
        for each in speech:
            features = torch.from_numpy(each.features)
            controls = net.controls(features, first_s, len(each.curves)).numpy()
            errors.append(np.square(controls - each.curves).mean())
            gap = net.face.gap_mm(torch.from_numpy(controls) @ net.face.matrix).numpy()
            trips.append(round_trip_mm(net, features, first_s, len(each.curves)))
            found.append(closures(_at_60(gap), METRIC_FPS, each.utterance.phones))
    weights = [len(each.curves) for each in speech]
    return Voice2FaceScore(
        pool(found),
        float(np.average(errors, weights=weights)),
        float(np.average(trips, weights=weights)),
    )


def round_trip_mm(net: Voice2Face, features: Tensor, first_s: float, n_frames: int) -> float:
    """Mean difference of the lip gap between the decoder's meshes and those of their controls."""
    offsets = net.decoder.infer(
        net.decoder.encode_windows(frame_bins(features, first_s, 0, n_frames)[None])
    )[0]
    returned = net.mesh2rig(offsets) @ net.face.matrix
    return float((net.face.gap_mm(offsets) - net.face.gap_mm(returned)).abs().mean())


def _at_60(gap: np.ndarray) -> np.ndarray:
    time = np.arange(round(len(gap) * METRIC_FPS / FPS)) * FPS / METRIC_FPS
    return np.interp(time, np.arange(len(gap)), gap)


def _go_on(
    path: Path, recipe: TeachRecipe, net: Voice2Face, optimizers: dict[str, torch.optim.Optimizer]
) -> Progress:
    state = checkpoint.read(path)
    before = restore(state, str(path))
    if not _alike(before.recipe, recipe) or before.face.names != net.face.names:
        raise MarotteError(
            f"{path.parent} holds a run of another recipe called {recipe.name!r}: "
            "give this one another name, or delete that folder"
        )
    net.load_state_dict(before.state_dict())
    for name, optimizer in optimizers.items():
        optimizer.load_state_dict(state["optimizers"][name])
    return Progress(**state["progress"])


def _alike(before: TeachRecipe, now: TeachRecipe) -> bool:
    """Whether only the minutes differ, which may change between parts of one run."""
    return replace(before, train=replace(before.train, minutes=now.train.minutes)) == now

"""Training of Voice2Face: a recipe and a training set in, a trained network out.

A run is a folder with a checkpoint, which is updated during the run, and TensorBoard events. A run
that was stopped or killed resumes from its checkpoint. The decoder is trained first. Then its
weights are fixed, and Mesh2Rig is trained on the meshes that it makes of the same speech.
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
from marotte.learn.teachers.voice2face.examples import Example, frame_bins
from marotte.learn.teachers.voice2face.model import Voice2Face, restore
from marotte.learn.teachers.voice2face.objective import Voice2FaceObjective
from marotte.learn.teachers.voice2face.recipe import TeachRecipe
from marotte.learn.teachers.voice2face.sampler import Crops, ExampleSampler
from marotte.learn.teachers.voice2face.training_set import TrainingSet
from marotte.learn.train import checkpoint
from marotte.learn.train.checkpoint import RunProgress, save_tensors
from marotte.learn.train.schedule import learning_rate

CHECKPOINT_SECONDS = 60.0
MAX_COMPONENTS = 50  # as in the CodeTalker student
COMPONENT_FRAMES = 4000  # frames drawn to compute the components
SHORTEST_MM = 1.0  # smallest length of a component, over all vertices
MESH_NOISE = 0.02  # standard deviation on the controls' scale, as an imitation of decoder errors
METRIC_FPS = 60.0


@dataclass(frozen=True)
class Voice2FaceScore:
    """Scores of a Voice2Face network on examples.

    Attributes:
        closures: lip gaps where the lips must close and where they must not, at 60 fps.
        mse: mean squared error of the controls, against the labels.
        round_trip_mm: mean difference of the lip gap between the decoder's mesh and the rig's.
    """

    closures: Closures
    mse: float
    round_trip_mm: float


def initial_network(recipe: TeachRecipe, training_set: TrainingSet) -> Voice2Face:
    """Return an untrained network with the features' statistics and the meshes' components."""
    torch.manual_seed(recipe.train.seed)
    random = np.random.default_rng(recipe.train.seed)
    examples, names = training_set.train, training_set.names
    frames = np.concatenate([each.curves for each in examples])
    drawn = frames[random.integers(0, len(frames), min(COMPONENT_FRAMES, len(frames)))]
    n_features = examples[0].features.shape[1]
    net = Voice2Face(names, n_features, min(MAX_COMPONENTS, len(names)), recipe)
    mean = torch.from_numpy(drawn.mean(axis=0))
    components = mesh_components(torch.from_numpy(drawn) - mean, net.face.matrix)
    features = np.concatenate([each.features[::10] for each in examples]).astype(np.float32)
    net.decoder.initialise(
        torch.from_numpy(features),
        mean @ net.face.matrix,
        components[: net.decoder.mesh.in_features],
    )
    return net


def mesh_components(controls: Tensor, matrix: Tensor) -> Tensor:
    """Return the principal components of meshes, scaled to their standard deviations.

    Args:
        controls: the meshes' controls, minus their mean [n, n_controls].
        matrix: map from controls to offsets [n_controls, n_vertices * 3].

    Returns:
        orthogonal components, largest first, at least `SHORTEST_MM` long
        [n_controls, n_vertices * 3].
    """
    # Meshes are linear in the controls, so an orthonormal basis of the rows reduces the problem.
    basis, coordinates = torch.linalg.qr(matrix.T)
    _, sizes, directions = torch.linalg.svd(controls @ coordinates.T, full_matrices=False)
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
    report: Callable[[RunProgress, dict[str, float]], None] | None = None,
) -> Voice2Face:
    """Train a recipe's teacher; resume from the folder's checkpoint if there is one.

    Args:
        recipe: the recipe.
        training_set: the examples.
        folder: folder of the run.
        report: called after each step with the progress and the losses by name.

    Raises:
        MarotteError: the folder belongs to another recipe, or its checkpoint is damaged.
    """
    from torch.utils.tensorboard import SummaryWriter

    path = folder / checkpoint.CHECKPOINT_FILE
    run = _Run(recipe, training_set)
    if path.exists():
        run.restore(path)
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic() - run.progress.elapsed_s
    saved = run.progress.elapsed_s
    with SummaryWriter(str(folder)) as events:
        while run.progress.done(recipe.train) < 1:
            stage, losses = run.step()
            run.progress.elapsed_s = time.monotonic() - started
            for name, value in losses.items():
                events.add_scalar(f"{stage}/{name}", value, run.progress.step)
            if run.progress.elapsed_s - saved > CHECKPOINT_SECONDS:
                saved = run.progress.elapsed_s
                run.save(path)
            if report:
                report(run.progress, losses)
    net = run.net.eval()
    run.save(path)
    return net


class _Run:
    """The state of a training run: the network, its optimizers and the progress."""

    def __init__(self, recipe: TeachRecipe, training_set: TrainingSet) -> None:
        config = recipe.train
        self.recipe, self.provenance = recipe, training_set.provenance
        self.net = initial_network(recipe, training_set)
        decoder, mesh2rig = self.net.decoder.parameters(), self.net.mesh2rig.parameters()
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "decoder": torch.optim.AdamW(decoder, weight_decay=config.weight_decay),
            "mesh2rig": torch.optim.Adam(mesh2rig),
        }
        self.stages = {"decoder": DecoderStage(self.net), "mesh2rig": Mesh2RigStage(self.net)}
        self.sampler = ExampleSampler(
            training_set.train, training_set.first_s, config.frames, recipe.captures.share
        )
        self.progress = RunProgress()

    def step(self) -> tuple[str, dict[str, float]]:
        """Train one step; return the name of the trained network and the losses."""
        config, step = self.recipe.train, self.progress.step
        stage, done = _stage(self.progress.done(config), config.mesh2rig)
        optimizer = self.optimizers[stage]
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(done, config)
        torch.manual_seed(config.seed * 1_000_003 + step)  # the same in a run that was resumed
        losses = self.stages[stage].losses(self.sampler.draw(config.batch, config.seed, step))
        optimizer.zero_grad()
        losses["total"].backward()
        torch.nn.utils.clip_grad_norm_(getattr(self.net, stage).parameters(), 1.0)
        optimizer.step()
        self.progress.step += 1
        return stage, {name: float(loss.detach()) for name, loss in losses.items()}

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        optimizers = {name: each.state_dict() for name, each in self.optimizers.items()}
        state = {**self.net.state(), "optimizers": optimizers, "progress": asdict(self.progress)}
        save_tensors(path, {**state, "provenance": self.provenance})

    def restore(self, path: Path) -> None:
        """Continue from a checkpoint.

        Raises:
            MarotteError: the checkpoint is of another recipe, or is damaged.
        """
        state = checkpoint.read_checkpoint(path)
        saved = restore(state, str(path))
        if not _same_run(saved.recipe, self.recipe) or saved.face.names != self.net.face.names:
            raise MarotteError(
                f"{path.parent} holds a run of another recipe called {self.recipe.name!r}: "
                "give this one another name, or delete that folder"
            )
        self.net.load_state_dict(saved.state_dict())
        with checkpoint.damage_refused(path):
            for name, optimizer in self.optimizers.items():
                optimizer.load_state_dict(state["optimizers"][name])
            self.progress = RunProgress(**state["progress"])


def _same_run(saved: TeachRecipe, recipe: TeachRecipe) -> bool:
    """Return whether two recipes differ at most in the minutes, which a resumed run may change."""
    return replace(saved, train=replace(saved.train, minutes=recipe.train.minutes)) == recipe


def _stage(done: float, mesh2rig: float) -> tuple[str, float]:
    """Return the network to train, and the used share of its part of the budget.

    Args:
        done: used share of the whole budget.
        mesh2rig: share of the budget for Mesh2Rig.
    """
    if done < 1 - mesh2rig:
        return "decoder", done / (1 - mesh2rig)
    return "mesh2rig", (done - (1 - mesh2rig)) / mesh2rig


class DecoderStage:
    """Trains the decoder on crops."""

    def __init__(self, net: Voice2Face) -> None:
        self.net, self.objective = net, Voice2FaceObjective(net.recipe.loss, net.face)

    def losses(self, crops: Crops) -> dict[str, Tensor]:
        """Return the losses of a batch of crops."""
        decoder = self.net.decoder.train()
        target = decoder.project(crops.curves, self.net.face.matrix)
        decoded = decoder(crops.bins, target, crops.tags)
        return self.objective(decoded, decoder.mesh, crops.curves, crops.known)


class Mesh2RigStage:
    """Trains Mesh2Rig on the decoder's meshes of crops and on meshes of noisy labels."""

    def __init__(self, net: Voice2Face) -> None:
        self.net, self.objective = net, Voice2FaceObjective(net.recipe.loss, net.face)

    def losses(self, crops: Crops) -> dict[str, Tensor]:
        """Return the mesh-to-mesh losses of a batch of crops."""
        # The decoder always uses the better tag at inference.
        face, curves = self.net.face, crops.curves
        self.net.decoder.eval()
        with torch.no_grad():
            decoded = self.net.decoder.infer(self.net.decoder.encode_windows(crops.bins))
            noisy = curves + MESH_NOISE * torch.randn_like(curves)
            offsets = torch.cat([decoded[:, ::2], noisy[:, ::2] @ face.matrix])
        returned = self.net.mesh2rig(offsets) @ face.matrix
        difference = ((returned - offsets).square() * self.objective.per_value).mean()
        gap = self.objective.lip_gap(face.lip_heights(returned), face.lip_heights(offsets))
        weights = self.net.recipe.loss
        total = weights.vertex * difference + weights.lip_gap * gap
        return {"vertex": difference, "lip_gap": gap, "total": total}


def assess(net: Voice2Face, examples: list[Example], first_s: float) -> Voice2FaceScore:
    """Score a network on whole utterances, with latent 0 as in labelling."""
    lips, errors, round_trips = [], [], []
    with torch.inference_mode():
        for each in examples:
            features = torch.from_numpy(each.features)
            controls = net.controls(features, first_s, len(each.curves)).numpy()
            errors.append(np.square(controls - each.curves).mean())
            gap = net.face.gap_mm(torch.from_numpy(controls) @ net.face.matrix).numpy()
            round_trips.append(round_trip_mm(net, features, first_s, len(each.curves)))
            lips.append(closures(_at_metric_fps(gap), METRIC_FPS, each.utterance.phones))
    weights = [len(each.curves) for each in examples]
    return Voice2FaceScore(
        pool(lips),
        float(np.average(errors, weights=weights)),
        float(np.average(round_trips, weights=weights)),
    )


def round_trip_mm(net: Voice2Face, features: Tensor, first_s: float, n_frames: int) -> float:
    """Return the mean difference of the lip gap between the decoder's and the rig's meshes."""
    offsets = net.decoder.infer(
        net.decoder.encode_windows(frame_bins(features, first_s, 0, n_frames)[None])
    )[0]
    returned = net.mesh2rig(offsets) @ net.face.matrix
    return float((net.face.gap_mm(offsets) - net.face.gap_mm(returned)).abs().mean())


def _at_metric_fps(gap: np.ndarray) -> np.ndarray:
    """Interpolate a lip gap at 30 fps to the 60 fps of the metrics."""
    time = np.arange(round(len(gap) * METRIC_FPS / FPS)) * FPS / METRIC_FPS
    return np.interp(time, np.arange(len(gap)), gap)

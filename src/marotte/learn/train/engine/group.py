"""A group of students that are trained side by side on the same crops.

Crops are drawn and augmented once for the whole group, and an intermediate teacher predicts once
for all its students. On a GPU, each student's step can be a CUDA graph on its own stream.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from marotte.errors import MarotteError
from marotte.learn.data.augment import cut_off
from marotte.learn.data.dataset import LabelledSpeech
from marotte.learn.models.student import Prediction, StudentNet
from marotte.learn.train.engine.device_augment import DeviceAugmenter
from marotte.learn.train.engine.device_speech import DeviceSpeech, cumulative_weights
from marotte.learn.train.engine.graphs import RecordedStep
from marotte.learn.train.engine.student_training import (
    EngineSettings,
    SharedTeacher,
    StudentTraining,
    union_of,
)
from marotte.learn.train.recipe import TrainingRecipe

SAVE_SECONDS = 60.0
REPORT_SECONDS = 5.0
WARM_UP_STEPS = 3  # before a measurement: they choose kernels and record graphs
MEASURED_STEPS = 12

Losses = dict[str, dict[str, Tensor]]  # by student, then by loss
Report = Callable[[int, int, dict[str, dict[str, float]]], None]


class TrainingGroup:
    """Students of recipes that differ only in the network and the losses."""

    def __init__(
        self,
        recipes: Sequence[TrainingRecipe],
        speech: LabelledSpeech,
        settings: EngineSettings,
        intermediates: dict[str, StudentNet] | None = None,
    ) -> None:
        """Prepare the students.

        Args:
            recipes: the recipes, one per student.
            speech: the training speech.
            settings: where and how to train.
            intermediates: the intermediate teachers, by the recipes' `hybrid.recipe`.

        Raises:
            MarotteError: two recipes would draw or augment different crops.
        """
        _check_same_crops(recipes)
        self.settings, self.recipe = settings, recipes[0]
        device, dtype = settings.device, settings.dtype
        teachers = {name: net.to(device) for name, net in (intermediates or {}).items()}
        self.students = {
            each.name: StudentTraining(
                each, speech.names, settings, teachers.get(each.hybrid.recipe)
            )
            for each in recipes
        }
        self.shape = next(iter(self.students.values())).shape
        self.intermediates = {n: SharedTeacher(t, self.shape, dtype) for n, t in teachers.items()}
        nets = [*(each.net for each in self.students.values()), *teachers.values()]
        self.union = union_of(net.config.window for net in nets)
        self.speech = DeviceSpeech.load(speech, device)
        self.augmenter = DeviceAugmenter(device)
        selections = (self.recipe.only, self.recipe.finetune.only)
        self.cumulative = [
            cumulative_weights(speech, self.recipe.mix, each, device) for each in selections
        ]
        self.generator = torch.Generator(device)
        self.step_number = 0
        self.recorded: dict[tuple[str, int], RecordedStep] = {}

    def batch(self, stage: int) -> tuple[Tensor, Tensor]:
        """Return the augmented crops of the next step, and their targets.

        They depend only on the seed and the number of the step.
        """
        config = self.recipe.train
        augment = self.recipe.finetune.augment if stage else self.recipe.augment
        self.generator.manual_seed(config.seed * 1_000_003 + self.step_number)
        crops = self.speech.draw(
            self.cumulative[stage],
            config.batch,
            self.union,
            self.shape,
            augment.speed,
            self.generator,
            config.rest,
        )
        samples, targets = crops.samples, crops.targets
        if augment.cut:
            first_frame = self.union.past_samples
            samples, targets = cut_off(
                samples, targets, augment.cut, first_frame, config.hop_length, self.generator
            )
        samples, speech = self.augmenter(samples, crops.level, augment, self.generator)
        # Without speech the face is at rest, which is 0 for every rig.
        return samples, targets * speech[:, None, None]

    def step(self, total: int) -> Losses:
        """Take one step with every student; return their losses.

        A student whose checkpoint is newer than those of the others waits for them.
        """
        fine = self.recipe.finetune
        stage = int(bool(fine.share) and self.step_number / total >= 1 - fine.share)
        samples, targets = self.batch(stage)
        predictions = {n: each(samples, self.union) for n, each in self.intermediates.items()}
        losses: Losses = {}
        for name, student in self.students.items():
            if student.progress.step > self.step_number:
                continue
            student.set_rates(total, stage)
            intermediate = predictions.get(student.recipe.hybrid.recipe)
            if intermediate and not student.recipe.loss.attention:
                intermediate = intermediate._replace(maps=())  # unused
            losses[name] = self._step(name, stage, samples, targets, intermediate)
            student.progress.step += 1
        for recorded in self.recorded.values():  # losses and weights are complete after this
            torch.cuda.current_stream().wait_stream(recorded.stream)
        self.step_number += 1
        return losses

    def _step(
        self,
        name: str,
        stage: int,
        samples: Tensor,
        targets: Tensor,
        intermediate: Prediction | None,
    ) -> dict[str, Tensor]:
        student, key = self.students[name], (name, stage)
        if not self.settings.graphs:
            return student.step(samples, targets, self.union, stage, intermediate)
        if key not in self.recorded:
            self.recorded[key] = RecordedStep(
                student, samples, targets, self.union, stage, intermediate
            )
        return self.recorded[key](samples, targets, intermediate)

    def train(
        self,
        runs: Path,
        total: int | None = None,
        report: Report | None = None,
        until: float = math.inf,
    ) -> None:
        """Train all students; runs that have a checkpoint continue from it.

        Args:
            runs: the folder of the runs, which are named after their recipes.
            total: number of steps; None for the recipes'.
            report: called every few seconds with steps done, steps in all, and the newest losses.
            until: when to stop at the latest, by `time.monotonic`.
        """
        begun = saved = reported = time.monotonic()
        total = total or self.recipe.train.total_steps
        for name, student in self.students.items():
            student.restore(runs / name)
        self.step_number = min(each.progress.step for each in self.students.values())
        while self.step_number < total and time.monotonic() < until:
            losses = self.step(total)
            now = time.monotonic()
            if report and now - reported > REPORT_SECONDS:
                reported = now
                report(self.step_number, total, _as_floats(losses))
            if now - saved > SAVE_SECONDS:
                saved = now
                self.save(runs, now - begun)
        self.save(runs, time.monotonic() - begun)

    def measure_step_seconds(self) -> float:
        """Return the seconds per step, measured by a few steps that are undone."""
        before = {name: each.snapshot() for name, each in self.students.items()}
        for _ in range(WARM_UP_STEPS):
            self.step(10**9)
        self._synchronise()
        begun = time.monotonic()
        for _ in range(MEASURED_STEPS):
            self.step(10**9)
        self._synchronise()
        elapsed_s = time.monotonic() - begun
        self.step_number = 0
        for name, student in self.students.items():
            student.undo(before[name])
            student.progress.step = 0
        return elapsed_s / MEASURED_STEPS

    def _synchronise(self) -> None:
        if self.settings.device.type == "cuda":
            torch.cuda.synchronize()

    def save(self, runs: Path, elapsed_s: float) -> None:
        """Replace the checkpoints of all students."""
        for name, student in self.students.items():
            student.progress.elapsed_s = elapsed_s
            student.save(runs / name)


def steps_within(seconds: float, groups: Sequence[TrainingGroup]) -> int:
    """Return the number of steps that every group can take within a time, one after another."""
    begun = time.monotonic()
    step_s = sum(each.measure_step_seconds() for each in groups)
    return max(1, int((seconds - (time.monotonic() - begun)) / step_s))


def _check_same_crops(recipes: Sequence[TrainingRecipe]) -> None:
    """Refuse recipes that would draw or augment different crops.

    Raises:
        MarotteError: two of them would.
    """

    def crops_of(recipe: TrainingRecipe) -> tuple[object, ...]:
        config, fine = recipe.train, recipe.finetune
        shape = (config.total_steps, config.batch, config.frames, config.frame_ms, config.rest)
        speech = (recipe.augment, recipe.mix, recipe.only)
        return (*shape, *speech, fine.share, fine.only, fine.augment)

    for each in recipes[1:]:
        if crops_of(each) != crops_of(recipes[0]):
            raise MarotteError(
                f"{each.name} and {recipes[0].name} can't be trained on the same crops: give them "
                "the same steps, batch, frames, frame_ms, augment, mix, only and finetune"
            )


def _as_floats(losses: Losses) -> dict[str, dict[str, float]]:
    return {
        name: {part: float(loss) for part, loss in parts.items()} for name, parts in losses.items()
    }

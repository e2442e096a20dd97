"""Training speed of the engine against an ordinary run, and of 16-bit against 32-bit convolutions.

    python benchmarks/training.py                  # engine: waveform and mel, C = 64, 96, 128, 256
    python benchmarks/training.py RECIPE.toml      # 16 bits: the steps of one recipe

Both sides train the same student on the same synthetic sound, in turn, on one thread of the same
process. A step draws and augments a batch and runs forward, backward and the optimiser. An ordinary
run uses crops as short as the recipe's; the engine uses crops of 64 frames. Times are processor
times; the ratio is the median of the pairs' ratios. Needs the extra `train`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from marotte.face.rig import ARKIT_52
from marotte.learn.data.dataset import LabelledSpeech
from marotte.learn.train.engine.group import TrainingGroup
from marotte.learn.train.engine.memory import keep_freed_memory
from marotte.learn.train.engine.rows import RowBudget, plan_row
from marotte.learn.train.engine.student_training import EngineSettings
from marotte.learn.train.recipe import FinetuneConfig, TrainingRecipe, read_training_recipe
from marotte.learn.train.run import Run
from marotte.learn.train.setup import RunSetup, TrainingSpeech

PAIRS = 12
ENGINE_PAIRS = 5
CHANNELS = (64, 96, 128, 256)
RECIPES = {"waveform": "table2/s2.toml", "mel": "live.toml"}
ENGINE_BUDGET = RowBudget(frames=10**9, batch=8, crop_frames=64)
PRECISIONS = ("bf16-mixed", "32-true")
SECONDS = 120


def synthetic_speech() -> LabelledSpeech:
    """Return noise of varying level, with random curves."""
    random = np.random.default_rng(0)
    names = ARKIT_52.speech
    level = np.repeat(random.uniform(0, 0.1, 10 * SECONDS), 1600)
    return LabelledSpeech(
        samples=np.int16(32767 * np.clip(level * random.normal(size=len(level)), -1, 1)),
        curves=random.uniform(0, 0.5, (60 * SECONDS, len(names))).astype(np.float16),
        first_sample=np.array([0, 16000 * SECONDS]),
        first_frame=np.array([0, 60 * SECONDS]),
        level=np.array([0.05], np.float32),
        source=("made",),
        fps=60.0,
        names=names,
    )


def milliseconds(run: Run) -> float:
    """Return the processor time of a step, which other work on the machine does not change."""
    before = time.process_time()
    run.step()
    return 1000 * (time.process_time() - before)


def frames_per_second(step: Callable[[], object], frames: int) -> float:
    """Return the frames of a step divided by its processor time."""
    before = time.process_time()
    step()
    return frames / (time.process_time() - before)


def engine_speeds(
    recipe: TrainingRecipe, speech: LabelledSpeech, folder: Path
) -> tuple[float, float, float]:
    """Return the frames per second of an ordinary run and of the engine, and the median ratio."""
    exact = replace(recipe, train=replace(recipe.train, precision="32-true"))
    run = Run(RunSetup(exact, folder), TrainingSpeech(speech, speech))
    group = TrainingGroup(plan_row(exact, ENGINE_BUDGET), speech, EngineSettings())
    run_frames = exact.train.batch * exact.train.frames
    engine_frames = ENGINE_BUDGET.batch * ENGINE_BUDGET.crop_frames
    pairs = [
        (
            frames_per_second(run.step, run_frames),
            frames_per_second(lambda: group.step(10**6), engine_frames),
        )
        for _ in range(ENGINE_PAIRS + 1)
    ][1:]  # the first pair warms up
    ordinary, engine = map(statistics.median, zip(*pairs, strict=True))
    return ordinary, engine, statistics.median(b / a for a, b in pairs)


def compare_engine(recipes: Path) -> None:
    """Print one line per front end and number of channels."""
    print("front end   C   frames/s  by the engine  ratio")
    speech = synthetic_speech()
    for frontend, name in RECIPES.items():
        for channels in CHANNELS:
            recipe = read_training_recipe(recipes / name)
            recipe = replace(recipe, mix={}, finetune=FinetuneConfig())
            recipe = replace(recipe, student=replace(recipe.student, channels=channels))
            with tempfile.TemporaryDirectory() as folder:
                ordinary, engine, ratio = engine_speeds(recipe, speech, Path(folder))
            print(
                f"{frontend:9} {channels:4} {ordinary:9.0f} {engine:14.0f} {ratio:6.2f}", flush=True
            )


def compare_precisions(path: Path) -> None:
    """Print the time per step of a recipe with 16-bit and with 32-bit convolutions."""
    recipe, speech = replace(read_training_recipe(path), mix={}), synthetic_speech()
    with tempfile.TemporaryDirectory() as folder:
        runs = {
            precision: Run(
                RunSetup(
                    replace(recipe, train=replace(recipe.train, precision=precision)), Path(folder)
                ),
                TrainingSpeech(speech, speech),
            )
            for precision in PRECISIONS
        }
        times: dict[str, list[float]] = {precision: [] for precision in runs}
        for pair in range(PAIRS + 1):
            for precision, run in runs.items():
                step_ms = milliseconds(run)
                if pair:  # the first pair warms up
                    times[precision].append(step_ms)
    print(f"{recipe.name}: {recipe.train.batch} crops of {recipe.train.frames} frames per step")
    for precision, each in times.items():
        print(f"  {precision:12} {statistics.median(each):7.1f} ms per step")
    ratios = [a / b for a, b in zip(*times.values(), strict=True)]
    print(f"  ratio        {statistics.median(ratios):7.3f}")


def main() -> None:
    """Print one of the two comparisons."""
    torch.set_num_threads(1)
    keep_freed_memory()
    if sys.argv[1:]:
        compare_precisions(Path(sys.argv[1]))
    else:
        compare_engine(Path(__file__).parents[1] / "recipes")


if __name__ == "__main__":
    main()

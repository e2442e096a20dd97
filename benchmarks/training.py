"""Training speed of `marotte train`: the engine against the ordinary network, and two precisions.

    python benchmarks/training.py                  # engine: waveform and mel, C = 64 to 256
    python benchmarks/training.py RECIPE.toml      # 16 bits: the steps of one recipe

All sides train the same student on the same synthetic sound, in turn, on one thread of the same
process, in 32 bits. A step draws and augments a batch and runs forward, backward, the optimiser and
the EMA. The ordinary network and the first column of the engine use the recipe's crops; the last
column uses 8 crops of 64 frames. Times are processor times; the ratio is the median of the ratios
of the last and the first of them. Needs the extra `train`.
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
from marotte.learn.train.engine.memory import keep_freed_memory
from marotte.learn.train.recipe import FinetuneConfig, TrainingRecipe, read_training_recipe
from marotte.learn.train.run import Run
from marotte.learn.train.setup import RunSetup, TrainingSpeech

PAIRS = 12
ENGINE_PAIRS = 5
CHANNELS = (64, 96, 128, 160, 256)
RECIPES = {"waveform": "table2/s2.toml", "mel": "live.toml"}
LONG_CROPS = {"batch": 8, "frames": 64}
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
        language=("en",),
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
) -> tuple[list[float], float]:
    """Return frames per second, and the median ratio of the last and the first.

    The frames per second are those of the ordinary network and of the engine with the recipe's
    crops, and of the engine with long crops.
    """
    exact = replace(recipe, train=replace(recipe.train, precision="32-true"))
    long = replace(exact, train=replace(exact.train, **LONG_CROPS))
    runs = [
        Run(RunSetup(each, folder), TrainingSpeech(speech, speech)) for each in (exact, exact, long)
    ]
    runs[0].model = runs[0].net  # the ordinary network instead of the engine
    frames = [run.recipe.train.batch * run.recipe.train.frames for run in runs]
    rounds = [
        [frames_per_second(run.step, n) for run, n in zip(runs, frames, strict=True)]
        for _ in range(ENGINE_PAIRS + 1)
    ][1:]  # the first round warms up
    speeds = [statistics.median(each) for each in zip(*rounds, strict=True)]
    return speeds, statistics.median(each[-1] / each[0] for each in rounds)


def compare_engine(recipes: Path) -> None:
    """Print one line per front end and number of channels."""
    print("front end   C  ordinary  engine  engine, long crops  ratio")
    speech = synthetic_speech()
    for frontend, name in RECIPES.items():
        for channels in CHANNELS:
            recipe = read_training_recipe(recipes / name)
            recipe = replace(recipe, mix={}, finetune=FinetuneConfig())
            recipe = replace(recipe, student=replace(recipe.student, channels=channels))
            with tempfile.TemporaryDirectory() as folder:
                speeds, ratio = engine_speeds(recipe, speech, Path(folder))
            ordinary, engine, long = (f"{each:.0f}" for each in speeds)
            print(f"{frontend:9} {channels:4} {ordinary:>9} {engine:>7} {long:>18} {ratio:6.2f}")


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

"""Processor time of a training step with 16-bit and with 32-bit convolutions.

    python benchmarks/training.py [RECIPE.toml]

Both train the recipe's student (default: `recipes/live.toml`) on the same synthetic sound, in turn,
on one thread of the same process. A step draws and augments a batch and runs forward, backward and
the optimiser. The ratio is the median of the pairs' ratios. Needs the extra `train`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from marotte.face.rig import ARKIT_52
from marotte.learn.data.dataset import LabelledSpeech
from marotte.learn.train.recipe import read_training_recipe
from marotte.learn.train.run import Run
from marotte.learn.train.setup import RunSetup, TrainingSpeech

PAIRS = 12
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


def main() -> None:
    """Print the comparison."""
    torch.set_num_threads(1)
    path = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parents[1] / "recipes/live.toml"
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


if __name__ == "__main__":
    main()

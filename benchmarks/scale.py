"""What large corpora and many students cost, reckoned from measured speeds.

    python benchmarks/scale.py [--page docs/scale.md]

The speeds are medians of the benchmarks that are named with them, on one core of the test machine
or on one GPU. Only the speed of matrix products is measured here: that of HuBERT-xlarge, which
does not fit the test machine, follows from it and from the encoder's multiply-accumulates.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from marotte.learn.measure.card import markdown_table, replace_section

BEGIN, END = "<!-- scale: written by `python benchmarks/scale.py` -->", "<!-- end of scale -->"
SIZE = 1024  # of the matrices whose product is measured
PRODUCTS = 15
SECONDS_PER_HOUR = 3600

# Measured: hours of speech labelled per core-hour (docs/teachers.md), frames trained per second
# (benchmarks/training.py, docs/training.md), bytes per hour of speech (the corpus of
# recipes/corpus-faces.toml: FLAC in Parquet, and labels of 33 curves at 60 frames per second).
PHONETIC_SPEED, VOICE2FACE_SPEED = 289.0, 54.0
CORE_FRAMES = {"S0, C = 256": 435.0, "S1, C = 128": 1271.0, "S2, C = 64": 3130.0, "`live`": 5251.0}
H200_S0_FRAMES = 69_932.0
SOUND_BYTES, LABEL_BYTES = 73e6, 9.3e6

# HuBERT-xlarge: 48 layers of width 1280 and inner width 5120, 50 steps per second, and HuBERT's
# convolutions; utterances of 10 s.
LAYERS, WIDTH, INNER, STEPS, UTTERANCE_S = 48, 1280, 5120, 50, 10
CONVOLUTION_MACS = 2.5e9  # per second of speech
GPU_MACS = 200e12 / 2  # per second, in 16 bits: a fifth of what an H100 can do at best


def hubert_macs() -> float:
    """Return the multiply-accumulates of HuBERT-xlarge per second of speech."""
    weights = LAYERS * (4 * WIDTH**2 + 2 * WIDTH * INNER)
    attention = LAYERS * 2 * STEPS * UTTERANCE_S * WIDTH
    return STEPS * (weights + attention) + CONVOLUTION_MACS


def core_macs() -> float:
    """Return the multiply-accumulates per second of matrix products on one core, in 32 bits."""
    torch.set_num_threads(1)
    a = torch.randn(SIZE, SIZE)
    times: list[float] = []
    for _ in range(PRODUCTS):
        before = time.process_time()
        _ = a @ a
        times.append(time.process_time() - before)
    return SIZE**3 / statistics.median(times)


def labelling(speed_of_core: float) -> Sequence[Sequence[str]]:
    """Return rows: a teacher and an amount of speech, core-hours, GPU-hours and bytes."""
    core, gpu = speed_of_core / hubert_macs(), GPU_MACS / hubert_macs()
    rows: list[list[str]] = []
    for hours in (960, 10_000):
        for teacher, per_core, per_gpu in (
            ("phonetic", PHONETIC_SPEED, None),
            ("Voice2Face on Whisper tiny", VOICE2FACE_SPEED, None),
            ("Voice2Face on HuBERT-xlarge", core, gpu),
        ):
            rows.append(
                [
                    f"{hours:,} h",
                    teacher,
                    f"{per_core:.3g} ×",
                    f"{hours / per_core:,.0f}",
                    f"{hours / per_gpu:.1f}" if per_gpu else "–",
                    f"{hours * SOUND_BYTES / 1e9:.0f} + {hours * LABEL_BYTES / 1e9:.0f} GB",
                ]
            )
    return rows


def search() -> Sequence[Sequence[str]]:
    """Return rows: a student and frames, hours of one core or GPU for one run and for 100."""
    rows: list[list[str]] = []
    for student, speed in CORE_FRAMES.items():
        for frames in (3e6, 20e6):
            hours = frames / speed / SECONDS_PER_HOUR
            gpu = frames / H200_S0_FRAMES / SECONDS_PER_HOUR
            rows.append(
                [
                    student,
                    f"{frames / 1e6:.0f} M",
                    f"{speed:.0f}",
                    f"{hours:.1f}",
                    f"{100 * hours:,.0f}",
                    f"{100 * gpu:.1f}" if student.startswith("S0") else "–",
                ]
            )
    return rows


def main() -> None:
    """Print the tables, and write them into a page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--page", type=Path, help="a page with the markers of this table")
    page = parser.parse_args().page
    speed = core_macs()
    label_columns = ("speech", "teacher", "per core", "core-hours", "GPU-hours", "sound + labels")
    train_columns = ("student", "frames", "per second and core", "core-hours", "100 runs")
    text = "\n\n".join(
        (
            f"One core multiplies matrices at {speed / 1e9:.0f} G multiply-accumulates a second; "
            f"HuBERT-xlarge needs {hubert_macs() / 1e9:.0f} G per second of speech.",
            "\n".join(markdown_table(label_columns, labelling(speed))),
            "\n".join(markdown_table((*train_columns, "100 runs, H200-hours"), search())),
        )
    )
    print(text)
    if page:
        replace_section(page, text, BEGIN, END)


if __name__ == "__main__":
    main()

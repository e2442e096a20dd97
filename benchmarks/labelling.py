"""How many times faster than real time a teacher labels, in two processes beside one.

    python benchmarks/labelling.py CORPUS [--teacher phonetic] [--minutes 60]

The same parts of a corpus are labelled anew by both in turn, start of the processes and writing of
the files included; the figures are medians over the rounds, the ratio is the median of the rounds'.
The corpus is left as it is.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from marotte.learn.data.store import Store
from marotte.learn.jobs.label import LabelJob, label, plan_labels

WORKERS = (1, 2)


def parts_of(store: Store, minutes: float) -> list[str]:
    """Parts from anywhere in a corpus, the same each time, until there is so much speech."""
    chosen: list[str] = []
    length_s = 0.0
    parts = store.parts()
    for part in random.Random(0).sample(parts, len(parts)):
        if length_s >= 60 * minutes:
            break
        chosen.append(part)
        length_s += sum(entry.seconds for entry in store.entries([part]))
    return chosen


def speed(corpus: Path, teacher: str, parts: Sequence[str], workers: int) -> tuple[float, float]:
    """(minutes of speech, times real time) of labelling parts that lie in a local folder."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "audio").mkdir()
        for part in parts:
            name = f"audio/{part}.parquet"
            (Path(folder) / name).write_bytes((corpus / name).read_bytes())
        job = LabelJob(Path(folder), teacher)
        plan = plan_labels(job)
        began = time.perf_counter()
        seconds = sum(done.seconds for done in label(job, plan, workers))
        return seconds / 60, seconds / (time.perf_counter() - began)


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--teacher", default="phonetic")
    parser.add_argument("--minutes", type=float, default=60, help="of speech, about")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    parts = parts_of(Store.open(asked.corpus), asked.minutes)
    rounds = []
    for _ in range(asked.rounds):
        results = [speed(asked.corpus, asked.teacher, parts, workers) for workers in WORKERS]
        rounds.append([times for _, times in results])
        minutes = results[0][0]
    print(f"{asked.teacher}: {minutes:.1f} min of speech in {len(parts)} parts")
    for workers, column in zip(WORKERS, zip(*rounds, strict=True), strict=True):
        print(f"  processes: {workers}  {statistics.median(column):6.0f} × real time")
    print(f"  ratio         {statistics.median(two / one for one, two in rounds):6.2f}")


if __name__ == "__main__":
    main()

"""Speed of labelling in one process and in two, in multiples of real time.

    python benchmarks/labelling.py CORPUS [--teacher phonetic] [--minutes 60] [--ray]

Each round labels the same parts of a corpus with one process and then with two. Times include the
start of the processes and writing the files. `--ray` labels on a temporary Ray cluster instead. The
figures are medians over the rounds, and the ratio is the median of the rounds' ratios. The corpus
is not changed.
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
from marotte.learn.jobs.on_cluster import label_on_cluster
from marotte.learn.jobs.ray_cluster import Cluster

WORKERS = (1, 2)


def parts_of(store: Store, minutes: float) -> list[str]:
    """Choose random parts of a corpus with this many minutes of speech, the same on every call."""
    chosen: list[str] = []
    length_s = 0.0
    parts = store.parts()
    for part in random.Random(0).sample(parts, len(parts)):
        if length_s >= 60 * minutes:
            break
        chosen.append(part)
        length_s += sum(entry.seconds for entry in store.entries([part]))
    return chosen


def speed(
    corpus: Path, teacher: str, parts: Sequence[str], workers: int, *, ray: bool
) -> tuple[float, float]:
    """Label parts of a local corpus; return the minutes of speech and the speed over real time."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "audio").mkdir()
        for part in parts:
            name = f"audio/{part}.parquet"
            (Path(folder) / name).write_bytes((corpus / name).read_bytes())
        job = LabelJob(Path(folder), teacher)
        plan = plan_labels(job)
        start = time.perf_counter()
        cluster = Cluster("local", workers)
        done = label_on_cluster(cluster, job, plan) if ray else label(job, plan, workers)
        seconds = sum(part.seconds for part in done)
        return seconds / 60, seconds / (time.perf_counter() - start)


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--teacher", default="phonetic")
    parser.add_argument("--minutes", type=float, default=60, help="minutes of speech")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ray", action="store_true", help="on a temporary Ray cluster")
    options = parser.parse_args()
    parts = parts_of(Store.open(options.corpus), options.minutes)
    minutes, rounds = 0.0, []
    for _ in range(options.rounds):
        results = [
            speed(options.corpus, options.teacher, parts, workers, ray=options.ray)
            for workers in WORKERS
        ]
        rounds.append([times for _, times in results])
        minutes = results[0][0]
    print(f"{options.teacher}: {minutes:.1f} min of speech in {len(parts)} parts")
    for workers, column in zip(WORKERS, zip(*rounds, strict=True), strict=True):
        print(f"  processes: {workers}  {statistics.median(column):6.0f} × real time")
    print(f"  ratio         {statistics.median(two / one for one, two in rounds):6.2f}")


if __name__ == "__main__":
    main()

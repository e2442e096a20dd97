"""Kill builds, labelling, trainings and live takes at random moments: nothing may be lost.

    python -m tests.fuzz.kills --kills 100

Each job runs once without being killed. Then it is started and killed with `kill -9` again and
again until it ends; its result must equal that of the first run, bit by bit. After each kill, all
files that have their names must be whole. A live take is not repeated: what its rows hold up to
the kill must be saved by the next start.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]

HIDDEN = ".marotte-"
VOICES, SENTENCES, PART_ITEMS = ["en-us", "en-us+f3"], 12, 3


@dataclass(frozen=True)
class Job:
    """Something that takes a while and can be killed.

    Attributes:
        prepare: makes what the job needs in a folder.
        run: does the job in a folder, from where a killed run stopped.
        check: raises if a file of a killed run is not whole.
        result: returns what must be the same in the end.
    """

    prepare: Callable[[Path], None]
    run: Callable[[Path], None]
    check: Callable[[Path], None]
    result: Callable[[Path], str]


def _nothing(folder: Path) -> None:
    del folder


def _build(folder: Path) -> None:
    from marotte.learn.corpora import build
    from marotte.learn.corpora.recipe import CorpusRecipe

    build.PART_ITEMS = PART_ITEMS
    recipe = CorpusRecipe("r", {"espeak": {"voices": VOICES, "sentences": SENTENCES}})
    build.build(build.plan_build(recipe, folder), folder, 2, lambda part: None)


def _check_corpus(folder: Path) -> None:
    from marotte.learn.data.store import Store

    store = Store(folder)
    for utterance in store.utterances():
        assert len(utterance.samples)
    for teacher in store.teachers():
        for part in store.labelled_parts(teacher):
            assert store.labels(teacher, part).curves


def _digest_of_corpus(folder: Path) -> str:
    from marotte.learn.data.store import Store

    store, digest = Store(folder), hashlib.sha256()
    for utterance in store.utterances():
        digest.update(repr((utterance.id, utterance.phones)).encode() + utterance.samples.tobytes())
    for teacher in store.teachers():
        for part in store.labelled_parts(teacher):
            for id, curves in sorted(store.labels(teacher, part).curves.items()):
                digest.update(id.encode() + curves.tobytes())
    assert not [path for path in folder.rglob("*") if HIDDEN in path.name]
    return digest.hexdigest()


def _label(folder: Path) -> None:
    from marotte.learn.jobs.label import LabelJob, label, plan_labels

    job = LabelJob(folder, "phonetic")
    for _ in label(job, plan_labels(job), workers=1):
        pass


def _train(folder: Path) -> None:
    import dataclasses

    import torch
    from tiny_training import RECIPE, train

    from marotte.learn.train import loop

    torch.set_num_threads(1)
    loop.CHECKPOINT_SECONDS = 0.05
    steps = dataclasses.replace(RECIPE.train, steps=200)
    train(dataclasses.replace(RECIPE, train=steps), folder)


def _check_run(folder: Path) -> None:
    from marotte.learn.train.checkpoint import load_net

    if (path := folder / "checkpoint.pt").exists():
        load_net(path)


def _digest_of_run(folder: Path) -> str:
    from tiny_training import weights

    from marotte.learn.train.checkpoint import load_net

    assert not [path for path in folder.rglob("*") if HIDDEN in path.name]
    net, _ = load_net(folder / "checkpoint.pt")
    return hashlib.sha256(weights(net).numpy().tobytes()).hexdigest()


JOBS = {
    "build": Job(_nothing, _build, _check_corpus, _digest_of_corpus),
    "label": Job(_build, _label, _check_corpus, _digest_of_corpus),
    "train": Job(_nothing, _train, _check_run, _digest_of_run),
}


def kill_job(name: str, n_kills: int, rng: random.Random) -> int:
    """Kill a job at random moments and compare its results; return the number of kills."""
    job, n_done = JOBS[name], 0
    with tempfile.TemporaryDirectory() as temporary:
        whole = Path(temporary, "whole")
        whole.mkdir()
        job.prepare(whole)
        start = time.monotonic()
        assert _start(name, whole).wait() == 0
        seconds = time.monotonic() - start
        expected = job.result(whole)
        while n_done < n_kills:
            folder = Path(temporary, f"killed {n_done}")
            folder.mkdir()
            job.prepare(folder)
            while True:
                process = _start(name, folder)
                try:
                    # Half of the kills come late, when work is going on.
                    process.wait(seconds * rng.choice((rng.uniform(0, 1), rng.uniform(0.5, 1))))
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                assert process.wait() in (0, -signal.SIGKILL), f"{name} ended with an error"
                if process.returncode == 0 or n_done >= n_kills:
                    break
                n_done += 1
                job.check(folder)
            if process.returncode:
                assert _start(name, folder).wait() == 0
            assert job.result(folder) == expected, f"{name}: another result after kills"
    return n_done


def kill_takes(n_kills: int, rng: random.Random) -> int:
    """Kill live takes; what they recorded must be saved by the next start, row by row."""
    import soundfile
    from synthetic import make_voice

    live = [sys.executable, "-m", "marotte", "live", "--fast", "-i", "voice.wav", "-o"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        soundfile.write(folder / "voice.wav", make_voice(240, 16_000), 16_000)
        soundfile.write(folder / "short.wav", make_voice(0.3, 16_000), 16_000)
        start = time.monotonic()
        options = {"cwd": folder, "stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        assert subprocess.run([*live, "csv:whole.csv"], check=False, **options).returncode == 0
        seconds = time.monotonic() - start
        expected = (folder / "whole.csv").read_text().splitlines()
        for number in range(n_kills):
            process = subprocess.Popen([*live, f"csv:take{number}.csv"], **options)
            time.sleep(seconds * rng.uniform(0.2, 1))
            process.kill()
            if process.wait() == 0:
                continue
            part = folder / f"take{number}.csv.part"
            size = part.stat().st_size if part.exists() else 0
            subprocess.run([*live[:-2], "short.wav", "-o", "csv:next.csv"], check=True, **options)
            saved = folder / f"take{number}-recovered.csv"
            rows = saved.read_text().splitlines() if saved.exists() else []
            assert rows == expected[: len(rows)], f"take {number}: other rows"
            assert size - sum(len(row) + 2 for row in rows) < 2000, f"take {number}: rows are lost"
    return n_kills


def _start(name: str, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, "--run", name, str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def main() -> None:
    """Kill jobs of all kinds, and print how often."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="kills in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--job", choices=[*JOBS, "live"], help="kill only this job")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        name, folder = chosen.run
        JOBS[name].run(Path(folder))
        return
    share = {"build": 0.3, "label": 0.3, "train": 0.15, "live": 0.25}
    share = {chosen.job: 1.0} if chosen.job else share
    for name, part in share.items():
        rng, n_kills = random.Random(f"{name}/{chosen.seed}"), max(1, round(part * chosen.kills))
        start = time.monotonic()
        n_done = kill_takes(n_kills, rng) if name == "live" else kill_job(name, n_kills, rng)
        print(
            f"{name}: {n_done} kills, nothing lost ({time.monotonic() - start:.0f} s)", flush=True
        )


if __name__ == "__main__":
    main()

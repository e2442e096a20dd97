"""Kill builds, labelling, trainings and live takes at random moments: nothing may be lost.

    python -m tests.fuzz.kills --kills 100 --signals 200

Each work runs once without being killed. Then it is started and killed with `kill -9` again and
again until it ends; its result must equal that of the first run, bit by bit. After each kill, all
files that have their names must be whole. A live take is not repeated: what its rows hold up to
the kill must be saved by the next start. `--signals` interrupts live takes by Ctrl-C or SIGTERM:
their recordings must be whole. (Linux and macOS.)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fuzz.warm import Job, Warm, call_marotte

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]

HIDDEN = ".marotte-"
VOICES, SENTENCES, PART_ITEMS = ["en-us", "en-us+f3"], 12, 3
TAKE_S = 12.0
N_CLOSING = 30  # frames at the end of a take, in which the mouth closes


@dataclass(frozen=True)
class Work:
    """Something that takes a while and can be killed.

    Attributes:
        prepare: makes what the work needs in a folder.
        run: does the work in a folder, from where a killed run stopped.
        check: raises if a file of a killed run is not whole.
        result: returns what must be the same in the end.
    """

    prepare: Callable[[Path], None]
    run: Callable[[Path], None]
    check: Callable[[Path], None]
    result: Callable[[Path], str]


def _nothing(folder: Path) -> None:
    del folder


def _build(folder: Path, workers: int = 1) -> None:
    from marotte.learn.corpora import build
    from marotte.learn.corpora.recipe import CorpusRecipe

    build.PART_ITEMS = PART_ITEMS
    recipe = CorpusRecipe("r", {"espeak": {"voices": VOICES, "sentences": SENTENCES}})
    list(build.build(build.plan_build(recipe, folder), folder, workers))


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
    steps = dataclasses.replace(RECIPE.train, steps=40)
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


def _build_with_two(folder: Path) -> None:
    _build(folder, workers=2)


WORKS = {
    "build": Work(_nothing, _build, _check_corpus, _digest_of_corpus),
    "build, 2 workers": Work(_nothing, _build_with_two, _check_corpus, _digest_of_corpus),
    "label": Work(_build, _label, _check_corpus, _digest_of_corpus),
    "train": Work(_nothing, _train, _check_run, _digest_of_run),
}


def run_work(name: str, folder: str) -> None:
    """Do a work in a folder; called in a process that is killed."""
    WORKS[name].run(Path(folder))


def kill_job(name: str, n_kills: int, rng: random.Random, warm: Warm) -> int:
    """Kill a work at random moments and compare its results; return the number of kills."""
    work, n_done = WORKS[name], 0

    def run(folder: Path, kill_s: float | None) -> int | None:
        number = None if kill_s is None else signal.SIGKILL
        job = Job(run_work, (name, str(folder)), temporary, signal=number, signal_s=kill_s or 0)
        ended = warm.run(job)
        assert ended.code in (0, -signal.SIGKILL), f"{name} ended with an error: {ended.text}"
        return ended.code

    with tempfile.TemporaryDirectory() as temporary:
        whole = Path(temporary, "whole")
        whole.mkdir()
        work.prepare(whole)
        start = time.monotonic()
        run(whole, None)
        seconds = time.monotonic() - start
        expected = work.result(whole)
        while n_done < n_kills:
            folder = Path(tempfile.mkdtemp(dir=temporary))
            work.prepare(folder)
            while n_done < n_kills and run(folder, seconds * rng.uniform(0, 1)):
                n_done += 1
                work.check(folder)
            run(folder, None)
            assert work.result(folder) == expected, f"{name}: another result after kills"
    return n_done


def _prepare_takes(folder: Path, warm: Warm) -> tuple[list[str], float]:
    """Write sounds into a folder; return the rows of a whole take, and how long it took."""
    import soundfile
    from synthetic import make_voice

    soundfile.write(folder / "voice.wav", make_voice(TAKE_S, 16_000), 16_000)
    soundfile.write(folder / "short.wav", make_voice(0.3, 16_000), 16_000)
    start = time.monotonic()
    assert warm.run(_live(folder, "csv:whole.csv")).code == 0
    seconds = time.monotonic() - start
    return (folder / "whole.csv").read_text().splitlines(), seconds


def _live(folder: Path, *outputs: str, sound: str = "voice.wav", **options: Any) -> Job:
    """Return the job of a live take at full speed."""
    flags = [flag for output in outputs for flag in ("-o", output)]
    return Job(call_marotte, ("live", "--fast", "-i", sound, *flags), str(folder), **options)


def kill_takes(n_kills: int, rng: random.Random, warm: Warm) -> int:
    """Kill live takes; what they recorded must be saved by the next start, row by row."""
    n_done = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        expected, seconds = _prepare_takes(folder, warm)
        while n_done < n_kills:
            name = f"take{n_done}"
            kill_s = seconds * rng.uniform(0.1, 1)
            options = {"signal": signal.SIGKILL, "signal_s": kill_s}
            if warm.run(_live(folder, f"csv:{name}.csv", **options)).code == 0:
                (folder / f"{name}.csv").unlink()
                continue
            n_done += 1
            part = folder / f"{name}.csv.part"
            size = part.stat().st_size if part.exists() else 0
            assert warm.run(_live(folder, "csv:next.csv", sound="short.wav")).code == 0
            saved = folder / f"{name}-recovered.csv"
            rows = saved.read_text().splitlines() if saved.exists() else []
            assert rows == expected[: len(rows)], f"{name}: other rows"
            assert size - sum(len(row) + 2 for row in rows) < 2000, f"{name}: rows are lost"
    return n_done


def interrupt_takes(n_signals: int, rng: random.Random, warm: Warm) -> int:
    """Interrupt live takes at random moments; their recordings must be whole, and agree."""
    import soundfile

    n_done = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        expected, seconds = _prepare_takes(folder, warm)
        while n_done < n_signals:
            number = rng.choice((signal.SIGINT, signal.SIGTERM))
            options = {"signal": number, "signal_s": seconds * rng.uniform(0, 0.8)}
            take = folder / f"take{n_done}"
            take.mkdir()
            outputs = (f"csv:{take / 'a.csv'}", f"wav:{take / 'a.wav'}", f"json:{take / 'a.jsonl'}")
            job = _live(folder, *outputs, signal_after="each frame", **options)
            ended = warm.run(job)
            # The signal came after the take, or before its first frame: then there is no recording.
            if f"{60 * TAKE_S:.0f} frames" in ended.text or (
                not any(take.iterdir()) and "\n0 frames" in ended.text
            ):
                shutil.rmtree(take)
                continue
            assert ended.code == 130, ended.text
            names = {path.name for path in take.iterdir()}
            assert names == {"a.csv", "a.wav", "a.jsonl"}, f"{names}: {ended.text}"
            rows = (take / "a.csv").read_text().splitlines()
            # The mouth closes at the end of a take, so that its last frames are its own.
            n_same = max(1, len(rows) - N_CLOSING)
            assert rows[:n_same] == expected[:n_same], f"take {n_done}: other rows"
            heard_s = soundfile.info(take / "a.wav").duration
            lines = (take / "a.jsonl").read_text().splitlines()
            assert len([json.loads(line) for line in lines]) == len(rows) - 1
            assert abs((len(rows) - 1) / 60 - heard_s) < 1.1 / 60, f"take {n_done}: lengths differ"
            n_done += 1
    return n_done


SHARES: dict[str, float] = {
    "build": 0.2, "build, 2 workers": 0.1, "label": 0.3, "train": 0.15, "live": 0.25
}  # fmt: skip


def main() -> None:
    """Kill works of all kinds, and print how often."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="kills in all")
    parser.add_argument("--signals", type=int, default=0, help="takes to interrupt")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--job", choices=[*SHARES], help="kill only this one")
    chosen = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    shares = {chosen.job: 1.0} if chosen.job else SHARES
    counts = {name: round(part * chosen.kills) for name, part in shares.items()}
    counts["signals"] = chosen.signals
    warm = Warm()
    try:
        for name, n in counts.items():
            if not n:
                continue
            rng, start = random.Random(f"{name}/{chosen.seed}"), time.monotonic()
            if name == "signals":
                n_done = interrupt_takes(n, rng, warm)
            else:
                n_done = (
                    kill_takes(n, rng, warm) if name == "live" else kill_job(name, n, rng, warm)
                )
            what = "takes interrupted" if name == "signals" else "kills"
            took = f"{time.monotonic() - start:.0f} s"
            print(f"{name}: {n_done} {what}, nothing lost ({took})", flush=True)
    finally:
        warm.close()


if __name__ == "__main__":
    main()

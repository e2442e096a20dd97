"""Damage files of all kinds for a while, and report what reading them did.

    python -m tests.fuzz --minutes 30

A case passes if the file is read, or refused with `MarotteError`, within 10 s of CPU time and 1 GB
of memory. A kind's cases are numbered, so that each can be repeated: `--kind wav --first 1234`.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "support")]

COMMAND = "command line"
SHARES = {COMMAND: 3.0}  # of the time; its cases are of many kinds


@dataclass
class Tally:
    """What the cases of one kind did."""

    cases: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    largest_mb: float = 0.0
    spent_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)


def main() -> int:
    """Run the cases; return 1 if one failed."""
    from kinds import KINDS

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--kind", action="append", help="a kind of file; all by default")
    parser.add_argument("--first", type=int, help="the number of the first case; random by default")
    parser.add_argument("--keep", type=Path, help="the folder for files that fail")
    chosen = parser.parse_args()
    names = chosen.kind or [*(kind.name for kind in KINDS), COMMAND]
    first = random.randrange(10**9) if chosen.first is None else chosen.first
    keep = chosen.keep or Path(tempfile.mkdtemp(prefix="marotte-fuzz-"))
    tallies = {name: Tally() for name in names}
    _run_cases(tallies, first, chosen.minutes * 60, keep)
    _print_table(tallies, first)
    n_faults = sum(each.faults.total() for each in tallies.values())
    if n_faults:
        print(f"\n{n_faults} faults; the files are in {keep}")
    return 1 if n_faults else 0


def _run_cases(tallies: dict[str, Tally], first: int, seconds: float, keep: Path) -> None:
    """Run cases until the time is over; each kind gets its share of it."""
    from warm import Warm
    from worker import Worker

    worker, warm = Worker(), Warm()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            name, tally = min(tallies.items(), key=_spent)
            start = time.monotonic()
            _run_case(worker, warm, name, tally, first + tally.cases, keep)
            tally.spent_s += time.monotonic() - start
    except KeyboardInterrupt:
        print("interrupted")
    finally:
        worker.close()
        warm.close()


def _spent(tally: tuple[str, Tally]) -> float:
    return tally[1].spent_s / SHARES.get(tally[0], 1.0)


def _run_case(worker, warm, name: str, tally: Tally, seed: int, keep: Path) -> None:
    from cases import damaged_files
    from command_line import run_command
    from kinds import KINDS
    from worker import random_of

    if name == COMMAND:
        outcome, files = run_command(random_of(name, seed), warm)
    else:
        outcome, files = worker.run(name, seed), None
    tally.cases += 1
    tally.refused += bool(outcome.message)
    tally.slowest_s = max(tally.slowest_s, outcome.seconds)
    tally.largest_mb = max(tally.largest_mb, outcome.grown_bytes / 2**20)
    if not outcome.fault:
        return
    summary = outcome.fault.strip().splitlines()[-1][:200]
    tally.faults[summary] += 1
    if tally.faults[summary] > 3:  # enough of this one
        return
    shown = "\n".join(line[:300] for line in outcome.fault.strip().splitlines())
    print(f"{name} {seed}: {shown}", flush=True)
    kind = next((kind for kind in KINDS if kind.name == name), None)
    files = files or (damaged_files(kind, random_of(name, seed)) if kind else {})
    for each, content in files.items():
        path = keep / f"{name} {seed}" / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _print_table(tallies: dict[str, Tally], first: int) -> None:
    print(f"\nCases from number {first}\n")
    print("| kind | cases | read | refused | faults | slowest, s | most memory, MB |")
    print("|---|---|---|---|---|---|---|")
    for name, tally in tallies.items():
        faults, read = tally.faults.total(), tally.cases - tally.refused
        print(
            f"| {name} | {tally.cases} | {read} | {tally.refused} | {faults} "
            f"| {tally.slowest_s:.1f} | {tally.largest_mb:.0f} |"
        )
    total = [sum(each.cases for each in tallies.values()), sum(t.refused for t in tallies.values())]
    print(f"| all | {total[0]} | {total[0] - total[1]} | {total[1]} | "
          f"{sum(each.faults.total() for each in tallies.values())} | | |")  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())

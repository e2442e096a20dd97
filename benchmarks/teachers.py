"""Speed of the teachers, phonetic and Voice2Face, in multiples of real time.

    python benchmarks/teachers.py CORPUS [voice2face[:RUN]]

Both label the same utterances of the corpus in turn, in the same process and on one thread. Speeds
are per core: a machine with more cores labels as many times faster. Needs the extras `train` and,
for the default run's encoder, `whisper`.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

import torch

from marotte.learn.data.store import Store
from marotte.learn.teachers import open_teacher

SECONDS = 120.0  # of speech, taken from parts across the corpus


def main() -> None:
    """Print the comparison."""
    if not sys.argv[1:]:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    store = Store.open(Path(sys.argv[1]))
    teachers = [open_teacher(name) for name in ("phonetic", *(sys.argv[2:] or ["voice2face"]))]
    parts = store.parts()
    seconds, spent = 0.0, dict.fromkeys(range(len(teachers)), 0.0)
    for part in itertools.cycle(parts[:: max(1, len(parts) // 12)]):
        for utterance in itertools.islice(store.utterances([part]), 4):
            for number, teacher in enumerate(teachers):
                start = time.process_time()
                teacher.curves(utterance)
                spent[number] += time.process_time() - start
            seconds += utterance.seconds
        if seconds >= SECONDS:
            break
    print(f"{seconds:.0f} s of speech on one thread, multiples of real time by CPU time")
    for number, teacher in enumerate(teachers):
        print(f"  {teacher.name:12} {seconds / spent[number]:7.1f}")
    print(f"  ratio        {spent[1] / spent[0]:7.1f}")


if __name__ == "__main__":
    main()

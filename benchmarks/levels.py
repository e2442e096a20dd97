"""How far the mouth opens at each level of the voice, relative to speech at -20 dBFS.

    python benchmarks/levels.py [RECORDING...] [--student live]

Each recording is brought to levels from -55 to -6 dBFS (RMS, pauses included), without clipping,
and animated. Prints the difference of the mean lip gap in percent; the goal is 5 % at most.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording, open_recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.infer.offline import animate
from marotte.model.session import load_student

HELLO = Path(__file__).parents[1] / "samples" / "hello.wav"
USUAL_DB, GOAL_PERCENT = -20, 5.0
LEVELS_DB = (-55, -50, -45, -40, -35, -30, -25, -15, -10, -6)


def at_level(samples: NDArray[np.float32], level_db: float) -> Recording:
    """Return samples [n] at a level in dBFS."""
    now_db = 10 * np.log10(np.square(samples).mean())
    scaled = samples * 10 ** ((level_db - now_db) / 20)
    return Recording.from_samples(scaled.astype(np.float32), SAMPLE_RATE)


def main() -> None:
    """Print a line per recording and student."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("recordings", nargs="*", type=Path, default=[HELLO], metavar="RECORDING")
    parser.add_argument("--student", action="append", metavar="NAME")
    options = parser.parse_args()
    print("percent", *(f"{level} dB" for level in LEVELS_DB), sep="  ")
    worst = 0.0
    for name in options.student or ["live", "offline"]:
        student = load_student(name)
        for path in options.recordings:
            voice = open_recording(path).read()
            usual_mm = animate(at_level(voice, USUAL_DB), student).lip_gap_mm.mean()
            off = [
                100
                * float(animate(at_level(voice, level), student).lip_gap_mm.mean() / usual_mm - 1)
                for level in LEVELS_DB
            ]
            worst = max(worst, *map(abs, off))
            print(f"{name}, {path.name}:", *(f"{each:+.1f}" for each in off), flush=True)
    print(f"worst {worst:.1f} %, goal {GOAL_PERCENT:g} %")


if __name__ == "__main__":
    main()

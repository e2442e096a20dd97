"""Fit the lip gaps and dominances of the phonetic teacher's visemes to captured speech with words.

    python tools/fit_visemes.py FOLDER [--clips 100] [--skip 0] [--steps 1]

FOLDER holds captured faces in any layout of `marotte capture` that has words and the measured
distance of the lips, e.g. GRID (https://zenodo.org/records/3625687). The words are aligned with the
sound, the teacher animates the clips, and Gauss-Newton steps lower the squared error of its lip gap
in speech. Each viseme has two parameters: its lip gap in mm (60 % of a change go to the jaw) and
the logarithm of its dominance. A prior holds both near the present ones, so that rare visemes
hardly move.

The table goes to the standard output. `visemes.py` is edited by hand: it takes half of each change
where it may be one speaker's habit, and visemes that English lacks follow similar ones. Needs the
extra `speech`.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.loaders import load_takes
from marotte.learn.capture.take import Clip, Take
from marotte.learn.errors import Skip
from marotte.learn.speech.align import english_aligner
from marotte.learn.teachers.phonetic import PhoneticTeacher
from marotte.learn.teachers.phonetic.visemes import (
    DIPHTHONGS,
    JAW_MM,
    LIP_MM,
    REST_GAP_MM,
    VISEMES,
    Viseme,
    close_share,
)
from marotte.learn.utterance import Utterance

JAW_PART = 0.6  # of a change of the lip gap; mouthClose makes up the rest
GAP_PRIOR_MM, DOMINANCE_PRIOR = 2.5, 0.5  # standard deviations of the changes
ERROR_MM = 3.5  # standard deviation of the error that remains
CORRELATED_FRAMES = 9  # frames after which errors are about independent
LARGEST_GAP_MM, LARGEST_LOG_DOMINANCE = 5.0, 1.2
SMALLEST_JAW = 0.05
AROUND_S = (
    0.1  # speech is counted from this long before the first phone to this long after the last
)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """A clip: its utterance, the measured lip gap [n] in mm, and which frames are speech [n]."""

    utterance: Utterance
    gap_mm: Array
    speech: NDArray[np.bool_]


def measure(take: Take, clip: Clip) -> Measured | None:
    """Align a clip and cut out its lip gap; None if that fails."""
    fps = PhoneticTeacher.fps
    gap = take.measured_gap_mm(fps)
    words = [word.text for word in take.words if clip.start_s <= word.start_s < clip.end_s]
    first = round(clip.start_s * SAMPLE_RATE)
    samples = take.samples[first : round(clip.end_s * SAMPLE_RATE)]
    try:
        phones = english_aligner().align(samples, SAMPLE_RATE, " ".join(words))
    except Skip:
        return None
    if gap is None or not phones:
        return None
    name = f"{take.source}/{take.name}/{clip.name}"
    text = " ".join(words)
    speech = Utterance(name, take.source, take.name, "en", "", text, samples, SAMPLE_RATE, phones)
    time_s = np.arange(len(PhoneticTeacher().curves(speech))) / fps
    measured = np.interp(clip.start_s + time_s, np.arange(len(gap)) / fps, gap)
    spoken = (time_s > phones[0].start_s - AROUND_S) & (time_s < phones[-1].end_s + AROUND_S)
    return Measured(speech, measured, spoken)


def load(folder: Path, n_clips: int, n_skip: int) -> list[Measured]:
    """Return measured clips, drawn at random with a fixed seed; `n_skip` are left out first."""
    clips = [(take, clip) for take in load_takes(folder) for clip in take.clips if take.words]
    random.Random(0).shuffle(clips)
    chosen = clips[n_skip : n_skip + n_clips]
    return [each for take, clip in chosen if (each := measure(take, clip)) is not None]


def gap_of(viseme: Viseme) -> float:
    """Return the lip gap in mm of a viseme's targets."""
    lips_mm = sum(LIP_MM.get(name, 0.0) * value for name, value in viseme.lips.items())
    return REST_GAP_MM + lips_mm + JAW_MM * viseme.jaw * (1 - viseme.lips.get("mouthClose", 0.0))


def changed(viseme: Viseme, gap_mm: float, log_dominance: float) -> Viseme:
    """Return a viseme with another lip gap and dominance."""
    jaw = max(SMALLEST_JAW, viseme.jaw + JAW_PART * gap_mm / JAW_MM)
    lips = {name: value for name, value in viseme.lips.items() if name != "mouthClose"}
    lips["mouthClose"] = close_share(jaw, gap_of(viseme) + gap_mm, lips)
    return replace(
        viseme,
        jaw=jaw,
        lips=lips,
        jaw_dominance=float(viseme.jaw_dominance * np.exp(log_dominance)),
        lip_dominance=float(viseme.lip_dominance * np.exp(0.5 * log_dominance)),
    )


def spoken_visemes(clips: Sequence[Measured]) -> Counter[str]:
    """Count the visemes of the clips by name."""
    counts: Counter[str] = Counter()
    for clip in clips:
        for phone in clip.utterance.phones:
            for ipa in DIPHTHONGS.get(phone.ipa, (phone.ipa,)):
                counts[VISEMES[ipa].name] += 1
    return counts


def predictor(clips: Sequence[Measured], names: Sequence[str]) -> Callable[[Array], Array]:
    """Return the function from the changes [2 * n_names] to the lip gap in speech [n]."""
    original = dict(VISEMES)
    _, weights = load_head().lip_gap_weights(ARKIT_52.names)
    teacher = PhoneticTeacher()

    def predict(changes: Array) -> Array:
        by_name = {name: (changes[i], changes[len(names) + i]) for i, name in enumerate(names)}
        for ipa, viseme in original.items():
            if viseme.name in by_name:
                VISEMES[ipa] = changed(viseme, *map(float, by_name[viseme.name]))
        parts = [teacher.curves(clip.utterance)[clip.speech] @ weights for clip in clips]
        return REST_GAP_MM + np.concatenate(parts).astype(np.float64)

    return predict


def fit(clips: Sequence[Measured], names: Sequence[str], steps: int) -> Array:
    """Return the changes of gaps and log dominances [2 * n_names]; print the error of each step."""
    predict = predictor(clips, names)
    real = np.concatenate([clip.gap_mm[clip.speech] for clip in clips])
    sizes = np.repeat([1.0, 0.4], len(names))  # of the finite differences
    limits = np.repeat([LARGEST_GAP_MM, LARGEST_LOG_DOMINANCE], len(names))
    prior = np.repeat([GAP_PRIOR_MM, DOMINANCE_PRIOR], len(names)) ** -2.0
    prior *= ERROR_MM**2 * CORRELATED_FRAMES
    x = np.zeros(2 * len(names))
    for step in range(steps + 1):
        now = predict(x)
        report(step, now, real)
        if step == steps:
            break
        slopes = np.stack(
            [
                (predict(x + size * unit) - now) / size
                for size, unit in zip(sizes, np.eye(len(x)), strict=True)
            ]
        )
        normal = slopes @ slopes.T + np.diag(prior)
        x = np.clip(x + np.linalg.solve(normal, slopes @ (real - now) - prior * x), -limits, limits)
    return x


def report(step: int, ours: Array, real: Array) -> None:
    """Print how near the teacher's lip gap is to the measured one."""
    r = np.corrcoef(ours, real)[0, 1]
    error = np.sqrt(np.mean((ours - real) ** 2))
    print(f"step {step}: r {r:.3f}, sd / real {ours.std() / real.std():.2f}, error {error:.2f} mm")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=100, help="clips to fit")
    parser.add_argument("--skip", type=int, default=0, help="clips to leave out before")
    parser.add_argument("--steps", type=int, default=1, help="Gauss-Newton steps; 0 only measures")
    options = parser.parse_args()
    clips = load(options.folder, options.clips, options.skip)
    if not clips:
        raise SystemExit(f"{options.folder} has no clips with words and a measured lip gap")
    counts = spoken_visemes(clips)
    names = sorted(counts)
    present = {viseme.name: viseme for viseme in VISEMES.values()}
    changes = fit(clips, names, options.steps)
    print(f"{len(clips)} clips\n| viseme | spoken | lip gap, mm | jaw | dominance |")
    print("|---|---|---|---|---|")
    for i, name in enumerate(names):
        old, new = present[name], changed(present[name], changes[i], changes[len(names) + i])
        print(
            f"| {name} | {counts[name]} | {gap_of(old):.1f} → {gap_of(new):.1f} "
            f"| {old.jaw:.2f} → {new.jaw:.2f} | {old.jaw_dominance:.2f} → {new.jaw_dominance:.2f} |"
        )


if __name__ == "__main__":
    main()

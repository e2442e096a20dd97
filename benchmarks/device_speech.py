"""What 8-bit weights cost on real speech: controls, lip gap and closures, beside 16-bit weights.

`benchmarks/device.py --corpus` runs it. Needs a corpus with phones, and the extra `train`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from corpus import utterances
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.face.loading import load_head
from marotte.learn.data.dataset import at_16_khz
from marotte.learn.metrics import CLOSED_MM, closures, pool
from marotte.learn.utterance import Utterance

if TYPE_CHECKING:
    from device import Voice

SPLITS = ("test_clean", "test_other")
FPS = 60
TAIL = np.zeros(SAMPLE_RATE, np.float32)  # longer than look-ahead and smoothing
GOALS = "goals: controls 0.02, lip gap 0.5 mm, 0.5 % of frames, 0.5 points"


def print_speech(
    folder: Path, new_voice: Callable[[str], Voice], names: tuple[str, ...], minutes: float | None
) -> None:
    """Print differences between both kinds of weights.

    Args:
        folder: the corpus.
        new_voice: opens a voice of a kind of weights, `float` or `int8`.
        names: the student's controls.
        minutes: how much of each test set is heard; None for all.
    """
    head = load_head()
    print(f"8-bit instead of 16-bit weights on real speech ({GOALS})")
    for split in SPLITS:
        apart, gaps_apart, flips, pooled = [], [], [], {"float": [], "int8": []}
        for utterance in utterances(folder, split, minutes):
            faces = {kind: face(new_voice(kind), utterance, len(names)) for kind in pooled}
            gaps = {kind: head.lip_gap(each, names) for kind, each in faces.items()}
            for kind, each in gaps.items():
                pooled[kind].append(closures(each, FPS, utterance.phones))
            apart.append(np.abs(faces["int8"] - faces["float"]).max(1))
            gaps_apart.append(np.abs(gaps["int8"] - gaps["float"]))
            flips.append((gaps["int8"] <= CLOSED_MM) != (gaps["float"] <= CLOSED_MM))
        if not apart:
            raise SystemExit(f"device.py: the corpus has no speech of {split} with phones")
        all_apart, gap = np.concatenate(apart), np.concatenate(gaps_apart)
        figures = {kind: pool(each) for kind, each in pooled.items()}
        print(
            f"  {split:10} {len(gap) / FPS / 60:5.1f} min  controls {all_apart.max():.3f} at most, "
            f"{np.percentile(all_apart, 99.9):.3f} in 99.9 %  lip gap {gap.max():.2f} mm at most, "
            f"{gap.mean():.3f} on average  flips {100 * np.concatenate(flips).mean():.2f} %"
        )
        for kind, each in figures.items():
            print(
                f"    {kind:6} PBM {100 * each.pbm:.1f} %, false {100 * each.false_closure:.1f} %"
            )


def face(voice: Voice, utterance: Utterance, width: int) -> NDArray[np.float32]:
    """Return what a new voice makes of an utterance [n, width]."""
    sound = np.append(at_16_khz(utterance), TAIL)
    n_frames = (len(sound) - len(TAIL)) * FPS // SAMPLE_RATE
    return voice.animate(sound, width)[:n_frames]

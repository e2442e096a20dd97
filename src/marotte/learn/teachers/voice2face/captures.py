"""Captured faces as training examples: takes in, examples with ARKit amplitudes out.

Each set of takes gets ARKit's amplitudes by its own calibration (`marotte.learn.capture`), so that
the sets agree. Its lip gap stays the one that was captured. A control that a set lacks, or whose
score is dead, is unknown: it adds nothing to the losses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.calibrated import calibrate_takes
from marotte.learn.capture.split import held_out_names
from marotte.learn.capture.take import Clip, Take
from marotte.learn.teachers.encoders.feature_cache import FeatureCache
from marotte.learn.teachers.voice2face.decoder import FPS
from marotte.learn.teachers.voice2face.examples import CAPTURED, Example
from marotte.learn.teachers.voice2face.recipe import CapturesConfig
from marotte.learn.utterance import Utterance
from marotte.progress import Progress

# Speech hardly says anything about eyes and brows.
SPEAKING = tuple(name for name in ARKIT_52.names if not name.startswith(("eye", "brow")))


@dataclass(frozen=True)
class CapturedSplits:
    """Captured examples.

    Attributes:
        train: examples to train on.
        valid: the clips that are held out.
    """

    train: list[Example]
    valid: list[Example]


def load_captures(
    takes: Sequence[Take],
    config: CapturesConfig,
    cache: FeatureCache,
    progress: Progress | None = None,
) -> CapturedSplits:
    """Turn takes into examples, one per clip; a take without clips is one example.

    Args:
        takes: the takes of all sets.
        config: the recipe's table `[captures]`.
        cache: encoder of the features.
        progress: called with the seconds of sound done and of all sound.

    Raises:
        MarotteError: no take is left, or a set can't be calibrated.
    """
    result = CapturedSplits([], [])
    used = sorted(
        (take for take in takes if take.source not in config.without),
        key=lambda take: (take.source, take.name),
    )
    if not used:
        raise MarotteError(
            f"no captured faces are left of {len(takes)} takes: change captures.without"
        )
    done_s, total_s = 0.0, sum(take.seconds for take in used)
    for source, group in groupby(used, key=lambda take: take.source):
        source_takes = list(group)
        curves, known = calibrate_takes(source_takes, FPS, SPEAKING)
        held_out = held_out_names([clip.name for take in source_takes for clip in _clips(take)])
        for take, values in zip(source_takes, curves, strict=True):
            for example, clip in _examples(take, source, values, known, cache):
                split = result.valid if clip.name in held_out else result.train
                split.append(example)
            done_s += take.seconds
            if progress:
                progress(round(done_s), round(total_s))
    return result


def _clips(take: Take) -> Sequence[Clip]:
    return take.clips or (Clip(take.name, 0.0, take.seconds),)


def _examples(
    take: Take,
    source: str,
    curves: NDArray[np.float32],
    known: NDArray[np.bool_],
    cache: FeatureCache,
) -> Iterator[tuple[Example, Clip]]:
    """Yield an example per clip of a take; clips with a lost face are left out."""
    for clip in _clips(take):
        first, count = round(clip.start_s * FPS), round((clip.end_s - clip.start_s) * FPS)
        values = curves[first : first + count]
        # The sound starts exactly at the first frame.
        start = round(first / FPS * SAMPLE_RATE)
        samples = take.samples[start : start + round(count / FPS * SAMPLE_RATE)]
        if len(values) < FPS // 2 or np.isnan(values).any():
            continue
        name = f"{source}/{take.name}/{clip.name}"
        speech = Utterance(name, source, take.name, "", "", "", samples, SAMPLE_RATE, ())
        yield Example(speech, cache.encode(samples), values, CAPTURED, known, source), clip

"""Training examples of Voice2Face: labelled utterances in, features and curves at 30 fps out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.data.dataset import at_16_khz
from marotte.learn.data.labels import frame_count
from marotte.learn.data.store import Store
from marotte.learn.teachers.encoders import FEATURE_RATE
from marotte.learn.teachers.encoders.feature_cache import FeatureCache
from marotte.learn.teachers.voice2face.decoder import (
    BIN_RATE,
    BINS_PER_FRAME,
    CONTEXT_BINS,
    CONTEXT_FRAMES,
    FPS,
)
from marotte.learn.teachers.voice2face.recipe import SpeechConfig
from marotte.learn.utterance import Utterance
from marotte.progress import Progress

NOISE_SECONDS = 6.0
NOISES = ("silence", "white", "pink", "hum")
CAPTURED, ROUGH = 0, 1  # quality tags: of captured faces or better labels, and of other labels


@dataclass(frozen=True)
class Example:
    """One utterance or noise, and the target face.

    Attributes:
        utterance: the utterance with its sound.
        features: features [n, n_features] float16, 50 per second.
        curves: target controls [n_frames, n_controls] at 30 fps.
        tag: `CAPTURED` for labels of better quality, `ROUGH` for labels of lower quality.
        known: the controls that the labels know [n_controls]; None if they know all.
        set: the set of captured takes; empty for other speech.
    """

    utterance: Utterance
    features: NDArray[np.float16]
    curves: NDArray[np.float32]
    tag: int
    known: NDArray[np.bool_] | None = None
    set: str = ""


@dataclass(frozen=True)
class SelectedUtterance:
    """An utterance to train on, by its part and id in the corpus."""

    part: str
    id: str
    source: str
    seconds: float


def select_utterances(
    store: Store, labels: str, split: str, config: SpeechConfig
) -> list[SelectedUtterance]:
    """Draw utterances of a split at random, the same on every machine.

    Args:
        store: the corpus.
        labels: name of the teacher that made the labels.
        split: `train` draws each source's minutes; `valid` draws `valid_minutes` from all sources
            together.
        config: the recipe's table `[speech]`.

    Raises:
        MarotteError: a source has no labelled speech, or the labels are by several versions of the
            teacher.
    """
    store.version_of(labels)  # raises if the labels are by several versions
    splits = store.splits(announce=split == "valid")
    by_source: dict[str, list[SelectedUtterance]] = {}
    for part in store.labelled_parts(labels):
        for entry in store.entries([part]):
            if splits.of(entry) == split:
                source = entry.source if split == "train" else ""
                candidate = SelectedUtterance(part, entry.id, entry.source, entry.seconds)
                by_source.setdefault(source, []).append(candidate)
    budgets = config.minutes if split == "train" else {"": config.valid_minutes}
    result: list[SelectedUtterance] = []
    for source, minutes in budgets.items():
        if source not in by_source and split == "train":
            raise MarotteError(
                f"{store.folder} holds no speech to train on of the source {source!r} labelled by "
                f"{labels!r}: its sources are {', '.join(sorted(by_source)) or '(none)'}"
            )
        left_s = 60 * minutes
        for each in sorted(by_source.get(source, []), key=lambda e: _random_key(config.seed, e.id)):
            if left_s > 0:
                result.append(each)
                left_s -= each.seconds
    return result


def load_examples(
    store: Store,
    labels: str,
    selected: list[SelectedUtterance],
    cache: FeatureCache,
    rough: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> tuple[list[Example], tuple[str, ...]]:
    """Load the features and curves of utterances.

    Args:
        store: the corpus.
        labels: name of the teacher that made the labels.
        selected: the utterances.
        cache: encoder of the features.
        rough: sources whose labels are of lower quality.
        progress: called with the seconds of speech done and of all speech.

    Returns:
        the examples; the controls, one per column of the curves.

    Raises:
        MarotteError: the labels of two parts have different controls.
    """
    ids_by_part: dict[str, set[str]] = {}
    for each in selected:
        ids_by_part.setdefault(each.part, set()).add(each.id)
    result: list[Example] = []
    names: tuple[str, ...] = ()
    done_s, total_s = 0.0, sum(each.seconds for each in selected)
    for part, ids in sorted(ids_by_part.items()):
        part_labels = store.labels(labels, part)
        if names not in ((), part_labels.names):
            raise MarotteError(
                f"the labels of {labels!r} for the part {part} have other controls than those of "
                "the parts before it: label the corpus again"
            )
        names = part_labels.names
        for utterance in store.utterances([part], ids & part_labels.curves.keys()):
            curves = part_labels.curves[utterance.id]
            result.append(
                Example(
                    utterance,
                    cache.encode(at_16_khz(utterance)),
                    resample_curves(curves, part_labels.fps, utterance.seconds),
                    ROUGH if utterance.source in rough else CAPTURED,
                )
            )
            done_s += utterance.seconds
            if progress:
                progress(round(done_s), round(total_s))
    return result, names


def noise_utterances(minutes: float, seed: int) -> Iterator[Utterance]:
    """Yield sounds without speech, at random levels: silence, white and pink noise, and hum."""
    n = round(NOISE_SECONDS * SAMPLE_RATE)
    for number in range(round(60 * minutes / NOISE_SECONDS)):
        random = np.random.default_rng((seed, number))
        kind = NOISES[number % len(NOISES)]
        sound = (_noise(kind, n, random) * 10 ** random.uniform(-4, -1)).astype(np.float32)
        id = f"noise/{kind}/{number}"
        yield Utterance(id, "noise", kind, "", "CC0-1.0", "", sound, SAMPLE_RATE, ())


def _noise(kind: str, n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return a sound [n] of RMS 1, or silence."""
    if kind == "silence":
        return np.zeros(n)
    if kind == "hum":
        pitch = random.uniform(45, 400)
        cycles = np.arange(n)[:, None] * np.arange(1, 6) * pitch / SAMPLE_RATE
        sound = (np.sin(2 * np.pi * cycles) / np.arange(1, 6)).sum(1)
    else:
        spectrum = np.fft.rfft(random.standard_normal(n))
        if kind == "pink":
            spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))
        sound = np.fft.irfft(spectrum, n)
    return sound / np.sqrt(np.square(sound).mean())


def rest_example(
    utterance: Utterance, cache: FeatureCache, n_controls: int, tag: int = CAPTURED
) -> Example:
    """Return an example of a face at rest, whose controls are 0 in every rig."""
    curves = np.zeros((frame_count(utterance.seconds, FPS), n_controls), np.float32)
    return Example(utterance, cache.encode(utterance.samples), curves, tag)


def resample_curves(curves: NDArray[np.float16], fps: float, seconds: float) -> NDArray[np.float32]:
    """Interpolate curves linearly at k / 30 seconds [n_frames, n_controls]."""
    time_s = np.arange(frame_count(seconds, FPS)) / FPS
    position = torch.from_numpy(np.minimum(time_s * fps, len(curves) - 1))
    return interpolate(torch.from_numpy(np.array(curves)), position).numpy()


def frame_bins(features: Tensor, first_s: float, first_frame: int, n_frames: int) -> Tensor:
    """Return the input of `MeshDecoder.encode_windows` for consecutive frames of an utterance.

    The bins include those of one more frame on each side, which the LSTM needs.

    Args:
        features: features of the whole utterance [n, n_features], 50 per second; the first and
            the last are repeated outside.
        first_s: time of the first features.
        first_frame: the first frame.
        n_frames: number of frames.

    Returns:
        features every 1/60 s [2 * (n_frames + 1) + 21, n_features].
    """
    first = BINS_PER_FRAME * (first_frame - CONTEXT_FRAMES) - CONTEXT_BINS
    count = BINS_PER_FRAME * (n_frames - 1 + 2 * CONTEXT_FRAMES) + 2 * CONTEXT_BINS + 1
    time_s = torch.arange(first, first + count, dtype=torch.float64) / BIN_RATE
    return interpolate(features, ((time_s - first_s) * FEATURE_RATE).clamp(0, len(features) - 1))


def window_bins(features: Tensor, first_s: float) -> Tensor:
    """Return the input of `MeshDecoder.encode_windows` for one frame of each window of sound.

    Args:
        features: features of the windows [batch, n, n_features], 50 per second.
        first_s: time of the first features, relative to the frame.

    Returns:
        features every 1/60 s around the frame [batch, 21, n_features].
    """
    time_s = torch.arange(-CONTEXT_BINS, CONTEXT_BINS + 1, dtype=torch.float64) / BIN_RATE
    position = ((time_s - first_s) * FEATURE_RATE).clamp(0, features.shape[1] - 1)
    return (
        interpolate(features.transpose(0, 1).flatten(1), position)
        .unflatten(1, features.shape[::2])
        .transpose(0, 1)
    )


def interpolate(values: Tensor, position: Tensor) -> Tensor:
    """Interpolate values [n, width] linearly at fractional positions [m] within 0..n-1."""
    low = position.floor().long()
    share = (position - low).float()[:, None]
    after = (low + 1).clamp(max=len(values) - 1)
    return values[low].float() * (1 - share) + values[after].float() * share


def _random_key(seed: int, id: str) -> bytes:
    """Return a sort key that orders utterances at random, the same on every machine."""
    return hashlib.sha256(f"{seed}/{id}".encode()).digest()

"""What Voice2Face learns from: features of whole utterances, and a teacher's curves at 30 fps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.data.dataset import at_16_khz
from marotte.learn.data.splits import split_of
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

NOISE_SECONDS = 6.0
NOISES = ("silence", "white", "pink", "hum")


@dataclass(frozen=True)
class Example:
    """One utterance, or noise, and the face it should make.

    Attributes:
        utterance: with its sound.
        features: [n, n_features] float16, 50 a second.
        curves: [n_frames, n_controls] at 30 fps.
        tag: 0 for labels of the better quality, 1 for the others.
    """

    utterance: Utterance
    features: NDArray[np.float16]
    curves: NDArray[np.float32]
    tag: int


@dataclass(frozen=True)
class SelectedUtterance:
    """An utterance to learn from, by its place in the corpus."""

    part: str
    id: str
    source: str
    seconds: float


def select_utterances(
    store: Store, labels: str, split: str, choice: SpeechConfig
) -> list[SelectedUtterance]:
    """Draw utterances of a split: of each source its minutes, or of all sources together.

    Args:
        store: the corpus.
        labels: the teacher whose labels are learnt from.
        split: `train`, drawn by source; or `valid`, of which `valid_minutes` are drawn in all.
        choice: see there.

    Raises:
        MarotteError: there is no labelled speech of a source, or there are labels by several
            versions of the teacher.
    """
    store.version_of(labels)  # refuses a mixture
    found: dict[str, list[SelectedUtterance]] = {}
    for part in store.labelled_parts(labels):
        for entry in store.entries([part]):
            if split_of(entry) == split:
                source = entry.source if split == "train" else ""
                chosen = SelectedUtterance(part, entry.id, entry.source, entry.seconds)
                found.setdefault(source, []).append(chosen)
    budgets = choice.minutes if split == "train" else {"": choice.valid_minutes}
    result: list[SelectedUtterance] = []
    for source, minutes in budgets.items():
        if source not in found and split == "train":
            raise MarotteError(
                f"{store.folder} holds no speech of the source {source!r} to train on that "
                f"{labels!r} has labelled: there is {', '.join(sorted(found)) or 'none at all'}"
            )
        left_s = 60 * minutes
        for each in sorted(found.get(source, []), key=lambda e: _draw(choice.seed, e.id)):
            if left_s > 0:
                result.append(each)
                left_s -= each.seconds
    return result


def load_examples(
    store: Store,
    labels: str,
    chosen: list[SelectedUtterance],
    cache: FeatureCache,
    rough: tuple[str, ...] = (),
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Example], tuple[str, ...]]:
    """Features and curves of chosen utterances, and the controls that are the curves' columns.

    Raises:
        MarotteError: the labels of two parts have other controls.
    """
    ids: dict[str, set[str]] = {}
    for each in chosen:
        ids.setdefault(each.part, set()).add(each.id)
    result: list[Example] = []
    names: tuple[str, ...] = ()
    done_s, total_s = 0.0, sum(each.seconds for each in chosen)
    for part, wanted in sorted(ids.items()):
        found = store.labels(labels, part)
        if names not in ((), found.names):
            raise MarotteError(f"{labels!r} gives part {part} other controls than those before it")
        names = found.names
        for utterance in store.utterances([part], wanted & found.curves.keys()):
            result.append(
                Example(
                    utterance,
                    cache.encode(at_16_khz(utterance)),
                    resample_curves(found.curves[utterance.id], found.fps, utterance.seconds),
                    int(utterance.source in rough),
                )
            )
            done_s += utterance.seconds
            if progress:
                progress(round(done_s), round(total_s))
    return result, names


def noise_utterances(minutes: float, seed: int) -> Iterator[Utterance]:
    """Sounds in which nobody speaks: silence, white and pink noise, a hum, at several levels."""
    n = round(NOISE_SECONDS * SAMPLE_RATE)
    for number in range(round(60 * minutes / NOISE_SECONDS)):
        random = np.random.default_rng((seed, number))
        kind = NOISES[number % len(NOISES)]
        sound = (_noise(kind, n, random) * 10 ** random.uniform(-4, -1)).astype(np.float32)
        id = f"noise/{kind}/{number}"
        yield Utterance(id, "noise", kind, "", "CC0-1.0", "", sound, SAMPLE_RATE, ())


def _noise(kind: str, n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """A sound [n] of RMS 1."""
    if kind == "silence":
        return np.zeros(n)
    if kind == "hum":
        pitch = random.uniform(45, 400)
        turns = np.arange(n)[:, None] * np.arange(1, 6) * pitch / SAMPLE_RATE
        sound = (np.sin(2 * np.pi * turns) / np.arange(1, 6)).sum(1)
    else:
        spectrum = np.fft.rfft(random.standard_normal(n))
        if kind == "pink":
            spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))
        sound = np.fft.irfft(spectrum, n)
    return sound / np.sqrt(np.square(sound).mean())


def rest_example(utterance: Utterance, cache: FeatureCache, n_controls: int) -> Example:
    """A sound over which the face rests, which for every rig is 0."""
    curves = np.zeros((n_frames(utterance.seconds), n_controls), np.float32)
    return Example(utterance, cache.encode(utterance.samples), curves, 0)


def n_frames(seconds: float) -> int:
    """How many frames at 30 fps a sound has."""
    return max(1, int(np.ceil(seconds * FPS - 1e-9)))


def resample_curves(curves: NDArray[np.float16], fps: float, seconds: float) -> NDArray[np.float32]:
    """Curves of any rate at k / 30 seconds [n_frames, n_controls], linearly."""
    time_s = np.arange(n_frames(seconds)) / FPS
    place = torch.from_numpy(np.minimum(time_s * fps, len(curves) - 1))
    return interpolate(torch.from_numpy(np.array(curves)), place).numpy()


def frame_bins(features: Tensor, first_s: float, first_frame: int, n_frames: int) -> Tensor:
    """What `MeshDecoder.encode_windows` needs of an utterance to give some frames and the LSTM's neighbours.

    Args:
        features: of the whole utterance [n, n_features], 50 a second; beyond its ends the first
            and the last stand.
        first_s: the moment of the first.
        first_frame: of those wanted.
        n_frames: how many.

    Returns:
        [2 * (n_frames + 1) + 21, n_features], one every 1/60 s.
    """
    first = BINS_PER_FRAME * (first_frame - CONTEXT_FRAMES) - CONTEXT_BINS
    count = BINS_PER_FRAME * (n_frames - 1 + 2 * CONTEXT_FRAMES) + 2 * CONTEXT_BINS + 1
    time_s = torch.arange(first, first + count, dtype=torch.float64) / BIN_RATE
    return interpolate(features, ((time_s - first_s) * FEATURE_RATE).clamp(0, len(features) - 1))


def window_bins(features: Tensor, first_s: float) -> Tensor:
    """What `MeshDecoder.encode_windows` needs to give one frame of each of several windows of sound.

    Args:
        features: of the windows [batch, n, n_features], 50 a second.
        first_s: the moment of the first, from the frame on.

    Returns:
        [batch, 21, n_features], one every 1/60 s about the frame.
    """
    time_s = torch.arange(-CONTEXT_BINS, CONTEXT_BINS + 1, dtype=torch.float64) / BIN_RATE
    place = ((time_s - first_s) * FEATURE_RATE).clamp(0, features.shape[1] - 1)
    return (
        interpolate(features.transpose(0, 1).flatten(1), place)
        .unflatten(1, features.shape[::2])
        .transpose(0, 1)
    )


def interpolate(values: Tensor, place: Tensor) -> Tensor:
    """Values [n, ...] at fractional places [m] within 0..n-1, linearly."""
    low = place.floor().long()
    share = (place - low).float()[:, None]
    after = (low + 1).clamp(max=len(values) - 1)
    return values[low].float() * (1 - share) + values[after].float() * share


class ExampleSampler:
    """Draws crops of taught speech: the same for the same seed and step."""

    def __init__(self, speech: list[Example], first_s: float, n_frames: int) -> None:
        self.speech, self.first_s, self.n_frames = speech, first_s, n_frames
        lengths = np.array([len(each.curves) for each in speech])
        self.chance = np.cumsum(lengths) / lengths.sum()

    def draw(self, batch: int, seed: int, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Bins [batch, n_bins, n_features], curves [batch, n_frames, n_controls], tags [batch]."""
        random = np.random.default_rng((seed, step))
        chosen = np.minimum(
            np.searchsorted(self.chance, random.random(batch)), len(self.speech) - 1
        )
        bins, curves = [], []
        for each in (self.speech[index] for index in chosen):
            spare = max(0, len(each.curves) - self.n_frames)
            first = int(random.integers(0, spare + 1))
            features = torch.from_numpy(each.features)
            bins.append(frame_bins(features, self.first_s, first, self.n_frames))
            place = np.minimum(first + np.arange(self.n_frames), len(each.curves) - 1)
            curves.append(torch.from_numpy(each.curves[place]))
        tags = torch.tensor([self.speech[index].tag for index in chosen])
        return torch.stack(bins), torch.stack(curves), tags


def _draw(seed: int, id: str) -> bytes:
    """An order of utterances that is random, and the same on every machine."""
    return hashlib.sha256(f"{seed}/{id}".encode()).digest()

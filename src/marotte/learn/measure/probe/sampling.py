"""Held-out English in; windows of it stratified by phoneme out, and what is said in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.learn.data.dataset import at_16_khz
from marotte.learn.data.splits import split_of
from marotte.learn.data.store import Store
from marotte.learn.measure.probe.phoneme_maps import MAPS, PHONEMES, labels_of
from marotte.learn.utterance import Utterance
from marotte.model.timing import WindowSpec

SPLITS = ("test_clean", "test_other")
GRID_S = 0.01  # from one window that may be drawn to the next
TEST_SHARE = 0.15  # of utterances: no probe is tested on one that it was trained on


@dataclass(frozen=True)
class Sizes:
    """How many windows probes learn from and are tested on."""

    train: int = 50_000
    test: int = 5_000


QUICK = Sizes(5_000, 1_000)


@dataclass(frozen=True)
class Windows:
    """Windows of speech and what is said in their frames.

    Attributes:
        sounds: of the utterances, silence before and behind [n_samples] each.
        utterance: of each window, an index into `sounds` [n].
        start: its first sample there [n].
        labels: its class in each map [n].
        is_test: whether it belongs to the probes' test [n].
    """

    sounds: list[NDArray[np.float32]]
    utterance: NDArray[np.int64]
    start: NDArray[np.int64]
    labels: dict[str, NDArray[np.str_]]
    is_test: NDArray[np.bool_]


def draw(window: WindowSpec, store: Store, sizes: Sizes, seed: int) -> Windows:
    """Draw windows stratified by phoneme: each as often as it is in the speech.

    Raises:
        MarotteError: there is too little speech.
    """
    random = np.random.default_rng(seed)
    before, length = window.past_samples, window.n_samples
    sounds: list[NDArray[np.float32]] = []
    rows: list[tuple[int, int, bool]] = []
    classes: dict[str, list[str]] = {name: [] for name in (PHONEMES, *MAPS)}
    for number, utterance in enumerate(_english(store)):
        sounds.append(np.pad(at_16_khz(utterance), (before, length)))
        is_test = bool(random.random() < TEST_SHARE)
        for time_s, phone in _frames(utterance):
            rows.append((number, round(time_s * SAMPLE_RATE), is_test))
            for name, label in labels_of(utterance.phones, phone).items():
                classes[name].append(label)
    table = np.array(rows, np.int64).reshape(-1, 3)
    phonemes = np.array(classes[PHONEMES])
    is_test = table[:, 2] == 1
    chosen = [
        _stratified(phonemes, np.flatnonzero(is_test == test), count, random)
        for test, count in ((False, sizes.train), (True, sizes.test))
    ]
    at = np.concatenate(chosen)
    labels = {name: np.array(values)[at] for name, values in classes.items()}
    return Windows(sounds, table[at, 0], table[at, 1], labels, is_test[at])


def _english(store: Store) -> Iterator[Utterance]:
    for part in store.parts():
        wanted = {
            entry.id
            for entry in store.entries([part])
            if split_of(entry) in SPLITS and entry.language == "en"
        }
        if wanted:
            for utterance in store.utterances([part], only=wanted):
                if utterance.phones:
                    yield utterance


def _frames(utterance: Utterance) -> Iterator[tuple[float, int | None]]:
    """Moments every 10 ms, and which phone each is in; None in silence."""
    number = 0
    for time_s in np.arange(0, utterance.seconds, GRID_S):
        while number < len(utterance.phones) and utterance.phones[number].end_s <= time_s:
            number += 1
        inside = number < len(utterance.phones) and utterance.phones[number].start_s <= time_s
        yield float(time_s), number if inside else None


def _stratified(
    classes: NDArray[np.str_],
    there: NDArray[np.int64],
    count: int,
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Choose `count` places of those that are there, each class by its share."""
    if len(there) < count:
        raise MarotteError(
            f"the English test sets hold {len(there)} windows, the probes need {count}: "
            "use a larger corpus, or --quick"
        )
    order = random.permutation(there)
    # In each class the k-th of n stands at (k + 1/2) / n: the first `count` hold all in proportion.
    rank = np.zeros(len(order))
    for name in np.unique(classes[order]):
        of_class = np.flatnonzero(classes[order] == name)
        rank[of_class] = (np.arange(len(of_class)) + 0.5) / len(of_class)
    return np.sort(order[np.argsort(rank, kind="stable")[:count]])

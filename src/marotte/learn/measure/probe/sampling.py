"""Windows for probes: held-out English in, windows stratified by phoneme and their classes out."""

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
from marotte.learn.measure.probe.phoneme_maps import MAPS, PHONEMES, phone_classes
from marotte.learn.utterance import Utterance
from marotte.model.timing import WindowSpec

SPLITS = ("test_clean", "test_other")
GRID_S = 0.01  # spacing of the windows to draw from
TEST_SHARE = 0.15  # share of utterances for the test: no utterance is in both sets


@dataclass(frozen=True)
class Sizes:
    """The number of windows that train the probes and that test them."""

    train: int = 50_000
    test: int = 5_000


QUICK = Sizes(5_000, 1_000)


@dataclass(frozen=True)
class Windows:
    """Windows of speech and the classes of their frames.

    Attributes:
        sounds: the samples of each utterance [n_samples], padded with silence at both ends.
        utterance: the index into `sounds` of each window [n].
        start: the first sample of each window in its sound [n].
        labels: the class of each window in each map [n].
        is_test: whether each window tests the probes [n].
    """

    sounds: list[NDArray[np.float32]]
    utterance: NDArray[np.int64]
    start: NDArray[np.int64]
    labels: dict[str, NDArray[np.str_]]
    is_test: NDArray[np.bool_]


def draw_windows(window: WindowSpec, store: Store, sizes: Sizes, seed: int) -> Windows:
    """Draw windows stratified by phoneme: each phoneme is as frequent as in the speech.

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
            for name, label in phone_classes(utterance.phones, phone).items():
                classes[name].append(label)
    table = np.array(rows, np.int64).reshape(-1, 3)
    phonemes = np.array(classes[PHONEMES])
    is_test = table[:, 2] == 1
    chosen = [
        _stratified(phonemes, np.flatnonzero(is_test == test), count, random)
        for test, count in ((False, sizes.train), (True, sizes.test))
    ]
    indices = np.concatenate(chosen)
    labels = {name: np.array(values)[indices] for name, values in classes.items()}
    return Windows(sounds, table[indices, 0], table[indices, 1], labels, is_test[indices])


def _english(store: Store) -> Iterator[Utterance]:
    """Yield the English utterances of the test sets that have phones."""
    for part in store.parts():
        ids = {
            entry.id
            for entry in store.entries([part])
            if split_of(entry) in SPLITS and entry.language == "en"
        }
        if ids:
            for utterance in store.utterances([part], ids=ids):
                if utterance.phones:
                    yield utterance


def _frames(utterance: Utterance) -> Iterator[tuple[float, int | None]]:
    """Yield a time every 10 ms and the index of its phone, which is None in silence."""
    number = 0
    for time_s in np.arange(0, utterance.seconds, GRID_S):
        while number < len(utterance.phones) and utterance.phones[number].end_s <= time_s:
            number += 1
        inside = number < len(utterance.phones) and utterance.phones[number].start_s <= time_s
        yield float(time_s), number if inside else None


def _stratified(
    classes: NDArray[np.str_],
    available: NDArray[np.int64],
    count: int,
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Choose `count` of the available indices, each class in proportion to its share."""
    if len(available) < count:
        raise MarotteError(
            f"the English test sets hold {len(available)} windows, the probes need {count}: "
            "use a larger corpus, or --quick"
        )
    order = random.permutation(available)
    # The k-th of the n windows of a class gets the rank (k + 1/2) / n. The first `count` windows
    # by rank therefore hold all classes in proportion.
    rank = np.zeros(len(order))
    for name in np.unique(classes[order]):
        of_class = np.flatnonzero(classes[order] == name)
        rank[of_class] = (np.arange(len(of_class)) + 0.5) / len(of_class)
    return np.sort(order[np.argsort(rank, kind="stable")[:count]])

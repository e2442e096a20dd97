"""Speech of a corpus for benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from marotte.learn.data.store import Store
from marotte.learn.measure.evaluate import choose_utterances
from marotte.learn.utterance import Utterance


def utterances(corpus: Path, split: str, minutes: float | None) -> Iterator[Utterance]:
    """Yield a test set's utterances whose phones are known; at most some minutes of them."""
    store = Store(corpus)
    for part, ids in choose_utterances(store, split, minutes).items():
        wanted = set(ids)
        yield from (each for each in store.utterances([part]) if each.id in wanted and each.phones)

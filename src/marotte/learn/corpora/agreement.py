"""How well the aligner agrees with voices that know when they said what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from marotte.errors import MarotteError
from marotte.learn.corpora.source import Source
from marotte.learn.speech.align import aligner
from marotte.learn.speech.phones import VISEME_OF
from marotte.learn.utterance import Phone


@dataclass(frozen=True)
class Agreement:
    """Differences of phone onsets, aligned minus known, over some utterances.

    Attributes:
        utterances: how many were aligned.
        failed: how many could not be.
        phones: how many onsets were compared.
        matched: the share of the known phones that were found.
        bias_ms: the median difference.
        median_ms: the median of the differences' sizes.
        within_20_ms: the share of differences up to 20 ms.
        within_50_ms: the share of differences up to 50 ms.
    """

    utterances: int
    failed: int
    phones: int
    matched: float
    bias_ms: float
    median_ms: float
    within_20_ms: float
    within_50_ms: float


def measure_agreement(source: Source, count: int) -> Agreement:
    """Align `count` utterances of a source that knows its phones, and compare."""
    keys = source.items()
    aligner("en")  # a missing package is said at once
    failed, known = 0, 0
    differences_s: list[float] = []
    for key in keys[:: max(1, len(keys) // count)][:count]:
        try:
            utterance = source.utterance(key)
            found = aligner(utterance.language).align(
                utterance.samples, utterance.rate, utterance.text
            )
        except MarotteError:
            failed += 1
            continue
        known += len(utterance.phones)
        differences_s += _onset_differences(utterance.phones, found)
    sizes_ms = 1000 * np.abs(differences_s or [np.nan])
    return Agreement(
        utterances=count - failed,
        failed=failed,
        phones=len(differences_s),
        matched=len(differences_s) / max(known, 1),
        bias_ms=float(1000 * np.median(differences_s or [np.nan])),
        median_ms=float(np.median(sizes_ms)),
        within_20_ms=float((sizes_ms <= 20).mean()),
        within_50_ms=float((sizes_ms <= 50).mean()),
    )


def _onset_differences(known: Sequence[Phone], found: Sequence[Phone]) -> list[float]:
    """Seconds between onsets of phones that both sequences have in the same order.

    They need only be the same viseme: pronunciations differ in their vowels.
    """
    one, other = ([VISEME_OF[phone.ipa] for phone in phones] for phones in (known, found))
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [
        found[block.b + index].start_s - known[block.a + index].start_s
        for block in blocks
        for index in range(block.size)
    ]

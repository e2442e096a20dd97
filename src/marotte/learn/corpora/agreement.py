"""Measure the aligner: phone onsets that it finds, compared with those of synthesised speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import final

import numpy as np

from marotte.errors import MarotteError
from marotte.learn.corpora.source import Source
from marotte.learn.speech.align import aligner
from marotte.learn.speech.phones import VISEME_OF
from marotte.learn.utterance import Phone


@final
@dataclass(frozen=True)
class Agreement:
    """Differences between aligned and known phone onsets of some utterances.

    Attributes:
        utterances: the number of aligned utterances.
        failed: the number of utterances that could not be aligned.
        phones: the number of compared onsets.
        matched: the share of the known phones that the aligner found.
        bias_ms: the median difference, aligned minus known.
        median_ms: the median absolute difference.
        within_20_ms: the share of absolute differences up to 20 ms.
        within_50_ms: the share of absolute differences up to 50 ms.
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
    """Align `count` utterances of a source whose phone times are known, and compare.

    Raises:
        MarotteError: the source or the aligner can't be used here.
    """
    keys = source.items()
    aligner("en")  # report a missing package before the first utterance
    failed, n_known = 0, 0
    differences_s: list[float] = []
    for key in keys[:: max(1, len(keys) // count)][:count]:
        try:
            utterance = source.utterance(key)
            aligned = aligner(utterance.language).align(
                utterance.samples, utterance.rate, utterance.text
            )
        except MarotteError:
            failed += 1
            continue
        n_known += len(utterance.phones)
        differences_s += _onset_differences(utterance.phones, aligned)
    errors_ms = 1000 * np.abs(differences_s or [np.nan])
    return Agreement(
        utterances=count - failed,
        failed=failed,
        phones=len(differences_s),
        matched=len(differences_s) / max(n_known, 1),
        bias_ms=float(1000 * np.median(differences_s or [np.nan])),
        median_ms=float(np.median(errors_ms)),
        within_20_ms=float((errors_ms <= 20).mean()),
        within_50_ms=float((errors_ms <= 50).mean()),
    )


def _onset_differences(known: Sequence[Phone], aligned: Sequence[Phone]) -> list[float]:
    """Return the differences in seconds between onsets of phones that both sequences have.

    Phones match if they have the same viseme, because pronunciations differ in their vowels.
    """
    known_visemes = [VISEME_OF[phone.ipa] for phone in known]
    aligned_visemes = [VISEME_OF[phone.ipa] for phone in aligned]
    matcher = SequenceMatcher(None, known_visemes, aligned_visemes, autojunk=False)
    blocks = matcher.get_matching_blocks()
    return [
        aligned[block.b + index].start_s - known[block.a + index].start_s
        for block in blocks
        for index in range(block.size)
    ]

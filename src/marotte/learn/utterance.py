"""The noun of the learning path: one piece of speech, what is said in it, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Phone:
    """A phoneme with its time.

    Attributes:
        ipa: the symbol in IPA, e.g. `tʃ`; the empty string is silence.
        start_s: when it begins, in seconds of the utterance.
        end_s: when it ends.
        stress: 0 none or unknown, 1 primary, 2 secondary.
    """

    ipa: str
    start_s: float
    end_s: float
    stress: int = 0


@dataclass(frozen=True)
class Utterance:
    """A piece of speech by one speaker.

    Attributes:
        id: unique in its corpus, and stable: `source/speaker/clip`.
        source: the name of the source that gave it, e.g. `hibari`.
        speaker: unique within the source.
        language: ISO 639-1, e.g. `en`.
        licence: SPDX identifier or a short name.
        text: the transcript, empty where there is none.
        samples: mono sound [n_samples], float32 within -1..1.
        rate: samples a second.
        phones: in order, without overlap; gaps are silence. Empty where unknown.
    """

    id: str
    source: str
    speaker: str
    language: str
    licence: str
    text: str
    samples: NDArray[np.float32]
    rate: int
    phones: tuple[Phone, ...]

    @property
    def seconds(self) -> float:
        """How long the sound lasts."""
        return len(self.samples) / self.rate

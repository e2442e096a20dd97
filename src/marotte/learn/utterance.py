"""An utterance: one recording of speech with its transcript and the times of its phones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray


@final
@dataclass(frozen=True)
class Phone:
    """A phone with its start and end time.

    Attributes:
        ipa: the symbol in IPA, e.g. `tʃ`; the empty string is silence.
        start_s: start in seconds from the beginning of the utterance.
        end_s: end in seconds from the beginning of the utterance.
        stress: 0 for none or unknown, 1 for primary, 2 for secondary.
    """

    ipa: str
    start_s: float
    end_s: float
    stress: int = 0


@final
@dataclass(frozen=True)
class Utterance:
    """A recording of one speaker.

    Attributes:
        id: unique in its corpus and stable: `source/speaker/clip`.
        source: the name of the source it comes from, e.g. `hibari`.
        speaker: unique within the source.
        language: ISO 639-1 code, e.g. `en`.
        licence: SPDX identifier or a short name.
        text: the transcript; empty if there is none.
        samples: mono samples [n_samples], float32 within -1..1.
        rate: sample rate in Hz.
        phones: in order, without overlap; gaps are silence. Empty if unknown.

    Example:
        >>> silence = np.zeros(8_000, np.float32)
        >>> Utterance("me/anna/1", "me", "anna", "en", "CC0-1.0", "", silence, 16_000, ()).seconds
        0.5
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
        """Duration in seconds."""
        return len(self.samples) / self.rate

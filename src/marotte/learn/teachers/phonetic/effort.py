"""Effort: the sound of speech in, how large an utterance is articulated out.

People who speak up move jaw and lips further. The level of a recording says little about effort,
since microphones and gains differ. Two things do not depend on them: a raised voice has a flatter
spectrum (Sluijter & van Heuven 1996, "Spectral balance as an acoustic correlate of linguistic
stress"), and lively speech has a wider range of pitch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from marotte.learn.teachers.phonetic.prosody import Prosody
from marotte.learn.utterance import Phone

LOW_HZ, MIDDLE_HZ, HIGH_HZ = 80.0, 1_000.0, 4_000.0
TYPICAL_TILT_DB = -13.0  # energy of 1 to 4 kHz over that below, in the vowels of calm speech
TYPICAL_RANGE = 3.4  # standard deviation of the vowels' pitch in semitones
EFFORT_PER_DB = 0.015
EFFORT_PER_SEMITONE = 0.02
SMALLEST_EFFORT, LARGEST_EFFORT = 0.95, 1.4
MIN_VOWELS = 3  # fewer voiced vowels say nothing about effort


def effort(phones: Sequence[Phone], vowels: Sequence[bool], prosody: Prosody) -> float:
    """Return the factor on all targets of an utterance: 1 for calm speech.

    Args:
        phones: the phonemes, in order.
        vowels: whether each phoneme is a vowel; the others do not count.
        prosody: prosody of the sound.

    Returns:
        A factor within `SMALLEST_EFFORT`..`LARGEST_EFFORT`; 1 where too few vowels are voiced.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.teachers.phonetic.effort import effort
        >>> from marotte.learn.teachers.phonetic.prosody import Prosody
        >>> effort([], [], Prosody.of(np.zeros(8_000, np.float32), 16_000))
        1.0
    """
    tilts_db: list[float] = []
    semitones: list[float] = []
    for phone, vowel in zip(phones, vowels, strict=True):
        if not vowel:
            continue
        pitch = prosody.pitch[prosody.frames(phone.start_s, phone.end_s)]
        voiced = pitch[np.isfinite(pitch)]
        if 2 * len(voiced) > len(pitch):
            semitones.append(float(np.median(voiced)))
            tilts_db.append(_tilt_db(prosody, phone))
    if len(tilts_db) < MIN_VOWELS:
        return 1.0
    spread = float(np.std(np.clip(np.array(semitones) - np.median(semitones), -7, 7)))
    louder = EFFORT_PER_DB * (float(np.median(tilts_db)) - TYPICAL_TILT_DB)
    livelier = EFFORT_PER_SEMITONE * (spread - TYPICAL_RANGE)
    return float(np.clip(1 + louder + livelier, SMALLEST_EFFORT, LARGEST_EFFORT))


def _tilt_db(prosody: Prosody, phone: Phone) -> float:
    """Return the energy of 1 to 4 kHz relative to that below 1 kHz, in dB."""
    low = prosody.band_energy(phone.start_s, phone.end_s, LOW_HZ, MIDDLE_HZ)
    high = prosody.band_energy(phone.start_s, phone.end_s, MIDDLE_HZ, HIGH_HZ)
    return float(10 * np.log10(max(high, 1e-30) / max(low, 1e-30)))

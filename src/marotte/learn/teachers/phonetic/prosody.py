"""How strongly each phoneme is spoken: loudness and pitch of the sound, relative to its speaker.

JALI drives the size of both axes by them: a louder, higher vowel opens wider.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.learn.utterance import Phone

FRAME_S = 0.032
HOP_S = 0.010
LOWEST_PITCH_HZ = 65.0
HIGHEST_PITCH_HZ = 450.0
PERIODICITY = 0.45  # below this share of its energy a frame has no pitch
AS_HIGH = 0.9  # a peak of the autocorrelation this near to the highest counts as much

GAIN_PER_DB = 0.025
GAIN_PER_SEMITONE = 0.02
STRESS_GAIN = {0: 0.92, 1: 1.12, 2: 1.03}
SMALLEST_GAIN = 0.7
LARGEST_GAIN = 1.4


@dataclass(frozen=True)
class Prosody:
    """Loudness and pitch of a sound, a value every `HOP_S`; frame i is centred on i * 10 ms.

    Attributes:
        loudness: in dB [n].
        pitch: in semitones [n], NaN where there is none.
        samples: the sound.
        rate: samples a second.
    """

    loudness: NDArray[np.float64]
    pitch: NDArray[np.float64]
    samples: NDArray[np.float32]
    rate: int

    @classmethod
    def of(cls, samples: NDArray[np.float32], rate: int) -> Prosody:
        """Measure a sound [n_samples]."""
        return cls(*loudness_and_pitch(samples, rate), samples, rate)

    def frames(self, start_s: float, end_s: float) -> slice:
        """The frames of a stretch of time: at least one, where the sound has any."""
        first = max(0, min(int(start_s / HOP_S), len(self.loudness) - 1))
        return slice(first, max(first + 1, int(np.ceil(end_s / HOP_S))))

    def brightness(self, start_s: float, end_s: float, from_hz: float) -> float:
        """The share of a stretch's energy above a frequency, 0..1."""
        piece = self.samples[max(0, int(start_s * self.rate)) : int(end_s * self.rate)]
        if not len(piece):
            return 0.0
        power = np.abs(np.fft.rfft(piece * np.hanning(len(piece)))) ** 2
        first = int(np.ceil(from_hz * len(piece) / self.rate))
        return float(power[first:].sum() / max(power.sum(), 1e-12))


def loudness_and_pitch(
    samples: NDArray[np.float32], rate: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Loudness in dB and pitch in semitones, every 10 ms.

    Pitch is the first high peak of the autocorrelation of each 32 ms frame within 65-450 Hz, NaN
    where the frame is not periodic.

    Returns:
        loudness [n], pitch [n]; frame i is centred on i * 10 ms.
    """
    size, hop = round(FRAME_S * rate), round(HOP_S * rate)
    padded = np.pad(samples.astype(np.float64), size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hanning(size)
    spectrum = np.fft.rfft(frames, 2 * size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)
    shortest, longest = int(rate / HIGHEST_PITCH_HZ), int(rate / LOWEST_PITCH_HZ)
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(size), 2 * size)) ** 2)
    # Divided by the window's own autocorrelation, a later lag competes fairly.
    shape = correlation[:, shortest:longest] / (window[shortest:longest] / window[0])
    energy = correlation[:, 0]
    highest = shape.max(axis=1)
    # A sound of some period has as high a peak at twice that: the first of them is its pitch.
    peak = (shape[:, 1:-1] >= shape[:, :-2]) & (shape[:, 1:-1] >= shape[:, 2:])
    best = 1 + (peak & (shape[:, 1:-1] > AS_HIGH * highest[:, None])).argmax(axis=1)
    periodic = peak.any(axis=1) & (highest > PERIODICITY * energy)
    pitch = np.where(periodic & (energy > 0), 12 * np.log2(rate / (best + shortest)), np.nan)
    return 10 * np.log10(energy / size + 1e-10), pitch


def gains(phones: Sequence[Phone], vowels: Sequence[bool], prosody: Prosody) -> NDArray[np.float64]:
    """The size of each phoneme's articulation: 1 at the speaker's ordinary loudness and pitch.

    Args:
        phones: the phonemes, in order.
        vowels: which of them are vowels: these set what is ordinary, and only these change.
        prosody: of the sound they are in.

    Returns:
        One gain a phoneme [n_phones], within `SMALLEST_GAIN`..`LARGEST_GAIN`.
    """
    result = np.ones(len(phones))
    voiced = [i for i, vowel in enumerate(vowels) if vowel]
    if not voiced or not len(prosody.loudness):
        return result
    decibels, semitones = [], []
    for i in voiced:
        near = prosody.frames(phones[i].start_s, phones[i].end_s)
        decibels.append(prosody.loudness[near].max())
        sung = prosody.pitch[near][np.isfinite(prosody.pitch[near])]
        semitones.append(np.median(sung) if len(sung) else np.nan)
    heights = np.array(semitones)
    ordinary = np.nanmedian(heights) if np.isfinite(heights).any() else 0.0
    above = np.nan_to_num(np.clip(heights - ordinary, -7, 7))
    louder = np.array(decibels) - np.median(decibels)
    result[voiced] = 1 + GAIN_PER_DB * louder + GAIN_PER_SEMITONE * above
    result[voiced] *= _stress([phones[i].stress for i in voiced])
    return np.clip(result, SMALLEST_GAIN, LARGEST_GAIN)


def _stress(marks: Sequence[int]) -> NDArray[np.float64]:
    """What stress does to vowels: nothing where it is not known, which is where none has any."""
    if not any(marks):
        return np.ones(len(marks))
    return np.array([STRESS_GAIN[mark] for mark in marks])

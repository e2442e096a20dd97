"""How strongly each phoneme is spoken: loudness and pitch of the sound, relative to its speaker.

JALI drives the size of both axes by them: a louder, higher vowel opens wider.
"""

from __future__ import annotations

from collections.abc import Sequence

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
SMALLEST_GAIN = 0.75
LARGEST_GAIN = 1.35


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


def gains(
    phones: Sequence[Phone], vowels: Sequence[bool], samples: NDArray[np.float32], rate: int
) -> NDArray[np.float64]:
    """The size of each phoneme's articulation: 1 at the speaker's ordinary loudness and pitch.

    Args:
        phones: the phonemes, in order.
        vowels: which of them are vowels: these set what is ordinary, and only these change.
        samples: the sound [n].
        rate: samples a second.

    Returns:
        One gain a phoneme [n_phones], within 0.75..1.35.
    """
    result = np.ones(len(phones))
    voiced = [i for i, vowel in enumerate(vowels) if vowel]
    if not voiced or not len(samples):
        return result
    loudness, pitch = loudness_and_pitch(samples, rate)
    decibels, semitones = [], []
    for i in voiced:
        first = min(int(phones[i].start_s / HOP_S), len(loudness) - 1)
        last = max(first + 1, int(np.ceil(phones[i].end_s / HOP_S)))
        decibels.append(loudness[first:last].max())
        sung = pitch[first:last][np.isfinite(pitch[first:last])]
        semitones.append(np.median(sung) if len(sung) else np.nan)
    heights = np.array(semitones)
    ordinary = np.nanmedian(heights) if np.isfinite(heights).any() else 0.0
    above = np.nan_to_num(np.clip(heights - ordinary, -7, 7))
    louder = np.array(decibels) - np.median(decibels)
    result[voiced] = 1 + GAIN_PER_DB * louder + GAIN_PER_SEMITONE * above
    return np.clip(result, SMALLEST_GAIN, LARGEST_GAIN)

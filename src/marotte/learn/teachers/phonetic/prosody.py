"""Prosody: a sound in, its loudness and pitch out, and the gain of each phoneme's articulation.

As in JALI, a louder or higher vowel opens wider, relative to the speaker's own vowels.
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
PERIODICITY = 0.45  # smallest autocorrelation peak of a frame with pitch, relative to its energy
PEAK_SHARE = 0.9  # smallest height of the pitch peak, relative to the highest peak

QUIET_DB = 25.0  # softer frames, relative to loud speech, say nothing about the voice

GAIN_PER_DB = 0.010
GAIN_PER_SEMITONE = 0.01
STRESS_GAIN = {0: 0.88, 1: 1.12, 2: 1.03}
SMALLEST_GAIN = 0.7
LARGEST_GAIN = 1.4


@dataclass(frozen=True)
class Prosody:
    """Properties of a sound, one value per `HOP_S`; frame i is centred on i * 10 ms.

    Attributes:
        loudness: loudness in dB [n].
        pitch: pitch in semitones [n], NaN for frames without pitch.
        tilt: energy of 1 to 4 kHz over that below in dB [n], NaN for quiet frames.
        frontness: energy of 1.6 to 4 kHz over that of 0.6 to 1.6 kHz in dB [n]: high for front
            vowels; NaN for quiet frames.
        hiss: energy above 4 kHz over that of 1 to 4 kHz in dB [n], NaN for quiet frames.
        samples: the sound.
        rate: sample rate in Hz.
    """

    loudness: NDArray[np.float64]
    pitch: NDArray[np.float64]
    tilt: NDArray[np.float64]
    frontness: NDArray[np.float64]
    hiss: NDArray[np.float64]
    samples: NDArray[np.float32]
    rate: int

    @classmethod
    def of(cls, samples: NDArray[np.float32], rate: int) -> Prosody:
        """Measure a sound [n_samples]."""
        loudness, pitch = loudness_and_pitch(samples, rate)
        return cls(loudness, pitch, *spectral_shape(samples, rate, loudness), samples, rate)

    def frames(self, start_s: float, end_s: float) -> slice:
        """Return the frames of a time interval; at least one frame, unless the sound is empty."""
        first = max(0, min(int(start_s / HOP_S), len(self.loudness) - 1))
        return slice(first, max(first + 1, int(np.ceil(end_s / HOP_S))))

    def brightness(self, start_s: float, end_s: float, from_hz: float) -> float:
        """Return the share of a time interval's energy above a frequency, 0..1."""
        total = self.band_energy(start_s, end_s, 0.0, self.rate)
        return self.band_energy(start_s, end_s, from_hz, self.rate) / max(total, 1e-12)

    def band_energy(self, start_s: float, end_s: float, from_hz: float, to_hz: float) -> float:
        """Return the energy of a time interval between two frequencies."""
        piece = self.samples[max(0, int(start_s * self.rate)) : int(end_s * self.rate)]
        if not len(piece):
            return 0.0
        # A length of a power of two: prime lengths would be slow.
        size = 1 << (len(piece) - 1).bit_length()
        power = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), size)) ** 2
        first, last = (int(np.ceil(hz * size / self.rate)) for hz in (from_hz, to_hz))
        return float(power[first:last].sum())


def loudness_and_pitch(
    samples: NDArray[np.float32], rate: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return loudness in dB [n] and pitch in semitones [n], every 10 ms.

    The pitch of a 32 ms frame is the first high peak of its autocorrelation within 65 to 450 Hz;
    NaN if the frame is not periodic. Frame i is centred on i * 10 ms.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.teachers.phonetic.prosody import loudness_and_pitch
        >>> tone = np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000).astype(np.float32)
        >>> _, pitch = loudness_and_pitch(tone, 16_000)
        >>> round(2 ** (np.median(pitch) / 12))
        200
    """
    size, hop = round(FRAME_S * rate), round(HOP_S * rate)
    padded = np.pad(samples.astype(np.float64), size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hanning(size)
    spectrum = np.fft.rfft(frames, 2 * size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)
    shortest, longest = int(rate / HIGHEST_PITCH_HZ), int(rate / LOWEST_PITCH_HZ)
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(size), 2 * size)) ** 2)
    # Division by the window's autocorrelation removes its decay towards longer lags.
    shape = correlation[:, shortest:longest] / (window[shortest:longest] / window[0])
    energy = correlation[:, 0]
    highest = shape.max(axis=1)
    # A periodic sound has equal peaks at multiples of its period: the first one is the pitch.
    peak = (shape[:, 1:-1] >= shape[:, :-2]) & (shape[:, 1:-1] >= shape[:, 2:])
    best = 1 + (peak & (shape[:, 1:-1] > PEAK_SHARE * highest[:, None])).argmax(axis=1)
    periodic = peak.any(axis=1) & (highest > PERIODICITY * energy)
    pitch = np.where(periodic & (energy > 0), 12 * np.log2(rate / (best + shortest)), np.nan)
    return 10 * np.log10(energy / size + 1e-10), pitch


def spectral_shape(
    samples: NDArray[np.float32], rate: int, loudness: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return tilt, frontness and hiss in dB, each [n], every 10 ms; see `Prosody`.

    They are ratios of energies, so they do not depend on the level of the recording.

    Args:
        samples: the sound [n_samples].
        rate: sample rate in Hz.
        loudness: loudness in dB [n]; frames more than `QUIET_DB` softer than loud speech are NaN.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.teachers.phonetic.prosody import spectral_shape
        >>> tone = np.sin(2 * np.pi * 5_000 * np.arange(1_600) / 16_000).astype(np.float32)
        >>> bool((spectral_shape(tone, 16_000, np.zeros(10))[2] > 20).all())
        True
    """
    size, hop = round(FRAME_S * rate), round(HOP_S * rate)
    padded = np.pad(samples.astype(np.float32), size // 2)
    window = np.hanning(size).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][: len(loudness)]
    power = np.square(np.abs(np.fft.rfft(frames * window))) + 1e-9
    hertz = np.fft.rfftfreq(size, 1 / rate)

    def level_db(low_hz: float, high_hz: float) -> NDArray[np.float64]:
        band = (hertz >= low_hz) & (hertz < high_hz)
        energy = power[:, band].sum(axis=1) if band.any() else np.full(len(power), 1e-9)
        return 10 * np.log10(energy)

    quiet = loudness < (np.percentile(loudness, 95) if len(loudness) else 0.0) - QUIET_DB
    high = level_db(1_000, 4_000)
    shapes = (
        high - level_db(80, 1_000),
        level_db(1_600, 4_000) - level_db(600, 1_600),
        level_db(4_000, rate) - high,
    )
    tilt, frontness, hiss = (np.where(quiet, np.nan, shape) for shape in shapes)
    return tilt, frontness, hiss


def gains(phones: Sequence[Phone], vowels: Sequence[bool], prosody: Prosody) -> NDArray[np.float64]:
    """Return the gain of each phoneme's articulation: 1 at the speaker's median loudness and pitch.

    Args:
        phones: the phonemes, in order.
        vowels: whether each phoneme is a vowel. Only vowels have a gain other than 1, and the
            medians are those of the vowels.
        prosody: prosody of the sound.

    Returns:
        Gains [n_phones] within `SMALLEST_GAIN`..`LARGEST_GAIN`.
    """
    result = np.ones(len(phones))
    indices = [i for i, vowel in enumerate(vowels) if vowel]
    if not indices or not len(prosody.loudness):
        return result
    decibels, semitones = [], []
    for i in indices:
        frames = prosody.frames(phones[i].start_s, phones[i].end_s)
        decibels.append(prosody.loudness[frames].max())
        voiced = prosody.pitch[frames][np.isfinite(prosody.pitch[frames])]
        semitones.append(np.median(voiced) if len(voiced) else np.nan)
    pitch = np.array(semitones)
    median_pitch = np.nanmedian(pitch) if np.isfinite(pitch).any() else 0.0
    higher = np.nan_to_num(np.clip(pitch - median_pitch, -7, 7))
    louder = np.array(decibels) - np.median(decibels)
    result[indices] = 1 + GAIN_PER_DB * louder + GAIN_PER_SEMITONE * higher
    result[indices] *= _stress_gains([phones[i].stress for i in indices])
    return np.clip(result, SMALLEST_GAIN, LARGEST_GAIN)


def _stress_gains(marks: Sequence[int]) -> NDArray[np.float64]:
    """Return the gains by stress; all 1 if no vowel is stressed, as then stress is unknown."""
    if not any(marks):
        return np.ones(len(marks))
    return np.array([STRESS_GAIN[mark] for mark in marks])

"""Synthetic non-speech sounds, at which the mouth should stay closed, and how often it opens."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.measure.predictors import Predictor
from marotte.learn.metrics import open_share
from marotte.learn.utterance import Utterance
from marotte.progress import Progress

SECONDS = 4.0
LEVEL = 10 ** (-30 / 20)  # RMS of every sound but silence: that of soft speech
MAINS_HZ = 50.0
CHORDS_HZ = (  # C, a minor, F, G
    (261.6, 329.6, 392.0),
    (220.0, 261.6, 329.6),
    (174.6, 220.0, 261.6),
    (196.0, 246.9, 293.7),
)

Sound = NDArray[np.float64]


def sounds() -> dict[str, NDArray[np.float32]]:
    """Return the sounds by name [n_samples] at 16 kHz, the same on every machine.

    Example:
        >>> sounds()["hum"].shape
        (64000,)
    """
    time = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    random = np.random.default_rng(0)
    raw: dict[str, Sound] = {
        "silence": np.zeros(len(time)),
        "white noise": random.normal(size=len(time)),
        "brown noise": _brown_noise(random, len(time)),
        "hum": _harmonics(time, MAINS_HZ, 8),
        "sine 200 Hz": np.sin(2 * np.pi * 200 * time),
        "sine 440 Hz": np.sin(2 * np.pi * 440 * time),
        "sine 1000 Hz": np.sin(2 * np.pi * 1000 * time),
        "music": _music(time, random),
        "clicks": _clicks(time, random),
    }
    return {name: _at_level(sound) for name, sound in raw.items()}


def open_shares_by_sound(
    predictor: Predictor, progress: Progress | None = None
) -> dict[str, float]:
    """Return the share of frames with open lips, by the name of the sound."""
    head = load_head()
    return open_shares(lambda each: head.lip_gap(predictor(each), ARKIT_52.names), progress)


def open_shares(
    gap_mm: Callable[[Utterance], NDArray[np.floating]], progress: Progress | None = None
) -> dict[str, float]:
    """Return the share of frames with open lips, by the name of the sound.

    Args:
        gap_mm: returns the lip gap [n_frames] of an utterance.
        progress: called with the number of sounds done and their total.
    """
    shares, all_sounds = {}, sounds()
    for done, (name, samples) in enumerate(all_sounds.items(), start=1):
        utterance = Utterance(name, "none", "none", "", "", "", samples, SAMPLE_RATE, ())
        shares[name] = open_share(gap_mm(utterance))
        if progress:
            progress(done, len(all_sounds))
    return shares


def _at_level(sound: Sound) -> NDArray[np.float32]:
    rms = np.sqrt(np.square(sound).mean())
    return np.clip(sound * (LEVEL / rms if rms else 0), -1, 1).astype(np.float32)


def _brown_noise(random: np.random.Generator, n_samples: int) -> Sound:
    """Return noise whose power falls by 6 dB per octave, from 20 Hz on."""
    spectrum = np.fft.rfft(random.normal(size=n_samples))
    frequency_hz = np.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE)
    return np.fft.irfft(spectrum * (frequency_hz > 20) / np.maximum(frequency_hz, 20), n_samples)


def _harmonics(time: Sound, frequency_hz: float, count: int) -> Sound:
    return sum(
        (np.sin(2 * np.pi * frequency_hz * k * time) / k for k in range(1, count + 1)),
        np.zeros(len(time)),
    )


def _music(time: Sound, random: np.random.Generator) -> Sound:
    """Return four plucked chords per two-second bar, with a bass and a drum on every beat."""
    beat_s = 0.5
    beat, since_s = (time // beat_s).astype(int), time % beat_s
    result = np.zeros(len(time))
    for number in range(int(SECONDS / beat_s)):
        in_beat = beat == number
        chord = CHORDS_HZ[number % len(CHORDS_HZ)]
        notes = sum(_harmonics(since_s[in_beat], hertz, 5) for hertz in (*chord, chord[0] / 4))
        drum = random.normal(size=in_beat.sum()) * np.exp(-since_s[in_beat] / 0.03)
        result[in_beat] = notes * np.exp(-since_s[in_beat] / 0.3) + 2 * drum
    return result


def _clicks(time: Sound, random: np.random.Generator) -> Sound:
    """Return three clicks per second of 2 ms each, like those of a mouse or a keyboard."""
    result = np.zeros(len(time))
    for start in random.integers(0, len(time) - 32, round(3 * SECONDS)):
        result[start : start + 32] = random.normal(size=32)
    return result

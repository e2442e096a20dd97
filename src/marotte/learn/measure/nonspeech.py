"""Sounds that are no speech, made here: whoever opens the mouth at them opens it for nothing."""

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

SECONDS = 4.0
LEVEL = 10 ** (-30 / 20)  # RMS of all but silence: as loud as soft speech
MAINS_HZ = 50.0
CHORDS_HZ = (  # C, a minor, F, G
    (261.6, 329.6, 392.0),
    (220.0, 261.6, 329.6),
    (174.6, 220.0, 261.6),
    (196.0, 246.9, 293.7),
)

Sound = NDArray[np.float64]


def sounds() -> dict[str, NDArray[np.float32]]:
    """Each sound by name [n_samples] at 16 kHz, the same on every machine."""
    time = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    random = np.random.default_rng(0)
    made: dict[str, Sound] = {
        "silence": np.zeros(len(time)),
        "white noise": random.normal(size=len(time)),
        "brown noise": _brown(random, len(time)),
        "hum": _harmonics(time, MAINS_HZ, 8),
        "sine 200 Hz": np.sin(2 * np.pi * 200 * time),
        "sine 440 Hz": np.sin(2 * np.pi * 440 * time),
        "sine 1000 Hz": np.sin(2 * np.pi * 1000 * time),
        "music": _music(time, random),
        "clicks": _clicks(time, random),
    }
    return {name: _at_level(sound) for name, sound in made.items()}


def stillness(
    face: Predictor, progress: Callable[[int, int], None] | None = None
) -> dict[str, float]:
    """Share of frames with open lips in each of `sounds`, by name."""
    head = load_head()
    return open_shares(lambda each: head.lip_gap(face(each), ARKIT_52.names), progress)


def open_shares(
    gap_mm: Callable[[Utterance], NDArray[np.floating]],
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """The same for whatever gives an utterance a lip gap [n_frames]."""
    shares, made = {}, sounds()
    for done, (name, samples) in enumerate(made.items(), start=1):
        utterance = Utterance(name, "none", "none", "", "", "", samples, SAMPLE_RATE, ())
        shares[name] = open_share(gap_mm(utterance))
        if progress:
            progress(done, len(made))
    return shares


def _at_level(sound: Sound) -> NDArray[np.float32]:
    power = np.sqrt(np.square(sound).mean())
    return np.clip(sound * (LEVEL / power if power else 0), -1, 1).astype(np.float32)


def _brown(random: np.random.Generator, n: int) -> Sound:
    """Noise whose power falls by 6 dB an octave, from 20 Hz on."""
    spectrum = np.fft.rfft(random.normal(size=n))
    hertz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    return np.fft.irfft(spectrum * (hertz > 20) / np.maximum(hertz, 20), n)


def _harmonics(time: Sound, hertz: float, count: int) -> Sound:
    return sum(
        (np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, count + 1)),
        np.zeros(len(time)),
    )


def _music(time: Sound, random: np.random.Generator) -> Sound:
    """Four plucked chords a bar of two seconds, with a bass below and a drum on every beat."""
    beat_s = 0.5
    beat, since_s = (time // beat_s).astype(int), time % beat_s
    result = np.zeros(len(time))
    for number in range(int(SECONDS / beat_s)):
        here = beat == number
        chord = CHORDS_HZ[number % len(CHORDS_HZ)]
        notes = sum(_harmonics(since_s[here], hertz, 5) for hertz in (*chord, chord[0] / 4))
        drum = random.normal(size=here.sum()) * np.exp(-since_s[here] / 0.03)
        result[here] = notes * np.exp(-since_s[here] / 0.3) + 2 * drum
    return result


def _clicks(time: Sound, random: np.random.Generator) -> Sound:
    """Three clicks of 2 ms a second, as of a mouse or a keyboard."""
    result = np.zeros(len(time))
    for start in random.integers(0, len(time) - 32, round(3 * SECONDS)):
        result[start : start + 32] = random.normal(size=32)
    return result

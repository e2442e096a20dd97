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
        "telephone": np.sin(2 * np.pi * np.where(time * 20 % 1 < 0.5, 853, 960) * time),
        "chimes": _chimes(time),
        "pulsed chords": _pulsed_chords(time),
        "beat": _beat(time, random),
        "keyboard": _keyboard(time, random),
        "claps": _claps(time, random, np.linspace(0.4, 3.6, 9)),
        "applause": _claps(time, random, random.uniform(0, SECONDS, 240)),
        "barks": _barks(time, random),
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


def _chimes(time: Sound) -> Sound:
    """Return a doorbell of two bells with inharmonic partials, twice."""
    result = np.zeros(len(time))
    for start_s, hertz in ((0.2, 659.3), (0.8, 523.3), (2.2, 659.3), (2.8, 523.3)):
        since_s = time - start_s
        for ratio, decay_s in ((0.5, 1.2), (1, 0.8), (2.4, 0.4), (4.1, 0.2)):
            partial = np.sin(2 * np.pi * hertz * ratio * since_s) * np.exp(-since_s / decay_s)
            result += np.where(since_s > 0, partial, 0) / ratio
    return result


def _pulsed_chords(time: Sound) -> Sound:
    """Return an organ's chords, one a second, switched on and off eight times a second."""
    result = np.zeros(len(time))
    for number, chord in enumerate(CHORDS_HZ):
        in_bar = (time.astype(int) % len(CHORDS_HZ) == number) & (time * 8 % 1 < 0.6)
        for hertz in chord:
            result[in_bar] += _harmonics(time[in_bar], hertz, 6)
    return result


def _beat(time: Sound, random: np.random.Generator) -> Sound:
    """Return a drum kit at 120 beats per minute: bass drum, snare and hi-hat."""
    since_bass_s, since_snare_s, since_hat_s = time % 1.0, (time + 0.5) % 1.0, time % 0.25
    noise = random.normal(size=len(time))
    bass = np.sin(2 * np.pi * 55 * since_bass_s + 8 * np.exp(-since_bass_s / 0.02))
    snare = np.sin(2 * np.pi * 190 * since_snare_s) + noise
    hat = np.diff(noise, n=2, append=[0, 0])
    return (
        2 * bass * np.exp(-since_bass_s / 0.12)
        + snare * np.exp(-since_snare_s / 0.06)
        + 0.15 * hat * np.exp(-since_hat_s / 0.02)
    )


def _keyboard(time: Sound, random: np.random.Generator) -> Sound:
    """Return seven keystrokes a second: a dull knock of the key down, a lighter one of it up."""
    result = np.zeros(len(time))
    for start_s in np.arange(0.05, SECONDS - 0.3, 1 / 7) + random.uniform(0, 0.05, 26):
        for at_s, strength, hertz in ((0, 1.0, 420), (random.uniform(0.06, 0.1), 0.4, 900)):
            since_s = time - start_s - at_s
            knock = np.sin(2 * np.pi * hertz * since_s) + random.normal(size=len(time))
            result += np.where(since_s > 0, strength * knock * np.exp(-since_s / 0.006), 0)
    return result


def _claps(time: Sound, random: np.random.Generator, starts_s: Sound) -> Sound:
    """Return hand claps: noise around 1 to 2 kHz that rises in 2 ms and decays in 8 to 15 ms."""
    result = np.zeros(len(time))
    for start_s in starts_s:
        since_s = time - start_s
        decay_s, hertz = random.uniform(0.008, 0.015), random.uniform(900, 2000)
        noise = np.convolve(random.normal(size=len(time)), _band(hertz), "same")
        rise = np.clip(since_s / 0.002, 0, 1)
        clap = noise * rise * np.exp(-np.maximum(since_s, 0) / decay_s)
        result += random.uniform(0.5, 1) * clap
    return result


def _band(hertz: float) -> Sound:
    """Return the impulse response of a band about one octave wide."""
    time = np.arange(-32, 33) / SAMPLE_RATE
    return np.cos(2 * np.pi * hertz * time) * np.hanning(65)


def _barks(time: Sound, random: np.random.Generator) -> Sound:
    """Return eight barks of a dog: a rough tone that rises and falls, with noise."""
    result = np.zeros(len(time))
    for start_s in np.array([0.2, 0.55, 1.3, 1.65, 2.0, 2.7, 3.1, 3.45]):
        share = (time - start_s) / random.uniform(0.12, 0.2)
        within = (share > 0) & (share < 1)
        hertz = 480 + 260 * np.sin(np.pi * np.clip(share, 0, 1) ** 0.6)
        phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
        orders = np.arange(1, 9)[:, None]
        tone = (np.sin(orders * phase) / orders**0.7).sum(axis=0)
        rough = tone + 1.5 * np.convolve(random.normal(size=len(time)), _band(1300), "same") / 8
        result += np.where(within, rough * np.sin(np.pi * np.clip(share, 0, 1)) ** 0.5, 0)
    return result

"""Synthetic sounds that are not speech, from noise to bells and barks, for the banks of `sounds`.

Each of `SYNTHESISERS` draws a kind's sound [n_samples], or rows of it, from a random generator.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE

Waveform = NDArray[np.float64]

SECONDS = 60
FIGURE_SECONDS = 600  # of rings and bursts, whose figures differ most: a minute holds 30 of them
_COLOURS_DB = (3.0, 0.0, -1.5, -3.0, -4.5, -6.0)  # dB per octave: blue, white ... pink ... brown
_CHORDS = ((0,), (0, 12), (0, 4, 7), (0, 3, 7), (0, 5, 9), (0, 4, 7, 11))  # semitones
_MAINS_HZ = (50.0, 60.0)
_BELLS = (  # ratios of partials to the strike note: church bells, bars, cups
    (0.5, 1, 1.2, 1.5, 2, 2.5, 3, 4.2),
    (1, 2.76, 5.4, 8.9),
    (1, 2.3, 4.1, 6.3),
)


def _noise(rng: np.random.Generator) -> Waveform:
    n = SECONDS * SAMPLE_RATE // 2
    octaves = np.log2(np.fft.rfftfreq(n, 1 / SAMPLE_RATE).clip(min=50) / 1000)
    white = np.fft.rfft(rng.normal(size=(len(_COLOURS_DB), n)))
    return np.fft.irfft(white * 10 ** (np.outer(_COLOURS_DB, octaves) / 20), n)


def _tones(rng: np.random.Generator) -> Waveform:
    """Return 64 rows of two seconds: half sines of 60 to 5000 Hz, half mains hum."""
    time_s = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    sines = np.sin(2 * np.pi * np.outer(np.geomspace(60, 5000, 32), time_s))
    strengths = rng.exponential(size=(32, 12)) / np.arange(1, 13)
    harmonics = [_harmonics(each, time_s) for each in _MAINS_HZ]
    hums = [strength @ harmonics[k % len(harmonics)] for k, strength in enumerate(strengths)]
    return np.concatenate([sines, hums])


def _harmonics(hertz: float, time_s: Waveform) -> Waveform:
    return np.sin(2 * np.pi * hertz * np.outer(np.arange(1, 13), time_s))


def _music(rng: np.random.Generator) -> Waveform:
    """Return a sequence of chords with random attack and decay; half have a drum beat."""
    sound = np.zeros(SECONDS * SAMPLE_RATE)
    start_s = 0.0
    while start_s < SECONDS:
        length_s = rng.uniform(0.2, 1.2)
        time_s = np.arange(int(1.5 * length_s * SAMPLE_RATE)) / SAMPLE_RATE
        attack_s, decay_s = rng.uniform(0.003, 0.1), length_s * rng.uniform(0.2, 3)
        root_hz, roll_off = 2 ** rng.uniform(6, 9.5), rng.uniform(0.5, 2.5)
        notes = np.zeros_like(time_s)
        for semitone in _CHORDS[rng.integers(len(_CHORDS))]:
            for harmonic in range(1, 7):
                hertz = harmonic * root_hz * 2 ** (semitone / 12)
                phase = 2 * np.pi * (hertz * time_s + rng.random())
                notes += np.sin(phase) / harmonic**roll_off
        if rng.random() < 0.5:
            notes += rng.normal(size=len(time_s)) * np.exp(-time_s / rng.uniform(0.01, 0.1))
        fade = np.minimum(1, (time_s[-1] - time_s) / 0.02)
        notes *= np.minimum(1, time_s / attack_s) * np.exp(-time_s / decay_s) * fade
        _add(sound, notes, start_s)
        start_s += length_s
    return sound


def _clicks(rng: np.random.Generator) -> Waveform:
    """Return about three clicks per second: impulses, short ringing clicks and dull knocks."""
    sound = np.zeros(SECONDS * SAMPLE_RATE)
    time_s = np.arange(SAMPLE_RATE // 10) / SAMPLE_RATE
    start_s = 0.0
    while start_s < SECONDS:
        decay_s = np.exp(rng.uniform(np.log(0.0003), np.log(0.02)))
        ring_hz = min(7000.0, rng.uniform(1, 20) / decay_s)
        ring = np.cos(2 * np.pi * ring_hz * time_s) + rng.normal(size=len(time_s))
        click = ring * np.exp(-time_s / decay_s) / np.sqrt(decay_s)
        _add(sound, click * rng.uniform(0.3, 1) * rng.choice([-1, 1]), start_s)
        start_s += rng.exponential(0.3)
    return sound


def _rings(rng: np.random.Generator) -> Waveform:
    """Return tones that come and go: telephones, alarms, chimes, pulsed chords, sweeps.

    Each figure lasts 0.5 to 3 s: strokes of a bell, or a tone or chord that is switched on and off,
    or two that alternate, 1 to 30 times per second.
    """
    sound = np.zeros(FIGURE_SECONDS * SAMPLE_RATE)
    start_s = 0.0
    while start_s < FIGURE_SECONDS:
        time_s = np.arange(int(rng.uniform(0.5, 3) * SAMPLE_RATE)) / SAMPLE_RATE
        figure = _bell(rng, time_s) if rng.random() < 0.3 else _switched(rng, time_s)
        _add(sound, _level(figure), start_s)
        start_s += len(time_s) / SAMPLE_RATE + rng.choice([0, rng.uniform(0, 0.5)])
    return sound


def _switched(rng: np.random.Generator, time_s: Waveform) -> Waveform:
    cycle = time_s * 2 ** rng.uniform(0, 5) % 1
    first, second = _ringing(rng, time_s, cycle), _ringing(rng, time_s, cycle)
    share, edge = rng.uniform(0.2, 0.8), rng.uniform(0.005, 0.2)
    on = np.clip(np.minimum(cycle, share - cycle) / edge, 0, 1)
    return first * on + (second * (1 - on) if rng.random() < 0.4 else 0)


def _ringing(rng: np.random.Generator, time_s: Waveform, cycle: Waveform) -> Waveform:
    """Return a tone or chord with a random timbre; some glide or fade within each cycle."""
    root_hz, roll_off = 2 ** rng.uniform(7, 11.5), rng.uniform(0.5, 3)
    glide = rng.choice([0, rng.uniform(-0.5, 0.5)])
    hertz_s = np.cumsum(2 ** (glide * cycle)) / SAMPLE_RATE
    partials = rng.integers(1, 7) if root_hz < 1200 else 1
    notes = np.zeros_like(time_s)
    for semitone in _CHORDS[rng.integers(len(_CHORDS))]:
        for partial in range(1, partials + 1):
            turns = partial * root_hz * 2 ** (semitone / 12) * hertz_s
            notes += np.sin(2 * np.pi * (turns + rng.random())) / partial**roll_off
    return notes * np.exp(-cycle * rng.choice([0, rng.uniform(0, 8)])) / np.sqrt(partials)


def _bell(rng: np.random.Generator, time_s: Waveform) -> Waveform:
    """Return strokes of up to four bells that ring on; high partials fade first."""
    stroke_s, uneven = 2 ** rng.uniform(-3, 1.5), rng.choice([0, 0.4])
    bells_hz = 2 ** rng.uniform(7.5, 11) * 2 ** (rng.integers(-9, 10, rng.integers(1, 5)) / 12)
    ratios = np.array(_BELLS[rng.integers(len(_BELLS))])
    ratios = ratios * rng.uniform(0.9, 1.1, len(ratios))
    if rng.random() < 0.5:  # bells and bowls of any other shape
        ratios = np.sort(2 ** rng.uniform(-1, 2.5, rng.integers(2, 7)))
    strengths = rng.uniform(0.3, 1, len(ratios)) / ratios ** rng.uniform(0.3, 1.3)
    decays_s = 2 ** rng.uniform(-3, 1) / ratios ** rng.uniform(0.3, 1.2)
    sound, start_s = np.zeros_like(time_s), 0.0
    while start_s < time_s[-1]:
        since_s = time_s[: len(time_s) - int(start_s * SAMPLE_RATE)]
        for hertz, strength, decay_s in zip(
            rng.choice(bells_hz) * ratios, strengths, decays_s, strict=True
        ):
            if hertz < SAMPLE_RATE / 2:
                turns = hertz * since_s + rng.random()
                partial = strength * np.sin(2 * np.pi * turns) * np.exp(-since_s / decay_s)
                _add(sound, partial, start_s)
        start_s += stroke_s * (1 + rng.uniform(-uneven, uneven))
    return sound


def _bursts(rng: np.random.Generator) -> Waveform:
    """Return short events, from one a second to applause: knocks, claps, keys, barks, drum beats.

    Each figure lasts 1 to 4 s. Its events are alike, regular or irregular.
    """
    sound = np.zeros(FIGURE_SECONDS * SAMPLE_RATE)
    start_s = 0.0
    while start_s < FIGURE_SECONDS:
        figure = np.zeros(int(rng.uniform(1, 4) * SAMPLE_RATE))
        calls, regular = rng.random() < 0.4, rng.random() < 0.5
        per_s = 2 ** rng.uniform(0, 2.6 if calls else 6)
        event = _call(rng, per_s) if calls else _knock(rng, per_s)
        at_s = rng.uniform(0, 0.3)
        while at_s < len(figure) / SAMPLE_RATE:
            _add(figure, event(rng) * rng.uniform(0.5, 1), at_s)
            at_s += 1 / per_s if regular else rng.exponential(1 / per_s)
        _add(sound, _level(figure), start_s)
        start_s += len(figure) / SAMPLE_RATE
    return sound


def _knock(rng: np.random.Generator, per_s: float) -> Callable[[np.random.Generator], Waveform]:
    """Return a maker of similar events that start suddenly and decay: noise, some with a tone."""
    length_s = min(2 ** rng.uniform(-7, -2), 4 / per_s)
    n = int(4 * length_s * SAMPLE_RATE)
    time_s, response = np.arange(n) / SAMPLE_RATE, _resonance(*_band(rng), n)
    envelope = np.minimum(1, time_s / (0.05 * length_s)) * np.exp(-time_s / length_s)
    tone = rng.choice([0, 1, 4], p=(0.5, 0.25, 0.25))
    hertz = 2 ** rng.uniform(7.5, 10) * 2 ** (rng.uniform(-1, 1) * time_s / length_s)
    timbre = _timbre(rng, 11)

    def make(random: np.random.Generator) -> Waveform:
        noise = _level(_through(response, random.normal(size=n)))
        return (noise + tone * _voice(hertz * random.uniform(0.9, 1.1), timbre)) * envelope

    return make


def _call(rng: np.random.Generator, per_s: float) -> Callable[[np.random.Generator], Waveform]:
    """Return a maker of similar events that swell and fade: barks, calls of birds, horns, squeaks.

    Their pitch rises and falls within each; it is higher, or glides further, than that of most
    voices. They have up to 20 harmonics, with a resonance or without, and noise.
    """
    longest_s = min(0.6, 1 / per_s)
    length_s = longest_s * 2 ** rng.uniform(-3, 0)
    root_hz, glide, peak = 2 ** rng.uniform(7.8, 11.3), rng.uniform(-1.2, 1.2), rng.uniform(0.3, 1)
    steep, noisy, timbre = rng.uniform(0.3, 1.5), 2 ** rng.uniform(-4, 1), _timbre(rng, 20)
    band, resonant = _band(rng), rng.random() < 0.4

    def make(random: np.random.Generator) -> Waveform:
        n = int(length_s * random.uniform(0.8, 1.2) * SAMPLE_RATE)
        arc = np.sin(np.pi * (np.arange(n) / n) ** peak)
        voice = _voice(root_hz * random.uniform(0.95, 1.05) * 2 ** (glide * arc), timbre)
        response = _resonance(*band, n)
        if resonant:
            voice = _through(response + 0.05, voice)
        noise = _level(_through(response, random.normal(size=n)))
        return (_level(voice) + noisy * noise) * arc**steep

    return make


def _timbre(rng: np.random.Generator, most: int) -> Waveform:
    """Return the strengths of harmonics."""
    orders = np.arange(1, rng.integers(2, most + 1))
    return orders ** -rng.uniform(0.3, 1.5) * rng.uniform(0.5, 1, len(orders))


def _voice(hertz: Waveform, timbre: Waveform) -> Waveform:
    """Return a tone of changing pitch; its harmonics stop below half the sample rate."""
    turns = np.cumsum(hertz) / SAMPLE_RATE
    audible = enumerate(timbre[: max(1, int(SAMPLE_RATE / 2 / hertz.max()))], start=1)
    return np.sum([strength * np.sin(2 * np.pi * k * turns) for k, strength in audible], axis=0)


def _band(rng: np.random.Generator) -> tuple[float, float]:
    """Return the centre of a band in hertz and its width in octaves."""
    return 2 ** rng.uniform(7, 12.5), rng.uniform(0.3, 2)


def _resonance(centre_hz: float, width: float, n: int) -> Waveform:
    """Return the response of a band, for the spectrum of n samples."""
    hertz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE).clip(min=20)
    return np.exp(-((np.log2(hertz / centre_hz) / width) ** 2))


def _through(response: Waveform, sound: Waveform) -> Waveform:
    return np.fft.irfft(np.fft.rfft(sound) * response, len(sound))


def _breath(rng: np.random.Generator) -> Waveform:
    """Return breaths of 0.3 to 1.2 s with pauses: noise through two broad resonances."""
    sound = np.zeros(SECONDS * SAMPLE_RATE)
    start_s = 0.0
    while start_s < SECONDS:
        length_s = rng.uniform(0.3, 1.2)
        n = int(length_s * SAMPLE_RATE)
        hertz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
        centres_hz = rng.uniform((400, 1500), (1200, 3500))
        shape = sum(1 / (1 + ((hertz - centre) / 400) ** 2) for centre in centres_hz) + 0.05
        hiss = np.fft.irfft(np.fft.rfft(rng.normal(size=n)) * shape, n)
        _add(sound, hiss * np.sin(np.pi * np.arange(n) / n) ** 2, start_s)
        start_s += length_s + rng.uniform(0.1, 0.8)
    return sound


def _level(sound: Waveform) -> Waveform:
    """Return a sound at RMS 1."""
    return sound / np.sqrt(np.square(sound).mean())


def _add(sound: Waveform, piece: Waveform, start_s: float) -> None:
    target = sound[int(start_s * SAMPLE_RATE) :][: len(piece)]
    target += piece[: len(target)]


SYNTHESISERS: dict[str, Callable[[np.random.Generator], Waveform]] = {
    "noise": _noise,
    "music": _music,
    "clicks": _clicks,
    "tones": _tones,
    "rings": _rings,
    "bursts": _bursts,
    "breath": _breath,
}

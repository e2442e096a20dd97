"""Sounds to mix with speech: synthetic ones, from noise to applause; recordings; babble.

Each kind is a bank [rows, n_bank] of one to five minutes and of RMS 1, synthesised once from a
fixed seed. Crops take excerpts of a bank at random positions.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError

Waveform = NDArray[np.float64]

SECONDS = 60
FIGURE_SECONDS = 300  # of rings and bursts, whose figures differ most: a minute holds 30 of them
RECORDED_SECONDS = 1800  # read at most this much of a user's folder: 115 MB
_SEED = 20251107
_COLOURS_DB = (3.0, 0.0, -1.5, -3.0, -4.5, -6.0)  # dB per octave: blue, white ... pink ... brown
_CHORDS = ((0,), (0, 12), (0, 4, 7), (0, 3, 7), (0, 5, 9), (0, 4, 7, 11))  # semitones
_MAINS_HZ = (50.0, 60.0)
_TONES = ((0.5, 0.25, 0.25), (0.1, 0.3, 0.6))  # of bursts that decay, and that swell


def excerpts(bank: Tensor, count: int, n: int, generator: torch.Generator) -> Tensor:
    """Return random excerpts [count, n] of a bank [rows, n_bank]."""
    rows, length = bank.shape
    row = torch.randint(rows, (count,), generator=generator)
    start = torch.randint(length - n + 1, (count,), generator=generator)
    return bank.unfold(1, n, 1)[row, start]


def babble(
    samples: Tensor, level: Tensor, rows: Tensor, generator: torch.Generator, most: int = 6
) -> Tensor:
    """Return babble [m, n] of RMS near 1: two to six other crops of the batch, mixed.

    Args:
        samples: all crops [batch, n].
        level: RMS of each crop's speech [batch].
        rows: the crops that babble is made for; a crop is not part of its own babble [m].
        generator: source of the random numbers.
        most: largest number of voices; a small batch has fewer.
    """
    batch = len(samples)
    others = 1 + torch.randperm(batch - 1, generator=generator)[:most]
    voices = torch.randint(2, most + 1, (len(rows),), generator=generator).clamp(max=len(others))
    mixed = torch.zeros(len(rows), samples.shape[1])
    for k, shift in enumerate(others):
        other = (rows + shift) % batch
        gain = (k < voices) / (level[other].clamp(min=1e-5) * voices.sqrt())
        mixed.addcmul_(samples[other], gain[:, None])
    return mixed


@functools.cache
def synthetic_bank(kind: str) -> Tensor:
    """Return the bank [rows, n_bank] of a kind of sound, of RMS 1, the same on every machine.

    Args:
        kind: `noise`, `music`, `clicks`, `tones`, `rings`, `bursts` or `breath`.
    """
    synthesisers = {
        "noise": _noise, "music": _music, "clicks": _clicks, "tones": _tones, "rings": _rings,
        "bursts": _bursts, "breath": _breath,
    }  # fmt: skip
    sound = np.atleast_2d(synthesisers[kind](np.random.default_rng(_SEED)))
    # Each row of noise and tones has RMS 1; events keep their different levels.
    by_row = kind in ("noise", "tones")
    sound /= np.sqrt(np.square(sound).mean(axis=1 if by_row else None, keepdims=True))
    return torch.from_numpy(sound.astype(np.float32))


@functools.cache
def recorded_bank(folder: str) -> Tensor:
    """Return the recordings of a folder, concatenated [1, n_bank], each of RMS 1.

    Raises:
        MarotteError: the folder holds less than a minute of sound, or a file can't be read.
    """
    from marotte.audio.recording import open_recording

    root = Path(folder).expanduser()
    paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in _ENDINGS)
    sounds: list[NDArray[np.float32]] = []
    for path in paths:
        sound = open_recording(path).read()
        if sound.any():
            sounds.append(sound / np.sqrt(np.square(sound).mean()))
        if sum(map(len, sounds)) > RECORDED_SECONDS * SAMPLE_RATE:
            break
    bank = np.concatenate([*sounds, np.zeros(0, np.float32)])
    if len(bank) < SECONDS * SAMPLE_RATE:
        raise MarotteError(
            f"augment.recordings is {folder}, which holds {len(bank) / SAMPLE_RATE:.0f} s "
            f"of sound: give a folder with {SECONDS} s or more of WAV, FLAC, OGG or MP3 files"
        )
    return torch.from_numpy(bank)[None]


_ENDINGS = frozenset({".wav", ".flac", ".ogg", ".mp3"})


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
    or two that alternate, 1 to 30 times a second.
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
    """Return strokes of a bell: inharmonic partials, of which high ones fade first."""
    root_hz, stroke_s = 2 ** rng.uniform(7.5, 11), 2 ** rng.uniform(-3, 1.5)
    since_s = time_s % stroke_s
    partials = rng.integers(2, 7)
    ratios = np.cumsum(np.concatenate([[1.0], rng.uniform(0.3, 1.8, partials - 1)]))
    decay_s, strengths = 2 ** rng.uniform(-3, 0.5), rng.uniform(0.3, 1, partials)
    notes = np.zeros_like(time_s)
    for ratio, strength in zip(ratios, strengths, strict=True):
        turns = ratio * root_hz * time_s + rng.random()
        notes += strength * np.sin(2 * np.pi * turns) * np.exp(-since_s * ratio / decay_s) / ratio
    return notes


def _bursts(rng: np.random.Generator) -> Waveform:
    """Return short events, from one a second to applause: knocks, claps, keys, barks, drum beats.

    Each figure lasts 1 to 4 s. Its events are alike, regular or irregular.
    """
    sound = np.zeros(FIGURE_SECONDS * SAMPLE_RATE)
    start_s = 0.0
    while start_s < FIGURE_SECONDS:
        figure = np.zeros(int(rng.uniform(1, 4) * SAMPLE_RATE))
        per_s, regular = 2 ** rng.uniform(0, 6), rng.random() < 0.5
        burst = _burst(rng, min(2 ** rng.uniform(-7, -2), 4 / per_s))
        at_s = 0.0
        while at_s < len(figure) / SAMPLE_RATE:
            _add(figure, burst(rng) * rng.uniform(0.5, 1), at_s)
            at_s += 1 / per_s if regular else rng.exponential(1 / per_s)
        _add(sound, _level(figure), start_s)
        start_s += len(figure) / SAMPLE_RATE
    return sound


def _burst(rng: np.random.Generator, length_s: float) -> Callable[[np.random.Generator], Waveform]:
    """Return a maker of similar events: filtered noise, some with a gliding tone.

    Most events start suddenly and decay. Others swell and fade, and their tone rises and falls:
    these are barks and calls.
    """
    n = int(4 * length_s * SAMPLE_RATE)
    hertz, time_s = np.fft.rfftfreq(n, 1 / SAMPLE_RATE), np.arange(n) / SAMPLE_RATE
    centre_hz, width = 2 ** rng.uniform(7, 12.5), rng.uniform(0.3, 2)
    response = np.exp(-((np.log2(hertz.clip(min=20) / centre_hz) / width) ** 2))
    swells = rng.random() < 0.35
    share = np.minimum(1, time_s / (4 * length_s))
    swell = np.sin(np.pi * share ** rng.uniform(0.4, 1)) ** rng.uniform(0.4, 1.5)
    decay = np.minimum(1, time_s / (0.05 * length_s)) * np.exp(-time_s / length_s)
    envelope, glide = swell if swells else decay, rng.uniform(-1, 1)
    tone_hz, tone = 2 ** rng.uniform(7.5, 10), rng.choice([0, 1, 4], p=_TONES[swells])
    pitch = tone_hz * 2 ** (glide * (swell if swells else time_s / length_s))
    orders, roll_off = np.arange(1, rng.integers(2, 12)), rng.uniform(0.3, 1.5)

    def make(random: np.random.Generator) -> Waveform:
        noise = _level(np.fft.irfft(np.fft.rfft(random.normal(size=n)) * response, n))
        turns = random.uniform(0.9, 1.1) * np.cumsum(pitch) / SAMPLE_RATE
        audible = orders[orders * pitch.max() * 1.1 < SAMPLE_RATE / 2]
        voice = sum(np.sin(2 * np.pi * each * turns) / each**roll_off for each in audible)
        return (noise + tone * voice) * envelope

    return make


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

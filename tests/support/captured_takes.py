"""Synthetic captured takes: a voice, and a mouth that opens with its loudness."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import soundfile
from synthetic import make_voice

from marotte.face.rig import ARKIT_52
from marotte.learn.capture.take import Clip, Take, Word
from marotte.learn.data.captured import CapturedCurves

SPEECH_S, PAUSE_S = 1.0, 1.0  # of each phrase: quiet, then speech, then quiet
LEVELS = (0.2, 1.0, 0.5, 0.3, 0.9, 0.6)  # loudness of the phrases in turn


def phrases(n_phrases: int = 6) -> np.ndarray:
    """Return a sound [n_samples] at 16 kHz: a second of quiet before and after each second."""
    quiet = np.zeros(round(PAUSE_S * 16_000), np.float32)
    voice = make_voice(SPEECH_S, 16_000)
    parts = [level * voice for level, _ in zip(itertools.cycle(LEVELS), range(n_phrases))]
    return np.concatenate([quiet, *itertools.chain(*((part, quiet) for part in parts))])


def mouth(n_phrases: int = 6, fps: float = 30.0) -> np.ndarray:
    """Return controls [n_frames, 52] of a mouth that opens three times per phrase."""
    controls = ARKIT_52.neutral(round((1 + 2 * n_phrases) * fps))
    time_s = np.arange(len(controls)) / fps
    for phrase, level in zip(range(n_phrases), itertools.cycle(LEVELS), strict=False):
        spoken = time_s - (1 + 2 * phrase)
        inside = (spoken >= 0) & (spoken <= 1)
        size = (1 - np.cos(2 * np.pi * 3 * spoken[inside])) / 2
        controls[inside, ARKIT_52.index["jawOpen"]] = 0.5 * level * size
        controls[inside, ARKIT_52.index["mouthFunnel"]] = 0.2 * level * np.sqrt(size)
    return controls


def make_take(name: str = "me_1", n_phrases: int = 6, words: bool = False) -> Take:
    """Return a take; each phrase is the word `lay`, `bin` or `again`, and a clip, on request."""
    controls = mouth(n_phrases)
    time_s = np.arange(len(controls)) / 30
    curves = CapturedCurves(ARKIT_52.names, time_s, controls.astype(np.float64), len(controls) / 30)
    spoken = tuple(
        Word(1.0 + 2 * phrase, 2.0 + 2 * phrase, text)
        for phrase, text in zip(range(n_phrases), itertools.cycle(("lay", "bin", "again")))
    )
    clips = tuple(
        Clip(f"{name}_{phrase}", 0.5 + 2 * phrase, 2.5 + 2 * phrase) for phrase in range(n_phrases)
    )
    return Take(
        name, "me", phrases(n_phrases), curves, spoken if words else (), clips if words else ()
    )


def write_take(folder: Path, n_phrases: int = 6) -> Path:
    """Write a take as a folder with a sound and a table; return the table's path."""
    folder.mkdir(parents=True)
    soundfile.write(folder / "audio.wav", phrases(n_phrases), 16_000)
    return write_table(folder / "curves.csv", mouth(n_phrases))


def write_table(path: Path, controls: np.ndarray, fps: float = 30.0) -> Path:
    """Write controls [n_frames, 52] as a table of times; return its path."""
    rows = [
        ",".join(f"{value:.5f}" for value in (frame / fps, *row))
        for frame, row in enumerate(controls)
    ]
    path.write_text("\n".join([",".join(["time", *ARKIT_52.names]), *rows]) + "\n")
    return path

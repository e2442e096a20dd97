"""The program flite: English text in, sound with the times of its phones out.

flite is a small Debian package. It is started once per sentence.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.learn.speech.sound_files import read_sound
from marotte.learn.speech.synthesisers.programs import (
    TIMEOUT_S,
    US_PHONES,
    find_program,
    voice_phones,
)
from marotte.learn.utterance import Phone

VOICES = ("awb", "rms", "slt")  # the times of the diphone voices kal and kal16 drift


def say(
    text: str, voice: str, pace: float = 1.0, pitch: float = 1.0
) -> tuple[NDArray[np.float32], int, tuple[Phone, ...]]:
    """Speak a text; return the sound [n_samples], its sample rate, and its phones.

    Args:
        text: the text to speak.
        voice: one of `VOICES`.
        pace: a multiple of the normal pace of the voice.
        pitch: a multiple of the normal pitch of the voice; the voice rms does not change its pitch.

    Raises:
        MarotteError: flite is not installed, does not have the voice, or failed.
    """
    if voice not in VOICES:
        raise MarotteError(f"flite has no voice {voice!r}: choose one of {', '.join(VOICES)}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        settings = ("--setf", f"duration_stretch={1 / pace}", "--setf", f"f0_shift={pitch}")
        command = [find_program("flite"), "-voice", voice, *settings, "-psdur"]
        command += ["-t", text, "-o", path]
        try:
            completed = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise MarotteError(f"flite failed with the voice {voice!r}") from error
        samples, rate = read_sound(path)
    ends = ((name, float(end)) for name, end in re.findall(r"(\S+):(\d+\.\d+)", completed.stdout))
    return samples, rate, voice_phones(ends, len(samples) / rate, US_PHONES)

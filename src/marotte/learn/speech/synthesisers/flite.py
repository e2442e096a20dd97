"""The program flite: English text in, sound with the times of its phones out.

It is a small Debian package, and speaks one sentence each time it is run.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.learn.speech.phones import ARPABET
from marotte.learn.speech.sound_files import read_sound
from marotte.learn.speech.synthesisers import program_of
from marotte.learn.utterance import Phone

VOICES = ("awb", "rms", "slt")  # the diphone voices kal and kal16 lose time at their ends
_SECONDS = 120.0  # far longer than any sentence takes
_SILENCES = frozenset({"pau", "#", "h#", "brth", "_"})
US_PHONES = {name.lower(): ipa for name, ipa in ARPABET.items()} | {
    "ax": "ə", "axr": "ɚ", "dx": "d", "el": "l", "em": "m", "en": "n", "hv": "h", "nx": "n",
}  # fmt: skip
"""The phones of Edinburgh's American voices."""


def say(
    text: str, voice: str, pace: float = 1.0, pitch: float = 1.0
) -> tuple[NDArray[np.float32], int, tuple[Phone, ...]]:
    """Speak a text: sound [n_samples], its rate, and its phones.

    Args:
        text: what to say.
        voice: one of `VOICES`.
        pace: as a multiple of the voice's own.
        pitch: so too; the voice rms does not change its.

    Raises:
        MarotteError: flite is not installed, has no such voice, or failed.
    """
    if voice not in VOICES:
        raise MarotteError(f"no voice {voice!r} of flite: there are {', '.join(VOICES)}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        settings = ("--setf", f"duration_stretch={1 / pace}", "--setf", f"f0_shift={pitch}")
        command = [program_of("flite"), "-voice", voice, *settings, "-psdur"]
        command += ["-t", text, "-o", path]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise MarotteError(f"flite failed with the voice {voice!r}") from error
        samples, rate = read_sound(path)
    ends = re.findall(r"(\S+):(\d+\.\d+)", done.stdout)
    said = ((name, float(end)) for name, end in ends)
    return samples, rate, voice_phones(said, len(samples) / rate, US_PHONES)


def voice_phones(
    ends: Iterable[tuple[str, float]], seconds: float, ipa: Mapping[str, str]
) -> tuple[Phone, ...]:
    """Phones from a voice's own names, and the times they end.

    Raises:
        MarotteError: there is a name that is not known.
    """
    phones: list[Phone] = []
    start = 0.0
    for name, each in ends:
        end = min(each, seconds)
        if name not in _SILENCES:
            if name not in ipa:
                raise MarotteError(
                    f"unknown phone {name!r}: add it to marotte.learn.speech.synthesisers"
                )
            if end > start:
                phones.append(Phone(ipa[name], start, end))
        start = end
    return tuple(phones)

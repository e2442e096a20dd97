"""The program festival: text in, sound with the times of its phones out, in three languages.

Festival and its voices are Debian packages. Each voice has one process that keeps running: starting
takes longer than speaking, and the voices of one language break those of another in the same
process. A process that dies or hangs is replaced for the next sentence.
"""

from __future__ import annotations

import atexit
import functools
import re
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

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

_END = "--end--"


@final
@dataclass(frozen=True)
class Voice:
    """A voice of festival.

    Attributes:
        package: the Debian package of the voice.
        language: ISO 639-1 code.
        licence: the licence of the voice.
    """

    package: str
    language: str
    licence: str


VOICES = {
    "kal_diphone": Voice("festvox-kallpc16k", "en", "MIT-Festival"),
    "ked_diphone": Voice("festvox-kdlpc16k", "en", "MIT-Festival"),
    "cmu_us_slt_arctic_hts": Voice("festvox-us-slt-hts", "en", "MIT-Festival"),
    "lp_diphone": Voice("festvox-italp16k", "it", "GPL-2.0-or-later"),
    "pc_diphone": Voice("festvox-itapc16k", "it", "GPL-2.0-or-later"),
    "czech_dita": Voice("festvox-czech-dita", "cs", "GPL-3.0-or-later"),
    "czech_krb": Voice("festvox-czech-krb", "cs", "GPL-3.0-or-later"),
    "czech_machac": Voice("festvox-czech-machac", "cs", "GPL-3.0-or-later"),
    "czech_ph": Voice("festvox-czech-ph", "cs", "GPL-2.0-or-later"),
}
_ENCODINGS = {"en": "ascii", "it": "iso8859-1", "cs": "iso8859-2"}
# First the names that are IPA, then the others.
_ITALIAN_IPA = "i e a o u j w p t k b d g f s v z ts m n l r"
_ITALIAN = {name: name for name in _ITALIAN_IPA.split()} | {
    "E": "ɛ", "O": "ɔ", "i1": "i", "e1": "e", "E1": "ɛ", "a1": "a", "o1": "o", "O1": "ɔ", "u1": "u",
    "S": "ʃ", "Z": "ʒ", "tS": "tʃ", "dz": "z", "dZ": "dʒ", "J": "n", "ng": "ŋ", "nf": "m", "L": "l",
}  # fmt: skip
_CZECH_IPA = "a b d e f g h i j k l m n o p r s t u v z"
_CZECH = {name: name for name in _CZECH_IPA.split()} | {
    "a:": "a", "e:": "e", "i:": "i", "o:": "o", "u:": "u", "c": "ts", "c~": "tʃ", "ch": "x",
    "d~": "d", "dz": "z", "dz~": "dʒ", "n*": "ŋ", "n~": "n", "r~": "ʒ", "r~*": "ʃ", "s~": "ʃ",
    "t~": "t", "z~": "ʒ",
}  # fmt: skip
_PHONES = {"en": US_PHONES, "it": _ITALIAN, "cs": _CZECH}


@final
class Festival:
    """A voice with its process; `festival` returns the same object each time."""

    def __init__(self, voice: str) -> None:
        self._voice, self._language = voice, VOICES[voice].language
        self._process: subprocess.Popen[bytes] | None = None

    def say(
        self, text: str, pace: float = 1.0
    ) -> tuple[NDArray[np.float32], int, tuple[Phone, ...]]:
        """Speak a text; return the sound [n_samples], its sample rate, and its phones.

        Args:
            text: the text to speak.
            pace: a multiple of the normal pace of the voice.

        Raises:
            MarotteError: festival is not installed, or failed.
        """
        text = re.sub(r'["\\]', " ", text)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "speech.wav"
            lines = self._run(
                f"(Param.set 'Duration_Stretch {1 / pace})",
                f'(set! speech (utt.synth (Utterance Text "{text}")))',
                f'(utt.save.wave speech "{path.as_posix()}" \'riff)',
                '(mapcar (lambda (one) (format t "phone %s %f\\n" (item.name one)'
                " (item.feat one 'end))) (utt.relation.items speech 'Segment))",
            )
            samples, rate = read_sound(path)
        reported = [line.split() for line in lines if line.startswith("phone ")]
        ends = ((name, float(end)) for _, name, end in reported)
        return samples, rate, voice_phones(ends, len(samples) / rate, _PHONES[self._language])

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _run(self, *commands: str) -> list[str]:
        """Run commands; return the lines that festival prints."""
        process = self._started()
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None
        script = "\n".join([*commands, f'(format t "{_END}\\n")', "(fflush nil)\n"])
        timer = threading.Timer(TIMEOUT_S, process.kill)
        timer.start()
        try:
            stdin.write(script.encode(_ENCODINGS[self._language], "replace"))
            stdin.flush()
            lines: list[str] = []
            while (line := stdout.readline().decode("latin-1")) != f"{_END}\n":
                if not line:
                    raise BrokenPipeError
                lines.append(line)
        except OSError as error:
            self.close()
            raise MarotteError(f"festival failed with the voice {self._voice!r}") from error
        finally:
            timer.cancel()
        return lines

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            program = find_program("festival")
            self._process = subprocess.Popen(
                [program, "--pipe"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._run(f"(voice_{self._voice})")
        return self._process


def missing_packages(voices: Sequence[str]) -> list[str]:
    """Return the Debian packages of the voices that are not installed."""
    completed = subprocess.run(
        [find_program("festival"), "--pipe"],
        input=b'(mapcar (lambda (one) (format t "%s\\n" one)) (voice.list))',
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    installed = completed.stdout.decode("latin-1").split()
    return [VOICES[voice].package for voice in voices if voice not in installed]


@functools.cache
def festival(voice: str) -> Festival:
    """Return the voice of this process; its festival process ends with this one."""
    speaker = Festival(voice)
    atexit.register(speaker.close)
    return speaker

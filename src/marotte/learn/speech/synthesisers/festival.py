"""The program festival: text in, sound with the times of its phones out, in three languages.

Festival and its voices are Debian packages. One process a voice stays, for starting takes longer
than speaking, and the voices of one language spoil those of another. A process that dies or hangs
is replaced for the next sentence.
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

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.learn.speech.sound_files import read_sound
from marotte.learn.speech.synthesisers import program_of
from marotte.learn.speech.synthesisers.flite import US_PHONES, voice_phones
from marotte.learn.utterance import Phone

_SECONDS = 120.0  # far longer than any sentence takes to be made
_END = "--end--"


@dataclass(frozen=True)
class Voice:
    """One of festival's voices.

    Attributes:
        package: the Debian package it comes in.
        language: ISO 639-1.
        licence: of the voice.
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
# The names that are IPA already, then the others.
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


class Festival:
    """One voice; there is one of each in a process, from `festival`."""

    def __init__(self, voice: str) -> None:
        self._voice, self._language = voice, VOICES[voice].language
        self._process: subprocess.Popen[bytes] | None = None

    def say(
        self, text: str, pace: float = 1.0
    ) -> tuple[NDArray[np.float32], int, tuple[Phone, ...]]:
        """Speak a text: sound [n_samples], its rate, and its phones.

        Args:
            text: what to say.
            pace: as a multiple of the voice's own.

        Raises:
            MarotteError: festival is not installed, or failed.
        """
        letters = re.sub(r'["\\]', " ", text)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            lines = self._ask(
                f"(Param.set 'Duration_Stretch {1 / pace})",
                f'(set! said (utt.synth (Utterance Text "{letters}")))',
                f'(utt.save.wave said "{path.as_posix()}" \'riff)',
                '(mapcar (lambda (one) (format t "phone %s %f\\n" (item.name one)'
                " (item.feat one 'end))) (utt.relation.items said 'Segment))",
            )
            samples, rate = read_sound(path)
        found = [line.split() for line in lines if line.startswith("phone ")]
        ends = ((name, float(end)) for _, name, end in found)
        return samples, rate, voice_phones(ends, len(samples) / rate, _PHONES[self._language])

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, *commands: str) -> list[str]:
        """What festival prints in answer."""
        process = self._started()
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None
        asked = "\n".join([*commands, f'(format t "{_END}\\n")', "(fflush nil)\n"])
        timer = threading.Timer(_SECONDS, process.kill)
        timer.start()
        try:
            stdin.write(asked.encode(_ENCODINGS[self._language], "replace"))
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
            program = program_of("festival")
            self._process = subprocess.Popen(
                [program, "--pipe"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            self._ask(f"(voice_{self._voice})")
        return self._process


def missing_packages(voices: Sequence[str]) -> list[str]:
    """The packages of the voices that are not installed."""
    done = subprocess.run(
        [program_of("festival"), "--pipe"],
        input=b'(mapcar (lambda (one) (format t "%s\\n" one)) (voice.list))',
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    there = done.stdout.decode("latin-1").split()
    return [VOICES[voice].package for voice in voices if voice not in there]


@functools.cache
def festival(voice: str) -> Festival:
    """The one process of a voice in this process."""
    made = Festival(voice)
    atexit.register(made.close)
    return made

"""The formant synthesiser espeak-ng: text in, sound with the times of its phones out.

espeak-ng runs in this process, through its C interface. The library comes with the Python package
`espeakng-loader` or with the system. Its static variables remember what was said: noise, flutter
and the lengths of phones go on from there, and no function of the library resets them. The library
is therefore loaded afresh for each text, so that a text sounds the same whatever was said before.
"""

from __future__ import annotations

import _ctypes
import ctypes
import ctypes.util
import functools
import re
import sys
from collections.abc import Sequence
from ctypes import CFUNCTYPE, POINTER, c_char, c_char_p, c_int, c_long, c_short, c_uint, c_void_p
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.learn.speech.phones import VOWELS, normalise, stress_of
from marotte.learn.utterance import Phone

# From espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: the sound goes to the callback, not to a device
_PHONEME_EVENTS_IN_IPA = 1 | 2
_EVENT_END, _EVENT_PHONEME = 0, 7
_RATE, _PITCH, _RANGE = 1, 3, 4  # espeak_PARAMETER
_UTF8, _END_PAUSE = 1, 0x1000
_SEPARATED = 2 | ord("_") << 8  # espeak_TextToPhonemes: IPA, with _ between the phones of a word

_VOICELESS_STOPS = frozenset({"p", "t", "k", "tʃ", "ts"})
_CLOSURE_S = 0.042  # the median, measured on the level of 620 stops between vowels


class _EventId(ctypes.Union):
    _fields_ = (("number", c_int), ("name", c_char_p), ("string", c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", c_int),
        ("unique_identifier", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_position_ms", c_int),
        ("sample", c_int),
        ("user_data", c_void_p),
        ("id", _EventId),
    )


_Callback = CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


@dataclass
class _Output:
    """The output for one text: blocks of sound, and (sample, symbol) of each phone."""

    blocks: list[NDArray[np.int16]] = field(default_factory=list)
    phones: list[tuple[int, str]] = field(default_factory=list)


@final
class Espeak:
    """The synthesiser; `espeak` returns the one object of this process."""

    def __init__(self) -> None:
        self._output = _Output()
        # The library keeps only a pointer to the callback, so this object must keep it alive.
        self._callback = _Callback(self._on_sound)
        self._start()

    def _start(self) -> None:
        """Load and start the library, whose state is then that of a new process."""
        self._library, data = _load()
        self.rate: int = self._library.espeak_Initialize(
            _SYNCHRONOUS, 0, data, _PHONEME_EVENTS_IN_IPA
        )
        if self.rate <= 0:
            raise MarotteError(
                f"espeak-ng can't be started (error {self.rate}): check that its data is installed"
            )
        self._library.espeak_TextToPhonemes.restype = c_char_p
        self._library.espeak_SetSynthCallback(self._callback)
        # Breathy voices contain noise, whose seed is the time. Before 1.52 it is the C library's.
        seed = getattr(self._library, "espeak_ng_SetRandSeed", None) or self._library.srand
        seed(c_long(1))
        self._used = False

    def _restart(self) -> None:
        """Put the library back into the state of a new process; takes 40 ms."""
        if self._used:
            self._library.espeak_Terminate()
            _unload(self._library)
            self._start()

    def say(
        self,
        text: str,
        voice: str,
        words_per_minute: int = 165,
        pitch: int = 50,
        pitch_range: int = 50,
    ) -> tuple[NDArray[np.float32], tuple[Phone, ...]]:
        """Speak a text; return the sound [n_samples] at `self.rate`, and its phones.

        The same arguments give the same samples, whatever was said before.

        Args:
            text: the text to speak.
            voice: a language with an optional variant, e.g. `en-gb+f3`.
            words_per_minute: 80 to 450.
            pitch: 0 to 99.
            pitch_range: how much the pitch moves, 0 to 99.

        Raises:
            MarotteError: there is no such voice.
        """
        self._restart()
        self._choose(voice)
        settings = ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, pitch_range))
        for parameter, value in settings:
            self._library.espeak_SetParameter(parameter, value, 0)
        self._output = output = _Output()
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8 | _END_PAUSE, None, None)
        samples = np.concatenate([np.zeros(0, np.int16), *output.blocks])
        sound: NDArray[np.float32] = np.divide(samples, 32768, dtype=np.float32)
        return sound, _phones(output.phones, len(samples), self.rate, _language(voice))

    def pronunciation(self, text: str, voice: str = "en-us") -> tuple[tuple[str, int], ...]:
        """Return the phones of a text, each with its stress, without speaking it."""
        return tuple(phone for word in self.words(text, voice) for phone in word)

    def words(self, text: str, voice: str) -> tuple[tuple[tuple[str, int], ...], ...]:
        """Return the phones of each spoken word of a text, each with its stress."""
        self._choose(voice)
        language = _language(voice)
        remaining = c_char_p(text.encode())
        words: list[str] = []
        while remaining.value:
            # Each call reads one clause and moves the pointer to the next one.
            clause = self._library.espeak_TextToPhonemes(ctypes.byref(remaining), _UTF8, _SEPARATED)
            # Marks like (en) begin a word that follows the rules of another language.
            words += re.sub(r"\([a-z-]+\)", " ", clause.decode("utf-8", "replace")).split()
        phones = (
            tuple(pair for symbol in word.split("_") for pair in _with_stress(symbol, language))
            for word in words
        )
        return tuple(word for word in phones if word)

    def _choose(self, voice: str) -> None:
        self._used = True
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise MarotteError(f"espeak-ng has no voice {voice!r}: see `espeak-ng --voices`")

    def _on_sound(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._output.blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while (event := events[index]).type != _EVENT_END:
            if event.type == _EVENT_PHONEME:
                symbol = bytes(event.id.string).decode("utf-8", "ignore")
                if not symbol.startswith("("):  # (en): the next phones are of another language
                    self._output.phones.append((event.sample, symbol))
            index += 1
        return 0


@functools.cache
def espeak() -> Espeak:
    """Return the synthesiser of this process.

    Raises:
        MarotteError: espeak-ng is not installed.
    """
    return Espeak()


def _load() -> tuple[Any, bytes | None]:
    """Return the library and its data folder; None stands for the folder of the system."""
    try:
        import espeakng_loader
    except ImportError:
        if name := ctypes.util.find_library("espeak-ng"):
            return ctypes.CDLL(name), None
        raise missing_extra("espeakng-loader", "speech") from None
    return (
        ctypes.CDLL(espeakng_loader.get_library_path()),
        espeakng_loader.get_data_path().encode(),
    )


def _unload(library: Any) -> None:
    """Unload a library, so that loading it again sets its static variables anew."""
    # Python has no public function for this.
    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)
    else:
        _ctypes.dlclose(library._handle)


def _language(voice: str) -> str:
    """Return the language of a voice: `pt` for `pt-br+f3`."""
    return re.split("[-+]", voice)[0]


def _phones(
    events: Sequence[tuple[int, str]], n_samples: int, rate: int, language: str
) -> tuple[Phone, ...]:
    """Return phones from (sample, symbol) events: each phone lasts until the next one begins."""
    ends = [start for start, _ in events[1:]] + [n_samples]
    phones: list[Phone] = []
    for (start, symbol), end in zip(events, ends, strict=True):
        parts = _with_stress(symbol, language)
        bounds = np.linspace(start, end, len(parts) + 1) / rate
        for (ipa, stress), first, last in zip(parts, bounds[:-1], bounds[1:], strict=True):
            if last > first:
                phones.append(Phone(ipa, float(first), float(last), stress))
    return tuple(_with_closures(phones))


def _with_closures(phones: Sequence[Phone]) -> list[Phone]:
    """Move the start of voiceless stops to where the mouth closes.

    espeak-ng reports them when the mouth opens again. The closure takes at most half of the phone
    before it, or a part of the silence.
    """
    closed: list[Phone] = []
    for phone in phones:
        start = phone.start_s
        if phone.ipa in _VOICELESS_STOPS:
            start = max(0.0, start - _CLOSURE_S)
            if closed and closed[-1].end_s > start:
                previous = closed[-1]
                start = max(start, (previous.start_s + previous.end_s) / 2)
                closed[-1] = replace(previous, end_s=min(previous.end_s, start))
        closed.append(replace(phone, start_s=start))
    return closed


def _with_stress(symbol: str, language: str) -> list[tuple[str, int]]:
    """Return the phones of a symbol; its first vowel has the stress."""
    stress = stress_of(symbol)
    pairs: list[tuple[str, int]] = []
    for ipa in normalise(symbol, language):
        pairs.append((ipa, stress if ipa in VOWELS else 0))
        stress = 0 if ipa in VOWELS else stress
    return pairs

"""The formant synthesiser espeak-ng: text in, sound with the times of its phones out.

It runs in this process through its C interface. The library comes with the package
`espeakng-loader`, or with the system. Its voices waver: the same text twice in one process differs
by a few samples, and nothing resets that.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import re
from collections.abc import Sequence
from ctypes import CFUNCTYPE, POINTER, c_char, c_char_p, c_int, c_short, c_uint, c_void_p
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.learn.speech.phones import VOWELS, normalise
from marotte.learn.utterance import Phone

# From espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: sound comes to the callback, not to a device
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
class _Collected:
    """What the callback collects of one text: blocks of sound, and (sample, symbol) of phones."""

    blocks: list[NDArray[np.int16]] = field(default_factory=list)
    phones: list[tuple[int, str]] = field(default_factory=list)


class Espeak:
    """The synthesiser; there is one in a process, from `espeak()`."""

    def __init__(self) -> None:
        self._library, data = _load()
        self.rate: int = self._library.espeak_Initialize(
            _SYNCHRONOUS, 0, data, _PHONEME_EVENTS_IN_IPA
        )
        if self.rate <= 0:
            raise MarotteError(
                f"espeak-ng can't be started (error {self.rate}): is its data there?"
            )
        self._library.espeak_TextToPhonemes.restype = c_char_p
        self._heard = _Collected()
        # The library keeps only a pointer to the callback: this object must keep it alive.
        self._callback = _Callback(self._on_sound)
        self._library.espeak_SetSynthCallback(self._callback)

    def say(
        self, text: str, voice: str, words_per_minute: int = 165, pitch: int = 50, range_: int = 50
    ) -> tuple[NDArray[np.float32], tuple[Phone, ...]]:
        """Speak a text: sound [n_samples] at `self.rate`, and its phones.

        Args:
            text: what to say.
            voice: a language with an optional variant, e.g. `en-gb+f3`.
            words_per_minute: 80 to 450.
            pitch: 0 to 99.
            range_: how much the pitch moves, 0 to 99.
        """
        self._choose(voice)
        for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, range_)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._heard = heard = _Collected()
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8 | _END_PAUSE, None, None)
        samples = np.concatenate([np.zeros(0, np.int16), *heard.blocks])
        sound: NDArray[np.float32] = np.divide(samples, 32768, dtype=np.float32)
        return sound, _phones(heard.phones, len(samples), self.rate, _language(voice))

    def pronunciation(self, text: str, voice: str = "en-us") -> tuple[tuple[str, int], ...]:
        """The phones of a text, each with its stress, without speaking it."""
        return tuple(phone for word in self.words(text, voice) for phone in word)

    def words(self, text: str, voice: str) -> tuple[tuple[tuple[str, int], ...], ...]:
        """The phones of a text, each with its stress, by words as one says them."""
        self._choose(voice)
        language = _language(voice)
        rest = c_char_p(text.encode())
        words: list[str] = []
        while rest.value:
            # Each call reads one clause and moves the pointer behind it.
            found = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _SEPARATED)
            # Marks like (en) say that a word is read by the rules of another language.
            words += re.sub(r"\([a-z-]+\)", " ", found.decode("utf-8", "replace")).split()
        said = (
            tuple(pair for symbol in word.split("_") for pair in _with_stress(symbol, language))
            for word in words
        )
        return tuple(word for word in said if word)

    def _choose(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise MarotteError(f"espeak-ng has no voice {voice!r}: see `espeak-ng --voices`")

    def _on_sound(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._heard.blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while (event := events[index]).type != _EVENT_END:
            if event.type == _EVENT_PHONEME:
                symbol = bytes(event.id.string).decode("utf-8", "ignore")
                if not symbol.startswith("("):  # (en): what follows is of another language
                    self._heard.phones.append((event.sample, symbol))
            index += 1
        return 0


@functools.cache
def espeak() -> Espeak:
    """The one synthesiser of this process.

    Raises:
        MarotteError: espeak-ng is not installed.
    """
    return Espeak()


def _load() -> tuple[Any, bytes | None]:
    """The library, and its data folder where that is not the system's."""
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


def _language(voice: str) -> str:
    """The language of a voice: `pt` of `pt-br+f3`."""
    return re.split("[-+]", voice)[0]


def _phones(
    events: Sequence[tuple[int, str]], n_samples: int, rate: int, language: str
) -> tuple[Phone, ...]:
    """Phones from (sample, symbol) events: each lasts until the next begins."""
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
    """Begin voiceless stops where the mouth closes: their events come when it bursts open.

    The closure is taken from the phone before, at most half of it, or from the silence.
    """
    closed: list[Phone] = []
    for phone in phones:
        start = phone.start_s
        if phone.ipa in _VOICELESS_STOPS:
            start = max(0.0, start - _CLOSURE_S)
            if closed and closed[-1].end_s > start:
                before = closed[-1]
                start = max(start, (before.start_s + before.end_s) / 2)
                closed[-1] = replace(before, end_s=min(before.end_s, start))
        closed.append(replace(phone, start_s=start))
    return closed


def _with_stress(symbol: str, language: str) -> list[tuple[str, int]]:
    """The phones of one symbol; its stress mark goes to its first vowel."""
    stress = 1 if "ˈ" in symbol else 2 if "ˌ" in symbol else 0
    pairs: list[tuple[str, int]] = []
    for ipa in normalise(symbol, language):
        pairs.append((ipa, stress if ipa in VOWELS else 0))
        stress = 0 if ipa in VOWELS else stress
    return pairs

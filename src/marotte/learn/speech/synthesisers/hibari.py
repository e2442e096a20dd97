"""The neural voice hibari as many virtual speakers: text in, sound with times of phones out.

The network predicts spectra and a pitch curve, and the sound is made from them here. Scaling
the pitch and stretching the spectra along frequency (a longer or shorter vocal tract) between the
two gives other speakers. The times of the phones come from the network's own durations, read
from inside it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.learn.speech.phones import VOWELS, normalise
from marotte.learn.utterance import Phone

RATE = 24_000
_DURATION_STEP_S = 0.025
# The durations run ahead of the sound by this much: the median against forced alignment.
_LAG_S = 0.060
_VOICED_HZ = 40.0
_LOG_DB = np.log(10) / 20
# What the voice's phonetic alphabet writes otherwise than IPA does.
_LETTERS = {"A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "oʊ", "W": "aʊ", "Y": "ɔɪ", "T": "d"}
_STRESS = {"ˈ": 1, "ˌ": 2}
_MIN_PHONE_S = 0.04
_AUDIBLE_DB = -38.0  # below the loudest moment of the sentence


@dataclass(frozen=True)
class VirtualSpeaker:
    """Who the voice is made to be.

    Attributes:
        f0_scale: the pitch, as a multiple of the voice's own (a woman's, about 200 Hz).
        f0_range: how much the pitch moves, as a power of its ratio to its mean.
        warp: the formants' frequencies, as a multiple of the voice's own.
        breath: added to the log of the noise's size.
        tilt_db: added to the spectrum, from nothing at 0 Hz to this at 12 kHz.
        speed: the pace, as a multiple of the voice's own.
    """

    f0_scale: float = 1.0
    f0_range: float = 1.0
    warp: float = 1.0
    breath: float = 0.0
    tilt_db: float = 0.0
    speed: float = 1.0


def random_speaker(rng: np.random.Generator) -> VirtualSpeaker:
    """Somebody between a deep-voiced man and a child: low voices have long vocal tracts."""
    size = rng.uniform()
    return VirtualSpeaker(
        f0_scale=float(0.45 * (1.5 / 0.45) ** size),
        f0_range=float(rng.uniform(0.5, 1.6)),
        warp=float(np.clip(0.84 + 0.36 * size + rng.normal(0, 0.05), 0.82, 1.22)),
        breath=float(rng.uniform(-0.2, 0.9)),
        tilt_db=float(rng.uniform(-9, 9)),
        speed=float(rng.uniform(0.8, 1.25)),
    )


class Hibari:
    """The voice; there is one in a process, from `hibari_voice()`."""

    def __init__(self) -> None:
        try:
            import hibari
            import onnx
        except ImportError as error:
            raise missing_extra(error.name or "hibari-tts", "speech") from error
        model = onnx.load(str(Path(hibari.__file__).parent / "assets" / "hibari.onnx"))
        [durations] = [node for node in model.graph.node if node.op_type == "CumSum"]
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(durations.output[0]))
        self._voice: Any = hibari.Hibari(model=model.SerializeToString())

    def say(
        self, text: str, speaker: VirtualSpeaker, seed: int
    ) -> tuple[NDArray[np.float32], tuple[Phone, ...]]:
        """Speak one sentence: sound [n_samples] at `RATE`, and its phones.

        Raises:
            MarotteError: the text is not one sentence.
        """
        from hibari import dsp

        spelling = self.spelling(text)
        letters = [each for each in spelling if each in self._voice.vocab]
        inputs = {
            "ids": np.array([self._voice.ids(spelling)], np.int64),
            "speed": np.array([speaker.speed], np.float32),
        }
        *outputs, ends = self._voice.sess.run(None, inputs)
        *spectra, f0 = (each[0] for each in outputs)
        rng = np.random.default_rng(seed)
        harmonics, angle, noise, rest, phase = _changed(spectra, speaker)
        pitch = _pitch(f0, speaker)
        samples = dsp.synth(harmonics, angle, noise, rest, phase, pitch, rng)
        # The first of the ends is that of the silence before the first letter.
        bounds = np.ravel(ends)[: len(letters) + 1] * _DURATION_STEP_S - _LAG_S
        phones = spelled_phones(letters, bounds)
        return samples.astype(np.float32), without_silence(phones, samples, RATE)

    def spelling(self, text: str) -> str:
        """One sentence in the voice's phonetic alphabet.

        Raises:
            MarotteError: the text is not one sentence.
        """
        sentences = self._voice.phonemize(text)
        if len(sentences) != 1:
            raise MarotteError("not one sentence")
        return sentences[0]


@functools.cache
def hibari_voice() -> Hibari:
    """The one voice of this process.

    Raises:
        MarotteError: hibari-tts or onnx is not installed.
    """
    return Hibari()


def _changed(
    spectra: Sequence[NDArray[np.float32]], speaker: VirtualSpeaker
) -> list[NDArray[np.float32]]:
    """Log harmonics, their phase, log noise, log rest and its phase, each [n_bins, n_frames]."""
    harmonics, angle, noise, rest, phase = (_warped(each, speaker.warp) for each in spectra)
    tilt = np.linspace(0, speaker.tilt_db * _LOG_DB, len(harmonics), dtype=np.float32)[:, None]
    breath = np.float32(speaker.breath)
    return [harmonics + tilt, angle, noise + tilt + breath, rest + tilt, phase]


def _warped(spectrum: NDArray[np.float32], warp: float) -> NDArray[np.float32]:
    """Stretch [n_bins, n_frames] along the bins: what stood at f stands at f * warp."""
    last = len(spectrum) - 1
    at = np.minimum(np.arange(last + 1) / warp, last)
    below = np.minimum(at.astype(np.int64), last - 1)
    share = (at - below).astype(np.float32)[:, None]
    return (spectrum[below] * (1 - share) + spectrum[below + 1] * share).astype(np.float32)


def _pitch(f0: NDArray[np.float32], speaker: VirtualSpeaker) -> NDArray[np.float32]:
    """The pitch in Hz by frame, moved about its mean and scaled."""
    voiced = f0 > _VOICED_HZ
    if not voiced.any():
        return f0
    mean = np.exp(np.log(f0[voiced]).mean())
    moved = mean * (np.maximum(f0, 1) / mean) ** speaker.f0_range * speaker.f0_scale
    return np.where(voiced, np.maximum(moved, _VOICED_HZ + 1), 0).astype(np.float32)


def spelled_phones(letters: Sequence[str], bounds: NDArray[np.float64]) -> list[Phone]:
    """Phones from letters and their bounds [len(letters) + 1] in seconds.

    A stress mark is the beginning of its vowel, a length mark the end of it. A space between words
    is shared by its neighbours; with punctuation it is a pause.
    """
    phones: list[Phone] = []
    start, stress = None, 0
    for index, letter in enumerate(letters):
        first, last = float(bounds[index]), float(bounds[index + 1])
        if letter in _STRESS:
            start, stress = first if start is None else start, _STRESS[letter]
        elif letter == " ":
            middle = (first + last) / 2
            if _is_speech(letters, index - 1) and _is_speech(letters, index + 1):
                phones[-1] = _until(phones[-1], middle)
                start = middle
        elif letter == "ː":
            phones[-1] = _until(phones[-1], last)
        else:
            for ipa in (
                normalise(_LETTERS.get(letter, letter)) if _is_speech(letters, index) else ()
            ):
                is_vowel = ipa in VOWELS
                phones.append(
                    Phone(ipa, first if start is None else start, last, stress if is_vowel else 0)
                )
                start, stress = None, 0 if is_vowel else stress
    return phones


def _is_speech(letters: Sequence[str], index: int) -> bool:
    return 0 <= index < len(letters) and (letters[index].isalpha() or letters[index] in _STRESS)


def _until(phone: Phone, end_s: float) -> Phone:
    return Phone(phone.ipa, phone.start_s, end_s, phone.stress)


def without_silence(
    phones: Sequence[Phone], samples: NDArray[np.float32], rate: int
) -> tuple[Phone, ...]:
    """Move the edges of phones beside pauses to where the sound dies away and begins again.

    The network's durations give a pause partly to the phone before it.
    """
    hop = rate // 100
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop)
    level_db = 10 * np.log10((frames**2).mean(1) + 1e-12)
    audible = level_db > level_db.max() + _AUDIBLE_DB
    moved: list[Phone] = []
    for index, phone in enumerate(phones):
        start, end = max(0.0, phone.start_s), min(phone.end_s, len(samples) / rate)
        if index + 1 == len(phones) or phones[index + 1].start_s > phone.end_s + 1e-6:
            heard = np.flatnonzero(audible[: round(end * 100)])
            last = (heard[-1] + 1) / 100 if len(heard) else start
            end = min(end, max(start + _MIN_PHONE_S, float(last)))
        before = moved[-1].end_s if moved else 0.0
        if start > before + 1e-6:
            silent = np.flatnonzero(~audible[: round(start * 100)])
            first = (silent[-1] + 1) / 100 if len(silent) else before
            start = min(start, max(before, float(first)))
        if end > start:
            moved.append(Phone(phone.ipa, round(start, 4), round(end, 4), phone.stress))
    return tuple(moved)

"""The neural voice hibari as many virtual speakers: text in, sound with times of phones out.

The network predicts spectra and a pitch curve, and this module makes the sound from them. In
between, it scales the pitch and stretches the spectra along frequency, as a longer or shorter vocal
tract does: this gives other speakers. The times of the phones come from durations inside the
network.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.learn.speech.synthesisers.spelling import timed_phones
from marotte.learn.utterance import Phone

RATE = 24_000
_LAG_S = 0.060  # the sound is later than the durations: median against forced alignment
_VOICED_HZ = 40.0
_LOG_DB = np.log(10) / 20


@final
@dataclass(frozen=True)
class VirtualSpeaker:
    """How a virtual speaker differs from the voice, which is a woman's of about 200 Hz.

    Attributes:
        f0_scale: a multiple of the pitch of the voice.
        f0_range: the exponent of the ratio between the pitch and its mean; above 1, the pitch moves
            more.
        warp: a multiple of the formant frequencies of the voice.
        breath: added to the log amplitude of the noise.
        tilt_db: added to the spectrum, from 0 dB at 0 Hz to this value at 12 kHz.
        speed: a multiple of the pace of the voice.
    """

    f0_scale: float = 1.0
    f0_range: float = 1.0
    warp: float = 1.0
    breath: float = 0.0
    tilt_db: float = 0.0
    speed: float = 1.0


def random_speaker(rng: np.random.Generator) -> VirtualSpeaker:
    """Draw a speaker between a deep-voiced man and a child: low voices have long vocal tracts."""
    size = rng.uniform()
    return VirtualSpeaker(
        f0_scale=float(0.45 * (1.5 / 0.45) ** size),
        f0_range=float(rng.uniform(0.5, 1.6)),
        warp=float(np.clip(0.84 + 0.36 * size + rng.normal(0, 0.05), 0.82, 1.22)),
        breath=float(rng.uniform(-0.2, 0.9)),
        tilt_db=float(rng.uniform(-9, 9)),
        speed=float(rng.uniform(0.8, 1.25)),
    )


@final
class Hibari:
    """The voice; `hibari_voice` returns the one object of this process."""

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
        """Speak one sentence; return the sound [n_samples] at `RATE`, and its phones.

        Args:
            text: one sentence.
            speaker: the virtual speaker.
            seed: seed of the noise in the sound.

        Raises:
            MarotteError: the text is not one sentence.
        """
        from hibari import dsp

        spelling = self.spelling(text)
        letters = [letter for letter in spelling if letter in self._voice.vocab]
        inputs = {
            "ids": np.array([self._voice.ids(spelling)], np.int64),
            "speed": np.array([speaker.speed], np.float32),
        }
        *outputs, ends = self._voice.sess.run(None, inputs)
        *spectra, f0 = (output[0] for output in outputs)
        rng = np.random.default_rng(seed)
        harmonics, angle, noise, rest, phase = _changed(spectra, speaker)
        pitch = _pitch(f0, speaker)
        samples = dsp.synth(harmonics, angle, noise, rest, phase, pitch, rng)
        phones = timed_phones(letters, ends, _LAG_S, samples, RATE)
        return samples.astype(np.float32), phones

    def spelling(self, text: str) -> str:
        """Return one sentence in the phonetic alphabet of the voice.

        Raises:
            MarotteError: the text is not one sentence.
        """
        sentences = self._voice.phonemize(text)
        if len(sentences) != 1:
            raise MarotteError("the text is not one sentence")
        return sentences[0]


@functools.cache
def hibari_voice() -> Hibari:
    """Return the voice of this process.

    Raises:
        MarotteError: hibari-tts or onnx is not installed.
    """
    return Hibari()


def _changed(
    spectra: Sequence[NDArray[np.float32]], speaker: VirtualSpeaker
) -> list[NDArray[np.float32]]:
    """Return the spectra of a speaker, each [n_bins, n_frames].

    They are the log harmonics, their phase, the log noise, the log rest and its phase.
    """
    harmonics, angle, noise, rest, phase = (_warped(spectrum, speaker.warp) for spectrum in spectra)
    tilt = np.linspace(0, speaker.tilt_db * _LOG_DB, len(harmonics), dtype=np.float32)[:, None]
    breath = np.float32(speaker.breath)
    return [harmonics + tilt, angle, noise + tilt + breath, rest + tilt, phase]


def _warped(spectrum: NDArray[np.float32], warp: float) -> NDArray[np.float32]:
    """Stretch a spectrum [n_bins, n_frames] along frequency: f moves to f * warp."""
    last = len(spectrum) - 1
    position = np.minimum(np.arange(last + 1) / warp, last)
    below = np.minimum(position.astype(np.int64), last - 1)
    share = (position - below).astype(np.float32)[:, None]
    return (spectrum[below] * (1 - share) + spectrum[below + 1] * share).astype(np.float32)


def _pitch(f0: NDArray[np.float32], speaker: VirtualSpeaker) -> NDArray[np.float32]:
    """Return the pitch of a speaker in Hz per frame; unvoiced frames are 0."""
    voiced = f0 > _VOICED_HZ
    if not voiced.any():
        return f0
    mean = np.exp(np.log(f0[voiced]).mean())
    moved = mean * (np.maximum(f0, 1) / mean) ** speaker.f0_range * speaker.f0_scale
    return np.where(voiced, np.maximum(moved, _VOICED_HZ + 1), 0).astype(np.float32)

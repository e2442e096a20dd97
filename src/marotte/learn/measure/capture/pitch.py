"""The voice of a take: samples in, the loudness of a span and how much its pitch varies out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.teachers.phonetic.prosody import HOP_S, loudness_and_pitch

BLOCK_S = 20.0  # measured at once: a long take would need gigabytes
EDGE_S = 0.1  # measured on both sides of a block, and thrown away
OCTAVE = 12  # semitones: pitch further from the median of a span is an error of the tracker
FEWEST_VOICED = 10  # frames of 10 ms


@dataclass(frozen=True, eq=False)
class Voice:
    """Loudness and pitch of a sound, every 10 ms.

    Attributes:
        loudness: in dB [n].
        pitch: in semitones [n]; NaN in frames without pitch.
    """

    loudness: NDArray[np.float64]
    pitch: NDArray[np.float64]

    @classmethod
    def of(cls, samples: NDArray[np.float32]) -> Voice:
        """Measure the samples [n_samples] of a sound at 16 kHz, block by block.

        Example:
            >>> import numpy as np
            >>> from marotte.learn.measure.capture.pitch import Voice
            >>> tone = np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000).astype(np.float32)
            >>> _, pitch_range = Voice.of(tone).measure(0.1, 0.9)
            >>> pitch_range < 0.1
            True
        """
        hop, block, edge = (round(each * SAMPLE_RATE) for each in (HOP_S, BLOCK_S, EDGE_S))
        parts: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        for start in range(0, len(samples), block):
            before = min(edge, start)
            piece = samples[start - before : start + block + edge]
            count = -(-min(block, len(samples) - start) // hop)
            frames = slice(before // hop, before // hop + count)
            loudness, pitch = loudness_and_pitch(piece, SAMPLE_RATE)
            parts.append((loudness[frames], pitch[frames]))
        empty = np.zeros(0)
        return cls(*(np.concatenate([empty, *each]) for each in zip(*parts, strict=True)))

    def measure(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Return the loudness of a span in dB, and the standard deviation of its pitch.

        The loudness is that of the mean power. The deviation is in semitones; NaN if hardly any of
        the span has a pitch.
        """
        frames = slice(round(start_s / HOP_S), max(1, round(end_s / HOP_S)))
        power, pitch = 10 ** (self.loudness[frames] / 10), self.pitch[frames]
        loudness = float(10 * np.log10(power.mean())) if len(power) else float("nan")
        voiced = pitch[np.isfinite(pitch)]
        if len(voiced) < FEWEST_VOICED:
            return loudness, float("nan")
        near = voiced[np.abs(voiced - np.median(voiced)) < OCTAVE / 2]
        return loudness, float(near.std()) if len(near) else float("nan")

"""Prosody as features: loudness, voicing and pitch of a sound, relative to the sound itself.

Networks that were trained to recognise words hardly keep how a word was said. `JoinedEncoder` puts
these features beside those of such a network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.teachers.encoders import FEATURE_RATE, STEP_SAMPLES, Encoder
from marotte.learn.teachers.phonetic.prosody import HOP_S, loudness_and_pitch

LOUD_PERCENTILE = 95  # of a sound's loudness: the reference
DECIBELS = 20.0  # one unit of loudness
SEMITONES = 6.0  # one unit of pitch


class ProsodyEncoder(Encoder):
    """Computes three features: loudness in units of 20 dB, voicing, and pitch.

    Loudness is relative to the sound's 95th percentile, within -3..1; pitch to the median of the
    sound in units of six semitones, within -2..2, and 0 where there is none.
    """

    name = "prosody"
    layer = 0
    dim = 3
    first_s = 0.0
    weights = ""

    def features(self, clips: Tensor) -> Tensor:
        """Return features [batch, ceil(n / 320), 3] of clips [batch, n] of 16 kHz sound."""
        return torch.from_numpy(np.stack([self._features(clip) for clip in clips.numpy()]))

    def _features(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        loudness, pitch = loudness_and_pitch(samples, SAMPLE_RATE)
        voiced = np.isfinite(pitch)
        median = np.median(pitch[voiced]) if voiced.any() else 0.0
        columns = np.stack(
            [
                np.clip((loudness - np.percentile(loudness, LOUD_PERCENTILE)) / DECIBELS, -3, 1),
                voiced,
                np.where(voiced, np.clip((np.nan_to_num(pitch) - median) / SEMITONES, -2, 2), 0),
            ],
            axis=1,
        )
        steps = np.arange(math.ceil(len(samples) / STEP_SAMPLES)) / FEATURE_RATE / HOP_S
        return columns[np.minimum(np.rint(steps).astype(int), len(columns) - 1)].astype(np.float32)


class JoinedEncoder(Encoder):
    """The features of several encoders side by side.

    Args:
        encoders: the encoders; the times of the first one's features hold for all.
    """

    def __init__(self, encoders: Sequence[Encoder]) -> None:
        self.encoders = tuple(encoders)
        first = encoders[0]
        self.name = "+".join(each.name for each in encoders)
        self.layer, self.first_s, self.weights = first.layer, first.first_s, first.weights
        self.dim = sum(each.dim for each in encoders)

    def features(self, clips: Tensor) -> Tensor:
        """Return features [batch, ceil(n / 320), dim] of clips [batch, n] of 16 kHz sound."""
        return torch.cat([each.features(clips) for each in self.encoders], dim=-1)

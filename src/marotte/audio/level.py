"""Samples at 16 kHz in; the same sound out, with very quiet or very loud speech near a usual level.

Students are trained on usual levels: between -21 and -12 dBFS their faces hardly differ, but below
-40 dBFS the mouth moves less and less. The follower measures the level of voiced speech and applies
a slow gain that moves it to the nearest edge of that range. Noise is not speech: it never changes
the gain, and in pauses the gain is taken back. Sound of a usual level is returned unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import final

import numpy as np
from numpy.typing import NDArray

from marotte.audio.bins import Bins
from marotte.audio.pitch import are_voiced
from marotte.audio.resampling import SAMPLE_RATE

Samples = NDArray[np.float32]

STEP_S = 0.005  # the gain may change so often
STEPS_PER_BIN, BINS_PER_WINDOW = 4, 2  # a voice is looked for every 20 ms, in the last 40 ms
DECIMATION = 2  # 8 kHz is enough for that

QUIETEST_DB, LOUDEST_DB = -21.0, -12.0  # of voiced speech; no gain between them
GATE_DB = -72.0  # no speech is quieter; about the noise of a quiet room
SNR_DB = 10.0  # of speech, at least, above the noise
RESPONSE_S = 4.0  # of voiced speech: the time constant of the level
SURE_BINS = 2  # voiced bins in a row that are taken for speech, not noise
WEAK_DB, SURE_S = 10.0, 0.3  # below the level of the voice, once so much of it was measured

NOISE_START_DB = -90.0  # before anything was heard, and at least
NOISE_RISE_DB_PER_S, NOISE_RISE_IN_VOICE_DB_PER_S = 20.0, 4.0
LIFT_FROM_DB, LIFT_RANGE_DB = 3.0, 9.0  # above the noise: where gain begins, and until it is full
RELEASE_DB_PER_S = 80.0  # fall of the measured loudness, so that the ends of words keep the gain
OFFSET_S = 1.0  # the offset of a microphone is the mean of so much sound; it gets no gain
SILENCE = 1e-12  # -120 dB


@final
class LevelFollower:
    """Brings quiet and loud speech to a level that students know. It adds no delay.

    The gain of a sample depends on earlier samples only, and not on the size of the pieces.

    Example:
        >>> import numpy as np
        >>> from marotte.audio.level import LevelFollower
        >>> buzz = (np.arange(32_000) % 128 < 5).astype(np.float32)  # two seconds at 125 Hz
        >>> buzz[8_000:9_600] = 0
        >>> def level_db(samples):
        ...     return round(float(10 * np.log10(np.var(samples[16_000:]))))
        >>> level_db(buzz / 2), level_db(LevelFollower().push(buzz / 2))
        (-20, -20)
        >>> level_db(buzz / 200), level_db(LevelFollower().push(buzz / 200))
        (-60, -21)
    """

    def __init__(self) -> None:
        """Start at the beginning of a sound."""
        self._steps = Bins(SAMPLE_RATE, STEP_S)
        self._heard_s = 0.0
        self._noise_db, self._loudness_db = NOISE_START_DB, NOISE_START_DB
        self._voice_db, self._voiced_s, self._n_in_row = 0.0, 0.0, 0
        # The last windows' samples at 8 kHz, and the power of the steps after the last full bin.
        self._recent = np.zeros((BINS_PER_WINDOW - 1) * self._bin_samples, np.float32)
        self._powers: list[float] = []
        # At the beginning and at the end of the step that is coming.
        self._gains, self._offsets = [1.0, 1.0], [0.0, 0.0]
        self._at = 0  # position in that step, in samples

    @property
    def _bin_samples(self) -> int:
        """Samples at 8 kHz per bin."""
        return STEPS_PER_BIN * self._steps.n_samples // DECIMATION

    def push(self, samples: Samples) -> Samples:
        """Return the samples [n] with their gain; at a usual level they are the same array."""
        steps = self._steps.cut(samples)
        if len(steps):
            self._measure(steps)
        n, at = self._steps.n_samples, self._at
        n_complete, self._at = divmod(at + len(samples), n)
        gains, offsets = self._gains, self._offsets
        self._gains, self._offsets = gains[n_complete:], offsets[n_complete:]
        if gains.count(1.0) == len(gains):
            return samples
        added = np.array([gains, offsets], np.float32) - np.array([[1], [0]], np.float32)
        step, position = np.divmod(np.arange(at, at + len(samples)), n)
        share = position.astype(np.float32) / np.float32(n)
        gain, offset = added[:, step] + share * (added[:, step + 1] - added[:, step])
        return samples + gain * (samples - offset)

    def _measure(self, steps: Samples) -> None:
        """Add the gain after each step [n_steps, n_samples]."""
        # The variance leaves out the offset and most of the rumble of microphones.
        n = self._steps.n_samples
        means = np.add.reduce(steps, axis=1, dtype=np.float64) / n
        powers = np.add.reduce(np.square(steps - means[:, None]), axis=1) / n + SILENCE
        voiced = self._find_voiced(steps)
        for power, mean in zip(powers.tolist(), means.tolist(), strict=True):
            level_db = 10 * math.log10(power)
            in_voice = self._n_in_row > 0
            rise = NOISE_RISE_IN_VOICE_DB_PER_S if in_voice else NOISE_RISE_DB_PER_S
            self._noise_db = max(NOISE_START_DB, min(level_db, self._noise_db + rise * STEP_S))
            self._loudness_db = max(level_db, self._loudness_db - RELEASE_DB_PER_S * STEP_S)
            self._powers.append(power)
            if len(self._powers) == STEPS_PER_BIN:
                self._listen(10 * math.log10(sum(self._powers) / STEPS_PER_BIN), next(voiced))
                self._powers = []
            self._gains.append(self._gain())
            self._heard_s += STEP_S
            share = STEP_S / min(OFFSET_S, self._heard_s)
            self._offsets.append(self._offsets[-1] + share * (mean - self._offsets[-1]))

    def _find_voiced(self, steps: Samples) -> Iterator[bool]:
        """Return for each bin that these steps complete whether it is voiced."""
        means = np.add.reduce(steps.reshape(-1, DECIMATION), axis=1) / np.float32(DECIMATION)
        sound, size = np.concatenate([self._recent, means]), self._bin_samples
        n_bins = (len(self._powers) + len(steps)) // STEPS_PER_BIN
        self._recent = sound[n_bins * size :]
        if not n_bins:
            return iter(())
        bins = sound[: (n_bins + BINS_PER_WINDOW - 1) * size].astype(np.float64).reshape(-1, size)
        windows = np.hstack([bins[i : i + n_bins] for i in range(BINS_PER_WINDOW)])
        found = are_voiced(windows, SAMPLE_RATE / DECIMATION)
        return iter(found.tolist())

    def _listen(self, level_db: float, is_voiced: bool) -> None:
        """Add a bin to the level of the voice, if it is voiced."""
        is_loud = level_db > max(GATE_DB, self._noise_db + SNR_DB)
        self._n_in_row = self._n_in_row + 1 if is_voiced and is_loud else 0
        # The weak ends of voiced sounds don't count: noise hides them in quiet speech.
        is_weak = self._voiced_s > SURE_S and level_db < self._voice_db - WEAK_DB
        if self._n_in_row >= SURE_BINS and not is_weak:
            bin_s = STEPS_PER_BIN * STEP_S
            self._voiced_s += bin_s
            share = bin_s / min(RESPONSE_S, self._voiced_s)  # at first the mean of everything
            self._voice_db += share * (level_db - self._voice_db)

    def _gain(self) -> float:
        """Return the factor after the steps so far."""
        if not self._voiced_s:
            return 1.0
        wanted_db = min(LOUDEST_DB, max(QUIETEST_DB, self._voice_db))
        gain_db = wanted_db - self._voice_db
        if gain_db > 0:
            above_db = self._loudness_db - self._noise_db - LIFT_FROM_DB
            gain_db *= min(1.0, max(0.0, above_db / LIFT_RANGE_DB))
        return 10 ** (gain_db / 20)


def follow_level(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Yield the blocks of a sound at 16 kHz with the gain of a `LevelFollower`.

    Example:
        >>> import numpy as np
        >>> from marotte.audio.level import follow_level
        >>> blocks = np.split(np.zeros(1600, np.float32), 10)
        >>> sum(len(block) for block in follow_level(blocks))
        1600
    """
    follower = LevelFollower()
    return map(follower.push, blocks)

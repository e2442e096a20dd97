"""Variation: prosody and a seed in, slow changes of the mouth's controls out.

People do not repeat a sound with the same face. Over a phrase they smile more or less, show more or
fewer teeth, push the jaw forward, and move one side a little more. Part of this follows loudness
and pitch; the rest is noise below 1 Hz, seeded by the utterance's id, so that the same utterance
always gets the same face. All variation vanishes where nobody speaks.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.learn.teachers.phonetic.prosody import HOP_S, Prosody

NOISE_S = 0.30  # standard deviation of the Gaussian that smooths the noise: below 1 Hz
PROSODY_S = 0.15  # the same for the drivers: below 2 Hz
UTTERANCE_SHARE = 0.36  # share of the noise's variance that is constant in an utterance
# What counts as one deviation at least: dB, and semitones for the pitch.
SMALLEST_SD = {"loudness": 3.0, "pitch": 1.0, "tilt": 3.0, "frontness": 3.0, "hiss": 3.0}
WIDEST = 30.0  # dB or semitones below the highest value; lower values are raised to this
LARGEST = 2.0  # limit of every driver, in standard deviations
LARGEST_FACTOR = 1.7  # more would lift the upper lip off the lower one in /f v/
ASYMMETRY = 0.07  # standard deviation of the difference of a side from the mean of both
ROUNDING_REMOVES = 5.0  # a rounded mouth does not smile: factor on mouthPucker


@dataclass(frozen=True)
class Slow:
    """How a control varies: mean and standard deviation, and the shares of the drivers in it.

    The drivers are those of `Prosody`. What their squares lack to 1 is noise.
    """

    mean: float
    sd: float
    loudness: float = 0.0
    pitch: float = 0.0
    tilt: float = 0.0
    frontness: float = 0.0
    hiss: float = 0.0

    @property
    def shares(self) -> dict[str, float]:
        """The share of each driver, by its name."""
        return {name: getattr(self, name) for name in SMALLEST_SD}


# Factors on what the visemes ask for: 1 + the variation.
FACTORS = {
    "mouthFunnel": Slow(0.0, 0.30, loudness=0.35, frontness=-0.7, tilt=0.45),
    "mouthPucker": Slow(0.0, 0.25, pitch=-0.45, hiss=0.6, frontness=-0.5),
    "mouthLowerDown": Slow(0.0, 0.32, loudness=0.6, tilt=0.6, hiss=-0.3),
    "mouthUpperUp": Slow(0.0, 0.44, pitch=0.6, frontness=0.6, loudness=0.3),
    "mouthStretch": Slow(0.0, 0.45, frontness=0.5, loudness=0.4, tilt=-0.6),
}
# Added to what the visemes ask for. Means and deviations follow real iPhone takes (BEAT).
ADDED = {
    "mouthSmile": Slow(0.19, 0.14, pitch=0.65, tilt=-0.4, hiss=0.5),
    "mouthDimple": Slow(0.07, 0.05, pitch=-0.6, tilt=-0.5, frontness=-0.4),
    "mouthFrown": Slow(0.0, 0.02, pitch=-0.6, hiss=-0.5, frontness=0.4),
    "mouthShrugUpper": Slow(0.07, 0.05, loudness=-0.7, hiss=0.3, pitch=0.5),
    "mouthShrugLower": Slow(0.06, 0.05, pitch=0.4, tilt=0.6, frontness=-0.5),
    "mouthRollUpper": Slow(0.03, 0.025, loudness=-0.6, frontness=0.6, hiss=-0.3),
    "mouthRollLower": Slow(0.03, 0.03, pitch=-0.5, loudness=-0.4, frontness=-0.6),
    "mouthPress": Slow(0.01, 0.02, loudness=-0.5, tilt=-0.6, pitch=0.4),
    "jawForward": Slow(0.08, 0.06, loudness=0.5, hiss=0.4, pitch=-0.6, tilt=0.4),
    "noseSneer": Slow(0.10, 0.08, loudness=0.7, tilt=0.4, hiss=0.4),
    "cheekSquint": Slow(0.10, 0.08, pitch=0.7, loudness=0.4, tilt=-0.4),
}
# To the left when positive, to the right when negative.
SIDEWAYS = {
    "mouth": Slow(0.0, 0.03, tilt=0.6, frontness=-0.5, hiss=0.4),
    "jaw": Slow(0.0, 0.02, hiss=0.5, pitch=-0.6, frontness=0.4),
}


class Variation:
    """The slow variation of one utterance.

    Args:
        utterance_id: seeds the noise.
        prosody: loudness and pitch of the sound.
        speaking: how much somebody speaks in each frame [n_frames], 0..1.
        fps: frame rate.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.teachers.phonetic.prosody import Prosody
        >>> from marotte.learn.teachers.phonetic.variation import Variation
        >>> silence = Prosody.of(np.zeros(16_000, np.float32), 16_000)
        >>> smile = Variation("me/anna/1", silence, np.ones(60), 60.0).added()["mouthSmile"]
        >>> smile.shape, bool((smile >= 0).all())
        ((60,), True)
    """

    def __init__(
        self, utterance_id: str, prosody: Prosody, speaking: NDArray[np.float64], fps: float
    ) -> None:
        self._seed = zlib.crc32(utterance_id.encode())
        self._speaking, self._fps = speaking, fps
        self._drivers = {
            name: _driver(getattr(prosody, name), speaking, fps, smallest)
            for name, smallest in SMALLEST_SD.items()
        }

    def factors(self) -> dict[str, NDArray[np.float64]]:
        """Return the factor on each control of `FACTORS` [n_frames], 0..`LARGEST_FACTOR`."""
        return {
            name: np.clip(1 + self._curve(name, slow), 0, LARGEST_FACTOR)
            for name, slow in FACTORS.items()
        }

    def added(self) -> dict[str, NDArray[np.float64]]:
        """Return what is added to each control of `ADDED` [n_frames], at least 0."""
        return {
            name: self._speaking * np.maximum(0, slow.mean + self._curve(name, slow))
            for name, slow in ADDED.items()
        }

    def sideways(self) -> dict[str, NDArray[np.float64]]:
        """Return the controls that move mouth and jaw to a side [n_frames]."""
        result: dict[str, NDArray[np.float64]] = {}
        for name, slow in SIDEWAYS.items():
            curve = self._speaking * self._curve(name, slow)
            result |= {f"{name}Left": np.maximum(0, curve), f"{name}Right": np.maximum(0, -curve)}
        return result

    def side(self, control: str) -> NDArray[np.float64]:
        """Return the factor on the left side of a control [n_frames]; the right gets 2 - it."""
        return 1 + ASYMMETRY * np.clip(self._noise(f"side of {control}"), -LARGEST, LARGEST)

    def _curve(self, name: str, slow: Slow) -> NDArray[np.float64]:
        noise = np.sqrt(max(0.0, 1 - sum(share**2 for share in slow.shares.values())))
        curve = noise * self._noise(name)
        for driver, share in slow.shares.items():
            curve = curve + share * self._drivers[driver]
        return slow.sd * np.clip(curve, -LARGEST, LARGEST)

    def _noise(self, name: str) -> NDArray[np.float64]:
        """Return noise [n_frames] with mean 0 and variance 1, the same for the same name."""
        random = np.random.default_rng([self._seed, zlib.crc32(name.encode())])
        constant = random.normal()
        kernel = _gaussian(NOISE_S * self._fps)
        white = random.normal(size=len(self._speaking) + len(kernel) - 1)
        slow = np.convolve(white, kernel, "valid") / np.sqrt((kernel**2).sum())
        return np.sqrt(UTTERANCE_SHARE) * constant + np.sqrt(1 - UTTERANCE_SHARE) * slow


def rounded_less_smile(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the factor on the slow smile [n_frames]: 0 where the lips are rounded."""
    return np.clip(1 - ROUNDING_REMOVES * values["mouthPucker"], 0, 1)


def _driver(
    curve: NDArray[np.float64], speaking: NDArray[np.float64], fps: float, smallest_sd: float
) -> NDArray[np.float64]:
    """Return a curve of prosody at the frames [n_frames], smoothed, in standard deviations.

    The mean and the deviation are those of the speech. Gaps, where there is no pitch, are bridged.
    """
    known = np.isfinite(curve)
    if not known.any() or not speaking.any():
        return np.zeros(len(speaking))
    hop_s = np.flatnonzero(known) * HOP_S
    highest = curve[known].max()
    curve = np.maximum(curve, highest - WIDEST)
    values = np.interp(np.arange(len(speaking)) / fps, hop_s, curve[known])
    weight = speaking + 1e-6
    mean = (weight * values).sum() / weight.sum()
    kernel = _gaussian(PROSODY_S * fps)
    # Silence counts as the mean, or the curve would bend towards it at the ends of speech.
    relative = np.pad(weight * (values - mean), len(kernel) // 2)
    smooth = np.convolve(relative, kernel, "valid")
    sd = float(np.sqrt((weight * smooth**2).sum() / weight.sum()))
    return np.clip(smooth / max(smallest_sd, sd), -LARGEST, LARGEST)


def _gaussian(deviation: float) -> NDArray[np.float64]:
    """Return a Gaussian kernel with sum 1 and an odd length."""
    reach = int(np.ceil(3 * deviation))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    return kernel / kernel.sum()

"""A face tracker's scores in, ARKit curves with the amplitudes of real captures out.

MediaPipe's scores have ARKit's names, but other amplitudes: some are hundreds of times too small,
some are above 0 when the face rests, and a few do not move at all. A `Calibration` is fitted to all
frames of one person and then turns each of the person's takes into ARKit curves:

1. Each score loses the person's neutral, and the noise of the face at rest.
2. A score whose peaks stand out too far is compressed by a power below 1.
3. Each score is scaled so that it moves as much in speech as the same control does in real iPhone
   takes, or so that a recorded pose reaches 1. A score that hardly moves is dead and becomes 0.
4. Where the distance of the lips was measured, the controls of the jaw and the lips change as
   little as possible so that the packaged head shows this distance: `lip_gap`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.controls import REAL_SD
from marotte.learn.capture.lip_gap import LipGap, fit_lip_gap

WITHIN_SPEAKER = 0.8
"""Share of `REAL_SD` that is motion: the rest is the difference between the speakers' faces."""

POSES = {
    "neutral": (),
    "open": ("jawOpen",),
    "funnel": ("mouthFunnel",),
    "pucker": ("mouthPucker",),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "stretch": ("mouthStretchLeft", "mouthStretchRight"),
    "press": ("mouthPressLeft", "mouthPressRight"),
    "roll": ("mouthRollLower", "mouthRollUpper"),
    "teeth": (
        "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight",
    ),
    "frown": ("mouthFrownLeft", "mouthFrownRight"),
    "brows": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    "blink": ("eyeBlinkLeft", "eyeBlinkRight"),
}  # fmt: skip
"""The poses that a person may record, and the controls that reach 1 in each."""

MAX_FACTOR = 50.0  # a score that needs more is not measured by the tracker
MAX_NOISE = 0.6  # of a score's sd: above this, the score is noise
MAX_TAIL = 2.0  # the 99.9th percentile over the 95th; jawOpen, which is measured well, has 1.4
MIN_POWER = 0.5
MIN_FRAMES = 25
MAX_GAP_S = 0.1


@dataclass(frozen=True)
class ControlScale:
    """How one score becomes one control: `factor * (score - neutral - band) ** power`.

    Attributes:
        neutral: the score of the person's resting face.
        band: how far the score strays from `neutral` at rest; this much is cut off.
        power: 1, or less where the score's peaks stand out too far.
        factor: 0 if the score is dead.
        by: what set the factor: `speech`, a pose's name, `tracker` (the score is used as it is)
            or `dead`.
    """

    neutral: float
    band: float
    power: float
    factor: float
    by: str

    def apply(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the control for scores of any shape; not limited to 1, NaN where a score is."""
        above = np.maximum(scores - self.neutral - self.band, 0)
        return self.factor * above**self.power


@dataclass(frozen=True)
class Calibration:
    """What turns one person's scores into ARKit curves.

    Attributes:
        scales: one `ControlScale` per control that the tracker scores.
        lip_gap: the person's lip gap on the packaged head; None if it was not measured.
    """

    scales: Mapping[str, ControlScale]
    lip_gap: LipGap | None

    @property
    def dead(self) -> tuple[str, ...]:
        """The names of the controls whose scores are dead."""
        return tuple(name for name, scale in self.scales.items() if scale.by == "dead")

    def report(self) -> str:
        """Return a table of text, one line per control: neutral, band, power, factor, by what."""
        lines = ["control              neutral    band  power  factor  by"]
        lines += [
            f"{name:20s} {each.neutral:7.4f} {each.band:7.4f} {each.power:6.2f} {each.factor:7.2f}"
            f"  {each.by}"
            for name, each in self.scales.items()
        ]
        return "\n".join(lines)

    def apply(
        self,
        names: Sequence[str],
        values: NDArray[np.float64],
        speech: NDArray[np.bool_],
        lip_gap_mm: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float32]:
        """Return ARKit curves [n_frames, 52] within 0..1; NaN where the face was lost.

        Args:
            names: the names of the columns of `values`.
            values: scores [n_frames, n_scores]; a row with NaN has no face.
            speech: whether somebody speaks, per frame [n_frames].
            lip_gap_mm: distance of the inner lips, per frame [n_frames].
        """
        curves = np.zeros((len(values), len(ARKIT_52.names)))
        for column, name in enumerate(names):
            if name in self.scales:
                curves[:, ARKIT_52.index[name]] = self.scales[name].apply(values[:, column])
        curves = np.clip(curves, 0, 1)
        lost = np.isnan(values).any(1)
        if lip_gap_mm is not None and self.lip_gap is not None:
            curves = self.lip_gap.impose(curves, lip_gap_mm, speech)
            lost |= np.isnan(lip_gap_mm)
        curves[lost] = np.nan
        return curves.astype(np.float32)


def calibrate(
    names: Sequence[str],
    values: NDArray[np.float64],
    fps: float,
    speech: NDArray[np.bool_],
    lip_gap_mm: NDArray[np.float64] | None = None,
    poses: Mapping[str, NDArray[np.float64]] | None = None,
) -> tuple[NDArray[np.float32], Calibration]:
    """Turn one take's scores into ARKit curves; for several takes of a person see `fit`.

    Returns:
        curves [n_frames, 52] within 0..1, NaN where the face was lost for longer than 0.1 s; and
        the calibration.

    Raises:
        MarotteError: there are too few frames with a face, in speech or in pauses.

    Example:
        >>> import numpy as np
        >>> from marotte import ARKIT_52
        >>> from marotte.learn.capture.calibration import calibrate
        >>> speech = np.arange(200) >= 50
        >>> scores = 0.02 + 0.01 * np.abs(np.sin(np.arange(200) / 3))[:, None] * speech[:, None]
        >>> curves, found = calibrate(["mouthPucker"], scores, 25, speech)
        >>> round(float(curves[speech, ARKIT_52.index["mouthPucker"]].std()), 3)
        0.038
    """
    values = fill_short_gaps(values, fps)
    if lip_gap_mm is not None:
        lip_gap_mm = fill_short_gaps(lip_gap_mm[:, None], fps)[:, 0]
    found = fit(names, values, speech, lip_gap_mm, poses)
    return found.apply(names, values, speech, lip_gap_mm), found


def fit(
    names: Sequence[str],
    values: NDArray[np.float64],
    speech: NDArray[np.bool_],
    lip_gap_mm: NDArray[np.float64] | None = None,
    poses: Mapping[str, NDArray[np.float64]] | None = None,
) -> Calibration:
    """Fit the calibration to all frames of one person.

    Args:
        names: the names of the columns of `values`; those that are not ARKit's are ignored.
        values: scores [n_frames, n_scores] at an even frame rate; a row with NaN has no face.
        speech: whether somebody speaks, per frame [n_frames].
        lip_gap_mm: distance of the inner lips in mm [n_frames], NaN where there is no face.
        poses: scores [n_pose_frames, n_scores] of the poses in `POSES` that were recorded.

    Raises:
        MarotteError: there are too few frames with a face, in speech or in pauses; or a pose is
            unknown.
    """
    poses = {name: each[~np.isnan(each).any(1)] for name, each in (poses or {}).items()}
    for name, each in poses.items():
        if name not in POSES:
            raise MarotteError(f"there is no pose {name!r}: use {', '.join(POSES)}")
        if not len(each):
            raise MarotteError(f"no face was found in the pose {name!r}: record it again")
    seen = ~np.isnan(values).any(1)
    rest = poses["neutral"] if "neutral" in poses else values[seen & ~speech]
    talk = values[seen & speech]
    _check_amounts(rest, talk)
    scales = {}
    for column, name in enumerate(names):
        if name in ARKIT_52.index:
            noise = _noise(values[:, column])
            pose = {each: frames[:, column] for each, frames in poses.items()}
            scales[name] = _scale(name, rest[:, column], talk[:, column], noise, pose)
    gap = None
    if lip_gap_mm is not None:
        measured = seen & ~np.isnan(lip_gap_mm)
        gap = fit_lip_gap(lip_gap_mm[measured & ~speech], lip_gap_mm[measured & speech])
    return Calibration(scales, gap)


def fill_short_gaps(values: NDArray[np.float64], fps: float) -> NDArray[np.float64]:
    """Interpolate runs of rows [n_frames, n] with NaN that last at most 0.1 s; leave others NaN.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.calibration import fill_short_gaps
        >>> fill_short_gaps(np.array([[0.0], [np.nan], [1.0], [np.nan]]), fps=25).ravel().tolist()
        [0.0, 0.5, 1.0, nan]
    """
    lost = np.isnan(values).any(1)
    filled = values.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lost, [0]])))
    for first, end in edges.reshape(-1, 2):
        if first > 0 and end < len(values) and (end - first) / fps <= MAX_GAP_S + 1e-9:
            share = np.arange(1, end - first + 1)[:, None] / (end - first + 1)
            filled[first:end] = (1 - share) * values[first - 1] + share * values[end]
        else:
            filled[first:end] = np.nan
    return filled


def _check_amounts(rest: NDArray[np.float64], talk: NDArray[np.float64]) -> None:
    if len(talk) < MIN_FRAMES:
        raise MarotteError(
            f"only {len(talk)} frames show a face that speaks, at least {MIN_FRAMES} are needed: "
            "check the light, the sound, and that the face looks into the camera"
        )
    if len(rest) < MIN_FRAMES:
        raise MarotteError(
            f"only {len(rest)} frames show the face at rest, at least {MIN_FRAMES} are needed: "
            "record two seconds of silence with a relaxed face, or the pose 'neutral'"
        )


def _noise(scores: NDArray[np.float64]) -> float:
    """Return the sd of white noise that would explain the second differences of scores [n]."""
    second = scores[2:] - 2 * scores[1:-1] + scores[:-2]
    second = second[~np.isnan(second)]
    return float(second.std() / np.sqrt(6)) if len(second) else 0.0


def _scale(
    name: str,
    rest: NDArray[np.float64],
    talk: NDArray[np.float64],
    noise: float,
    poses: Mapping[str, NDArray[np.float64]],
) -> ControlScale:
    """Return the scale of a control from its scores at rest, in speech, and in each pose."""
    low, neutral = np.percentile(rest, [10, 50]).tolist()
    wanted = REAL_SD.get(name)
    sd, band = float(talk.std()), neutral - low
    if noise > MAX_NOISE * sd or not sd:
        return ControlScale(neutral, band, 1.0, 0.0, "dead")
    if wanted is None:  # no statistics: the gaze, and controls that speech does not move
        return ControlScale(neutral, 0.0, 1.0, 1.0, "tracker")
    moved = np.maximum(talk - neutral - band, 0)
    for pose, frames in poses.items():
        if name in POSES[pose]:
            peak = float(np.percentile(frames, 90)) - neutral - band
            if peak > 1 / MAX_FACTOR:
                return ControlScale(neutral, band, 1.0, 1 / peak, pose)
    wanted *= WITHIN_SPEAKER
    if wanted > MAX_FACTOR * sd or not moved.any():
        return ControlScale(neutral, band, 1.0, 0.0, "dead")
    power = _power(moved)
    return ControlScale(neutral, band, power, wanted / float((moved**power).std()), "speech")


def _power(moved: NDArray[np.float64]) -> float:
    """Return the power that brings the peaks of values [n] to `MAX_TAIL` times the 95th."""
    high, peak = np.percentile(moved, [95, 99.9]).tolist()
    if peak <= MAX_TAIL * high:
        return 1.0
    if high <= 0:
        return MIN_POWER
    return float(max(MIN_POWER, np.log(MAX_TAIL) / np.log(peak / high)))

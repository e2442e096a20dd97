"""Takes of one set in, ARKit curves of each with the amplitudes of real captures out.

All takes of a set are calibrated together, as one person's. The lip gap stays the captured one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, ARKIT_NAMES
from marotte.learn.capture.calibration import fill_short_gaps, fit
from marotte.learn.capture.sync import speech_frames
from marotte.learn.capture.take import Take

FIT_FPS = 30.0  # of the frames that the calibration is fitted to


class CalibratedTakes(NamedTuple):
    """The calibrated curves of a set.

    Attributes:
        curves: ARKit controls [n_frames, 52] of each take, NaN where the face was lost.
        known: which controls [52] were captured and have a score that moves.
    """

    curves: list[NDArray[np.float32]]
    known: NDArray[np.bool_]


def calibrate_takes(
    takes: Sequence[Take], fps: float = FIT_FPS, names: Sequence[str] = ARKIT_NAMES
) -> CalibratedTakes:
    """Calibrate the takes of a set; see `marotte.learn.capture.calibration`.

    Args:
        takes: the takes of one set.
        fps: frames per second of the result. The calibration is always fitted at 30.
        names: the controls to calibrate; others are 0 and not known.

    Raises:
        MarotteError: there are too few frames in speech or in pauses, or a take can't be used.

    Example:
        >>> import numpy as np
        >>> from marotte import ARKIT_52
        >>> from marotte.learn.capture.calibrated import calibrate_takes
        >>> from marotte.learn.capture.take import Take
        >>> from marotte.learn.data.captured import CapturedCurves
        >>> times = np.arange(180) / 30
        >>> scores = np.where(times > 3, 0.1 * np.sin(9 * times) ** 2, 0)[:, None]
        >>> sound = np.sin(np.arange(96_000)).astype(np.float32) * (np.arange(96_000) > 48_000)
        >>> take = Take("me_1", "me", sound, CapturedCurves(["mouthFunnel"], times, scores, 6.0))
        >>> curves, known = calibrate_takes([take], fps=60)
        >>> curves[0].shape, [ARKIT_52.names[each] for each in np.flatnonzero(known)]
        ((360, 52), ['mouthFunnel'])
    """
    given = tuple(name for name in names if any(name in take.given for take in takes))
    fitted = [_Frames.of(take, given, FIT_FPS) for take in takes]
    calibration = fit(
        given,
        np.concatenate([each.scores for each in fitted]),
        np.concatenate([each.speech for each in fitted]),
        np.concatenate([each.gap_mm for each in fitted]),
    )
    wanted = fitted if fps == FIT_FPS else [_Frames.of(take, given, fps) for take in takes]
    curves = [
        calibration.apply(given, fill_short_gaps(each.scores, fps), each.speech, each.gap_mm)
        for each in wanted
    ]
    known = np.zeros(len(ARKIT_NAMES), np.bool_)
    known[[ARKIT_52.index[name] for name in given if name not in calibration.dead]] = True
    return CalibratedTakes(curves, known)


class _Frames(NamedTuple):
    """The frames of a take: scores [n_frames, n_scores], speech and lip gap [n_frames]."""

    scores: NDArray[np.float64]
    speech: NDArray[np.bool_]
    gap_mm: NDArray[np.float64]

    @classmethod
    def of(cls, take: Take, names: Sequence[str], fps: float) -> _Frames:
        """Return a take's frames at k / fps seconds; the lip gap is measured, or the curves'."""
        controls = take.controls(fps)
        scores = controls[:, [ARKIT_52.index[name] for name in names]].astype(np.float64)
        gap_mm = take.measured_gap_mm(fps)
        if gap_mm is None:
            gap_mm = load_head().lip_gap(controls, ARKIT_NAMES)
        speech = speech_frames(take.samples, np.arange(len(controls)) / fps)
        return cls(scores, speech, gap_mm.astype(np.float64))

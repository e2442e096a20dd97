"""A take: the sound of a person who speaks, and the curves of the face, captured together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.lip_gap import EYE_CORNERS_MM
from marotte.learn.data.captured import CapturedCurves, arkit_name, resample
from marotte.learn.data.labels import frame_count
from marotte.learn.errors import Skip

LONGEST_GAP_S = 0.1  # between captured frames; over a longer one the face was lost
LIP_GAP_MM = "lipGapMm"  # a column: the measured distance of the inner lips in mm
LIP_GAP = "lipGap"  # a column: the same in units of the distance of the outer eye corners


class Word(NamedTuple):
    """A spoken word with its times in seconds of the take."""

    start_s: float
    end_s: float
    text: str


class Clip(NamedTuple):
    """A part of a take that was spoken and recorded by itself, e.g. one sentence."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class Take:
    """The sound and the curves of a face.

    Attributes:
        name: unique in its source, e.g. `facegood_1114_2_01`.
        source: the set that it belongs to, e.g. `facegood`.
        samples: mono samples [n_samples] at 16 kHz.
        curves: the captured curves with their times.
        words: the words in order; empty if they are not known.
        clips: the parts of the take in order; empty if it is one piece.
        amplitudes: whether the curves are ARKit's amplitudes. A tracker's raw scores are not:
            their correlations mean something, their sizes do not.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.take import Take
        >>> from marotte.learn.data.captured import CapturedCurves
        >>> times = np.arange(30) / 30
        >>> curves = CapturedCurves(["jawOpen"], times, times[:, None] / 2, 1.0)
        >>> take = Take("me_1", "me", np.zeros(16_000, np.float32), curves)
        >>> take.fps, take.given, take.controls(60.0).shape
        (30.0, ('jawOpen',), (60, 52))
    """

    name: str
    source: str
    samples: NDArray[np.float32]
    curves: CapturedCurves
    words: tuple[Word, ...] = ()
    clips: tuple[Clip, ...] = ()
    amplitudes: bool = True

    @property
    def seconds(self) -> float:
        """Duration of the sound."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def fps(self) -> float:
        """The captured frames per second."""
        if len(self.curves.time_s) < 2:
            return 0.0
        return round(1 / float(np.median(np.diff(self.curves.time_s))), 1)

    @property
    def given(self) -> tuple[str, ...]:
        """The ARKit controls that were captured."""
        return tuple(name for name in map(arkit_name, self.curves.names) if name)

    def controls(self, fps: float) -> NDArray[np.float32]:
        """Return the ARKit controls [n_frames, 52] at k / fps seconds; 0 where none was captured.

        Raises:
            MarotteError: the curves do not fit the sound, or are not valid.
        """
        try:
            return resample(self.curves, self.seconds, fps, ARKIT_52)
        except Skip as error:
            raise MarotteError(f"can't use the take {self.name}: {error}") from error

    def seen(self, fps: float) -> NDArray[np.bool_]:
        """Return in which frames a face was captured [n_frames], at k / fps seconds.

        Frames between two captured ones count if these are no more than 0.1 s apart; the curves of
        other frames are interpolated over a face that was lost.
        """
        frame_s = np.arange(frame_count(self.seconds, fps)) / fps
        time_s = np.concatenate([[-np.inf], self.curves.time_s, [np.inf]])
        after = np.searchsorted(time_s, frame_s)
        distance = time_s[after] - time_s[after - 1]
        nearest = np.minimum(np.abs(time_s[after] - frame_s), frame_s - time_s[after - 1])
        return np.where(np.isfinite(distance), distance, nearest) <= LONGEST_GAP_S

    def measured_gap_mm(self, fps: float) -> NDArray[np.float32] | None:
        """Return the measured distance of the lips [n_frames] in mm; None if it was not measured.

        A distance in units of the outer eye corners counts 90 mm each, an adult's.
        """
        names = list(self.curves.names)
        for name, unit_mm in ((LIP_GAP_MM, 1.0), (LIP_GAP, EYE_CORNERS_MM)):
            if name in names:
                gap = self.curves.values[:, names.index(name)] * unit_mm
                times = np.arange(frame_count(self.seconds, fps)) / fps
                return np.interp(times, self.curves.time_s, gap).astype(np.float32)
        return None

"""A picture in, the scores of the face and the distance of its lips out: MediaPipe Face Landmarker.

`Tracker` is the interface: tests and other trackers implement it.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Protocol, final

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError, missing_extra
from marotte.face.rig import ARKIT_52
from marotte.learn.capture.lip_gap import EYE_CORNERS_MM

INNER_LIPS = (13, 14)  # landmarks: the middle of the upper and of the lower lip, where they touch
OUTER_EYE_CORNERS = (33, 263)


class Face(NamedTuple):
    """What a tracker sees in one picture.

    Attributes:
        scores: one value within 0..1 per name of the tracker.
        lip_gap_mm: distance of the inner lips in mm, on a face whose outer eye corners are
            `EYE_CORNERS_MM` apart.
    """

    scores: NDArray[np.float32]
    lip_gap_mm: float


class Tracker(Protocol):
    """Finds a face in pictures."""

    @property
    def names(self) -> Sequence[str]:
        """What the scores are called; ARKit's names are used, others are ignored."""
        ...

    @property
    def version(self) -> str:
        """The tracker's name and version."""
        ...

    def track(self, picture: NDArray[np.uint8]) -> Face | None:
        """Return the face in a picture [height, width, 3], sRGB; None if there is none."""
        ...


@final
class MediaPipeTracker:
    """MediaPipe Face Landmarker, one picture at a time.

    Args:
        model: the file `face_landmarker.task`.

    Raises:
        MarotteError: MediaPipe is not installed, or the file is not its model.
    """

    names = ARKIT_52.names

    def __init__(self, model: Path) -> None:
        try:
            mediapipe, tasks = map(import_module, ("mediapipe", "mediapipe.tasks.python"))
        except ImportError as error:
            raise missing_extra("mediapipe", "capture") from error
        self._image: Any = mediapipe.Image
        self._format: Any = mediapipe.ImageFormat.SRGB
        self.version = f"mediapipe {mediapipe.__version__}, {model.name}"
        options: Any = tasks.vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_buffer=model.read_bytes()),
            output_face_blendshapes=True,
            num_faces=1,
        )
        try:
            with _silent():
                self._landmarker: Any = tasks.vision.FaceLandmarker.create_from_options(options)
                self.track(np.zeros((64, 64, 3), np.uint8))
        except (RuntimeError, ValueError) as error:
            raise MarotteError(
                f"{model} is not a model of MediaPipe Face Landmarker: {error}"
            ) from error

    def track(self, picture: NDArray[np.uint8]) -> Face | None:
        """Return the face in a picture [height, width, 3], sRGB; None if there is none."""
        image = self._image(image_format=self._format, data=np.ascontiguousarray(picture))
        result = self._landmarker.detect(image)
        if not result.face_landmarks or not result.face_blendshapes:
            return None
        found = {each.category_name: each.score for each in result.face_blendshapes[0]}
        scores = np.array([found.get(name, 0.0) for name in self.names], np.float32)
        height, width = picture.shape[:2]
        points = np.array([(p.x, p.y, p.z) for p in result.face_landmarks[0]])
        return Face(scores, lip_gap_mm(points * (width, height, width)))

    def close(self) -> None:
        """Release the model. MediaPipe complains where Python ends before this."""
        self._landmarker.close()


@contextmanager
def _silent() -> Generator[None]:
    """Discard what is written to the process's error stream: MediaPipe logs each start there."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def need_mediapipe() -> None:
    """Check that videos can be tracked.

    Raises:
        MarotteError: the extra `capture` is not installed.
    """
    for package in ("mediapipe", "av"):
        if find_spec(package) is None:
            raise missing_extra(package, "capture")


def lip_gap_mm(points: NDArray[np.float64]) -> float:
    """Return the distance of the inner lips in mm from landmarks [n, 3] in pixels.

    Distances in depth count, so that a face that turns away keeps its size.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.tracker import lip_gap_mm
        >>> points = np.zeros((478, 3))
        >>> points[33, 0], points[263, 0], points[14, 1] = -60, 60, 12
        >>> lip_gap_mm(points)
        9.0
    """
    lips = math.dist(points[INNER_LIPS[0]], points[INNER_LIPS[1]])
    eyes = math.dist(points[OUTER_EYE_CORNERS[0]], points[OUTER_EYE_CORNERS[1]])
    return EYE_CORNERS_MM * lips / max(eyes, 1e-6)

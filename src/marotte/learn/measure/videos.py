"""Comparison videos: one utterance and several predictors in, an .mp4 of faces side by side out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording
from marotte.export.video import check_video, write_pictures
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.measure.degraded import degrade
from marotte.learn.measure.predictors import FPS, Predictor
from marotte.learn.utterance import Utterance
from marotte.render import Renderer, open_renderer

PIXELS = 400  # width and height of each face
TITLE_PIXELS = 44
VIDEO_FPS = 30.0

Picture = NDArray[np.uint8]


def write_comparison(
    utterance: Utterance,
    predictors: Mapping[str, Predictor],
    path: Path,
    degradation: str | None = None,
) -> None:
    """Write a video of several faces that speak an utterance, with its sound.

    Args:
        utterance: the speech.
        predictors: the faces from left to right, by name.
        path: the video's path, ending in .mp4.
        degradation: a name in `DEGRADATIONS` for the sound of the video, or None. Predictors get
            the clean utterance: wrap those that should hear the degraded sound in a
            `DegradedPredictor`.

    Raises:
        MarotteError: the extra `video` is missing, or the file can't be written.
    """
    check_video()
    audible = degrade(utterance, degradation) if degradation else utterance
    recording = Recording.from_samples(audible.samples, audible.rate)
    every = round(FPS / VIDEO_FPS)
    curves = {name: predictor(utterance)[::every] for name, predictor in predictors.items()}
    write_side_by_side(curves, VIDEO_FPS, recording, path)


def write_side_by_side(
    curves: Mapping[str, NDArray[np.float32]], fps: float, recording: Recording, path: Path
) -> None:
    """Write a video of faces side by side, with a sound; it ends with the shortest curves.

    Args:
        curves: ARKit controls [n_frames, 52] of the faces from left to right, by name.
        fps: frames per second of the curves and of the video.
        recording: the sound.
        path: the video's path, ending in .mp4.

    Raises:
        MarotteError: the extra `video` is missing, or the file can't be written.
    """
    check_video()
    with closing(open_renderer(load_head(), (PIXELS, PIXELS))) as renderer:
        write_pictures(_pictures(curves, renderer), fps, recording, path)


def _pictures(curves: Mapping[str, NDArray[np.float32]], renderer: Renderer) -> Iterator[Picture]:
    """Yield each frame: all faces side by side under a strip of their names."""
    strip = title_strip(list(curves))
    for frame in range(min(map(len, curves.values()))):
        faces = [renderer.frame(each[frame], ARKIT_52.names) for each in curves.values()]
        yield np.concatenate([strip, np.concatenate(faces, axis=1)])


def title_strip(names: list[str]) -> Picture:
    """Return a strip [TITLE_PIXELS, PIXELS * len(names), 3] with each name above its face."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = PIXELS * len(names)
    drawn = Figure(figsize=(width / 100, TITLE_PIXELS / 100), dpi=100, facecolor="white")
    canvas = FigureCanvasAgg(drawn)
    for number, name in enumerate(names):
        drawn.text((number + 0.5) / len(names), 0.5, name, ha="center", va="center", fontsize=13)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:TITLE_PIXELS, :width, :3].copy()

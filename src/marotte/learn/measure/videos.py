"""Faces side by side in one video, each under its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
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

PIXELS = 400  # of a face
TITLE_PIXELS = 44
VIDEO_FPS = 30.0

Picture = NDArray[np.uint8]


def film(
    utterance: Utterance, faces: Mapping[str, Predictor], path: Path, heard: str | None = None
) -> None:
    """Write a video of faces that hear an utterance, in step with its sound.

    Args:
        utterance: what is said.
        faces: from left to right, by name.
        path: where to, ending in .mp4.
        heard: one of `degraded.HEARD`: how the sound is made worse, for ears and faces; the
            teacher, who gives labels, hears it clean.

    Raises:
        MarotteError: the extra `video` is missing, or the file can't be written.
    """
    check_video()
    sound = degrade(utterance, heard) if heard else utterance
    recording = Recording.from_samples(sound.samples, sound.rate)
    every = round(FPS / VIDEO_FPS)
    curves = {name: face(utterance)[::every] for name, face in faces.items()}
    with ExitStack() as stack:
        renderer = open_renderer(load_head(), (PIXELS, PIXELS))
        stack.callback(renderer.close)
        write_pictures(_beside(curves, renderer), VIDEO_FPS, recording, path)


def _beside(curves: Mapping[str, NDArray[np.float32]], renderer: Renderer) -> Iterator[Picture]:
    """Each frame of all faces beside each other, under a line of their names."""
    line = titles(list(curves))
    for frame in range(min(map(len, curves.values()))):
        drawn = [renderer.frame(each[frame], ARKIT_52.names) for each in curves.values()]
        yield np.concatenate([line, np.concatenate(drawn, axis=1)])


def titles(names: list[str]) -> Picture:
    """A strip [TITLE_PIXELS, PIXELS * len(names), 3] with each name in the middle of its face."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = PIXELS * len(names)
    drawn = Figure(figsize=(width / 100, TITLE_PIXELS / 100), dpi=100, facecolor="white")
    canvas = FigureCanvasAgg(drawn)
    for number, name in enumerate(names):
        drawn.text((number + 0.5) / len(names), 0.5, name, ha="center", va="center", fontsize=13)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:TITLE_PIXELS, :width, :3].copy()

"""The main job: a recording in, through a student's windows, an `Animation` out.

The sound passes through in blocks; only what the next frames' windows reach over is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from marotte.animation import Animation
from marotte.audio import Recording
from marotte.errors import MarotteError
from marotte.runtime import Student, load_student
from marotte.windows import WindowSpec, frame_samples, n_frames

DEFAULT_FPS = 60.0
HIGHEST_FPS = 1000.0
BATCH_FRAMES = 64

Progress = Callable[[int, int], None]
"""Told how many frames are done, and of how many."""


def animate(
    recording: Recording,
    student: Student | None = None,
    fps: float = DEFAULT_FPS,
    progress: Progress | None = None,
) -> Animation:
    """Give a recording a face: frame k is the face at exactly k / fps seconds.

    Args:
        recording: the sound.
        student: who turns it into controls; the default student if None.
        fps: frames a second, above 0 and up to 1000.
        progress: told how many frames are done, and of how many.

    Raises:
        MarotteError: the rate of frames is impossible, or the sound turns out to be bad.
    """
    check_fps(fps)
    student = student or load_student()
    total = n_frames(recording.n_samples, fps)
    controls = student.rig.neutral(total)
    done = 0
    for windows in frame_windows(recording, student.window, fps):
        controls[done : done + len(windows)] = student.predict(windows)
        done += len(windows)
        if progress:
            progress(done, total)
    return Animation(controls, fps, student.rig, recording, student.name)


def check_fps(fps: float) -> None:
    """Refuse a rate of frames that can't be.

    Raises:
        MarotteError: it is not above 0 and up to 1000.
    """
    if not (math.isfinite(fps) and 0 < fps <= HIGHEST_FPS):
        raise MarotteError(f"fps must be above 0 and up to {HIGHEST_FPS:g}, got {fps:g}")


def frame_windows(
    recording: Recording, window: WindowSpec, fps: float, block_samples: int | None = None
) -> Iterator[NDArray[np.float32]]:
    """Give every frame's window of samples, in batches [<=64, n_samples].

    The sound is silent before its beginning and after its end.

    Args:
        recording: the sound.
        window: what is seen of it around each frame.
        fps: frames a second.
        block_samples: how much sound is read at a time; it changes nothing but speed.
    """
    total = n_frames(recording.n_samples, fps)
    # No more than about a second of frames at a time, so that few frames a second need no more
    # sound in memory than many do.
    batch = max(1, min(BATCH_FRAMES, int(fps)))
    blocks = recording.blocks(block_samples) if block_samples else recording.blocks()
    kept = np.zeros(window.past_samples, np.float32)
    kept_from = -window.past_samples  # the place of kept[0] in the sound
    for first in range(0, total, batch):
        starts = frame_samples(first, min(first + batch, total), fps) - window.past_samples
        end = int(starts[-1]) + window.n_samples
        while kept_from + len(kept) < end:
            block = next(blocks, None)
            if block is None:  # the sound is over: silence follows
                block = np.zeros(end - kept_from - len(kept), np.float32)
            passed = min(max(int(starts[0]) - kept_from, 0), len(kept))
            kept = np.concatenate([kept[passed:], block])
            kept_from += passed
        yield sliding_window_view(kept, window.n_samples)[starts - kept_from]
    for _ in blocks:  # the rest is in no window, but may show that the file is cut short
        pass

"""The main job: a recording in, through a student's windows, an `Animation` out.

The sound passes through in blocks; only what the next frames' windows reach over is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from marotte.audio.recording import Recording
from marotte.face.animation import Animation
from marotte.model.session import Student, load_student
from marotte.model.smoothing import ensembles, moments, resolve_smoothing
from marotte.model.timing import DEFAULT_FPS, WindowSpec, check_fps, n_frames
from marotte.progress import Progress

BATCH_FRAMES = 64


def animate(
    recording: Recording,
    student: Student | None = None,
    fps: float = DEFAULT_FPS,
    progress: Progress | None = None,
    smooth: bool | None = None,
) -> Animation:
    """Give a recording a face: frame k is the face at exactly k / fps seconds.

    Args:
        recording: the sound.
        student: who turns it into controls; the default student if None.
        fps: frames a second, above 0 and up to 1000.
        progress: told how many frames are done, and of how many.
        smooth: whether every frame is the mean of neighbouring moments (`marotte.model.smoothing`);
            None for as the student is made.

    Raises:
        MarotteError: the rate of frames is impossible, or the sound turns out to be bad.
    """
    check_fps(fps)
    student = student or load_student()
    total = n_frames(recording.n_samples, fps)
    lanes = moments(0, total, fps, resolve_smoothing(student.contract.smoothing, smooth))
    asked = np.unique(lanes)
    answers = np.empty((len(asked), len(student.contract.names)), np.float32)
    done = 0
    # No more than about a second of frames at a time, so that few frames a second need no more
    # sound in memory than many do.
    batch = max(1, min(BATCH_FRAMES, int(fps)))
    for windows in windows_at(recording, student.window, asked, batch):
        answers[done : done + len(windows)] = student.outputs(windows)
        done += len(windows)
        if progress:
            progress(done * total // len(asked), total)
    controls = student.in_rig(ensembles(answers, asked, lanes))
    return Animation(controls, fps, student.rig, recording, student.name)


def windows_at(
    recording: Recording,
    window: WindowSpec,
    moments: NDArray[np.int64],
    batch: int = BATCH_FRAMES,
    block_samples: int | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Give the windows of samples about moments of a recording, in batches [<=batch, n_samples].

    The sound is silent before its beginning and after its end.

    Args:
        recording: the sound.
        window: what is seen of it around each moment.
        moments: samples at 16 kHz, in order.
        batch: how many windows to give at a time.
        block_samples: how much sound is read at a time; it changes nothing but speed.
    """
    blocks = recording.blocks(block_samples) if block_samples else recording.blocks()
    before = max(0, window.past_samples - int(moments[0]))
    kept = np.zeros(before, np.float32)
    kept_from = -before  # the place of kept[0] in the sound
    for first in range(0, len(moments), batch):
        starts = moments[first : first + batch] - window.past_samples
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

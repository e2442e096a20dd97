"""A recording in; the predictions of a student for its windows; an `Animation` out.

The sound is read in blocks. Only the samples that the next windows need are kept.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from marotte.audio.level import follow_level
from marotte.audio.recording import Recording
from marotte.face.animation import Animation
from marotte.face.frame_rate import check_fps
from marotte.infer.ending import close_mouth, closing_shares, rest_of
from marotte.infer.evaluators import SampleBuffer, without_denormals
from marotte.model.session import Student, load_student
from marotte.model.smoothing import ensembles, moments, resolve_smoothing
from marotte.model.timing import DEFAULT_FPS, WindowSpec, n_frames
from marotte.progress import Progress

BATCH_FRAMES = 64


def animate(
    recording: Recording,
    student: Student | None = None,
    fps: float = DEFAULT_FPS,
    progress: Progress | None = None,
    smooth: bool | None = None,
    *,
    level: bool = True,
    close: bool = True,
) -> Animation:
    """Animate a recording: frame k is the face at exactly k / fps seconds.

    Args:
        recording: the sound.
        student: the network; the default student if None.
        fps: frames per second, 0.001 to 1000.
        progress: called with the number of frames done and the total.
        smooth: whether each frame is the mean of neighbouring predictions
            (`marotte.model.smoothing`); None for the student's own setting.
        level: whether quiet and loud speech is brought to a usual level (`marotte.audio.level`).
        close: whether the last frames come to rest (`marotte.infer.ending`); otherwise all frames
            are what the student says.

    Raises:
        MarotteError: the frame rate is impossible, or the sound turns out to be damaged.

    Example:
        >>> from marotte import open_recording
        >>> from marotte.infer.offline import animate
        >>> animate(open_recording("voice.wav"), fps=30).n_frames
        45
    """
    check_fps(fps)
    student = student or load_student()
    total = n_frames(recording.n_samples, fps)
    smoothing = resolve_smoothing(student.contract.smoothing, smooth)
    taps = moments(0, total, fps, smoothing)
    ordered = np.sort(taps, axis=None)  # `np.unique` would import numpy.ma, which takes a while
    at = ordered[np.concatenate([[True], ordered[1:] > ordered[:-1]])]
    predictions = np.empty((len(at), len(student.contract.names)), np.float32)
    done = 0
    # At most about a second of frames per batch, so that a low frame rate does not need more sound
    # in memory than a high one.
    batch = max(1, min(BATCH_FRAMES, int(fps)))
    for windows in windows_at(recording, student.window, at, batch, level=level):
        predictions[done : done + len(windows)] = student.outputs(windows)
        done += len(windows)
        if progress:
            progress(done * total // len(at), total)
    controls = student.in_rig(ensembles(predictions, at, taps))
    shares = closing_shares(student, fps, smoothing, recording.n_samples, total)
    if close and len(shares):
        last = slice(total - len(shares), total)
        controls[last] = close_mouth(controls[last], shares, rest_of(student))
    return Animation(controls, fps, student.rig, recording, student.name)


def windows_at(
    recording: Recording,
    window: WindowSpec,
    moments: NDArray[np.int64],
    batch: int = BATCH_FRAMES,
    block_samples: int | None = None,
    *,
    level: bool = False,
) -> Iterator[NDArray[np.float32]]:
    """Yield the windows of samples around moments of a recording, in batches [<=batch, n_samples].

    Silence stands before the beginning and after the end of the sound.

    Args:
        recording: the sound.
        window: the samples that belong to each moment.
        moments: positions in the sound at 16 kHz, sorted.
        batch: number of windows per batch.
        block_samples: number of samples read at a time; affects speed only.
        level: whether quiet and loud speech is brought to a usual level.
    """
    blocks = recording.blocks(block_samples) if block_samples else recording.blocks()
    if level:
        blocks = follow_level(blocks)
    before = max(0, window.past_samples - int(moments[0]))
    sound = SampleBuffer(np.zeros(before, np.float32), -before)
    for first in range(0, len(moments), batch):
        starts = moments[first : first + batch] - window.past_samples
        end = int(starts[-1]) + window.n_samples
        while sound.end < end:
            block = next(blocks, None)
            if block is None:  # the sound is over: silence follows
                block = np.zeros(end - sound.end, np.float32)
            sound.add(without_denormals(block), needed_from=int(starts[0]))
        yield sliding_window_view(sound.samples, window.n_samples)[starts - sound.start]
    for _ in blocks:  # read to the end: a truncated file is noticed only there
        pass

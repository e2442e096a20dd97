"""What a sound says about frames: how loud they are, which are speech, and where it begins."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.capture.take import Word

WINDOW_S = 0.025  # the loudness of a frame is that of the sound around it
QUIETEST_DB = -60.0
SPEECH_DB = -30.0  # relative to the 95th percentile of the loudness: louder frames are speech
MARGIN_S = 0.12  # people move before and after they sound; half a closure of a plosive, too
WORD_MARGIN_S = 0.1
PAUSE_S = 0.3  # a longer pause ends an utterance
SHORTEST_S = 0.3  # shorter utterances are no words

Flags = NDArray[np.bool_]
Spans = NDArray[np.int64]
"""The first frame of each span, and the frame after its last [n_spans, 2]."""


def loudness_db(samples: NDArray[np.float32], n_frames: int, fps: float) -> NDArray[np.float64]:
    """Return the RMS of the 25 ms around each frame, in dBFS [n_frames], at least -60.

    Args:
        samples: the sound [n_samples] at 16 kHz.
        n_frames: number of frames.
        fps: frames per second.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.sound_frames import loudness_db
        >>> loudness_db(np.full(16_000, 0.1, np.float32), 3, 60.0).round(1).tolist()
        [-20.0, -20.0, -20.0]
    """
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    centre_s = np.arange(n_frames) / fps
    first = np.clip(((centre_s - WINDOW_S / 2) * SAMPLE_RATE).astype(int), 0, len(samples))
    last = np.clip(((centre_s + WINDOW_S / 2) * SAMPLE_RATE).astype(int), 1, len(samples))
    power = (energy[last] - energy[first]) / np.maximum(last - first, 1)
    return np.clip(10 * np.log10(np.maximum(power, 0) + 1e-12), QUIETEST_DB, 0)


def sounding(loudness: NDArray[np.float64]) -> Flags:
    """Return which frames are loud enough for speech [n_frames].

    These are the frames less than 30 dB below the 95th percentile of the loudness. A sound that is
    quiet throughout has none.
    """
    if not len(loudness):
        return np.zeros(0, bool)
    return (loudness > np.percentile(loudness, 95) + SPEECH_DB) & (loudness > QUIETEST_DB)


def widened(flags: Flags, n_frames: int) -> Flags:
    """Return flags that are also true up to `n_frames` frames before and after a true one.

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.sound_frames import widened
        >>> widened(np.array([0, 0, 0, 1, 0, 0], bool), 1).astype(int).tolist()
        [0, 0, 1, 1, 1, 0]
    """
    if not len(flags):
        return flags
    return np.convolve(flags, np.ones(2 * n_frames + 1))[n_frames : n_frames + len(flags)] > 0.5


def word_frames(words: Iterable[Word], n_frames: int, fps: float) -> Flags:
    """Return which frames are within 0.1 s of a word [n_frames]."""
    flags = np.zeros(n_frames, bool)
    for word in words:
        first = max(0, int((word.start_s - WORD_MARGIN_S) * fps))
        flags[first : int((word.end_s + WORD_MARGIN_S) * fps)] = True
    return flags


def runs(flags: Flags) -> Spans:
    """Return the spans of consecutive true flags [n_spans, 2].

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.sound_frames import runs
        >>> runs(np.array([0, 1, 1, 0, 1], bool)).tolist()
        [[1, 3], [4, 5]]
    """
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], 1)


def joined(spans: Spans, longest_pause: float) -> Spans:
    """Return spans with those joined whose distance in frames is below a limit [n_spans, 2].

    Example:
        >>> import numpy as np
        >>> from marotte.learn.capture.sound_frames import joined
        >>> joined(np.array([[1, 3], [4, 6], [20, 22]]), 5).tolist()
        [[1, 6], [20, 22]]
    """
    if not len(spans):
        return spans
    parted = spans[1:, 0] - spans[:-1, 1] >= longest_pause
    first = np.concatenate([[True], parted])
    last = np.concatenate([parted, [True]])
    return np.stack([spans[first, 0], spans[last, 1]], 1)


def utterances(flags: Flags, fps: float) -> Spans:
    """Return the spans of speech that pauses of 0.3 s or more separate [n_spans, 2].

    Args:
        flags: which frames sound, or lie in a word [n_frames].
        fps: frames per second.
    """
    return joined(runs(flags), PAUSE_S * fps)


def word_spans(words: Iterable[Word], fps: float) -> Spans:
    """Return the span of frames of each word [n_words, 2]."""
    spans = [(round(word.start_s * fps), round(word.end_s * fps)) for word in words]
    return np.array(spans, np.int64).reshape(-1, 2)

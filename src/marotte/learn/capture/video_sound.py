"""The sound of a video file: a path in, mono samples at 16 kHz out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError, missing_extra

VIDEOS = (".mpg", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")


def read_video_sound(path: Path) -> NDArray[np.float32]:
    """Read the samples [n_samples] at 16 kHz of a video, from the time of its first frame.

    Sound that begins later than the pictures is preceded by silence; sound that begins earlier is
    cut, so that sample 0 belongs to the first picture.

    Raises:
        MarotteError: PyAV is not installed, or the file has no sound or can't be read.
    """
    try:
        import av
        from av.error import FFmpegError
    except ImportError as error:
        raise missing_extra("av", "video") from error
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise MarotteError(f"the video {path} has no sound: record it with a microphone")
            video_s = _start_s(container.streams.video[0]) if container.streams.video else None
            audio_s = _start_s(container.streams.audio[0])
            # FFmpeg's own mix to mono is 3 dB too loud: channels are averaged below.
            resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
            decoded = container.decode(audio=0)
            blocks = [out for frame in decoded for out in resampler.resample(frame)]
            blocks += resampler.resample(None)
    except (FFmpegError, OSError) as error:
        raise MarotteError(f"can't read the sound of {path}: {error}") from error
    empty = np.zeros(0, np.float32)
    samples = np.concatenate([empty, *(block.to_ndarray().mean(0) for block in blocks)])
    if video_s is None or audio_s is None:
        return samples
    late = round((audio_s - video_s) * SAMPLE_RATE)
    return np.pad(samples, (max(0, late), 0))[max(0, -late) :]


def _start_s(stream: object) -> float | None:
    start, base = getattr(stream, "start_time", None), getattr(stream, "time_base", None)
    return None if start is None or base is None else float(start * base)

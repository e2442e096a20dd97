"""A file that PyAV (FFmpeg) reads in, e.g. M4A or a video; its rate, channels and samples out."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.audio.headers import Container, cut_short
from marotte.audio.levels import check_samples
from marotte.audio.sound_files import SourceSound
from marotte.errors import MarotteError, missing_extra

Samples = NDArray[np.float32]

GAP_S = 0.02  # pauses in the time stamps that are longer become silence
LONGEST_GAP_S = 600.0  # a longer one is a damaged time stamp
MISSING_S = 0.5  # at the end; containers know their length only about


def open_media(path: Path, container: Container) -> SourceSound:
    """Open a file by PyAV, to see what it holds.

    Raises:
        MarotteError: PyAV is not installed or can't read the file, or it holds no sound.
    """
    if find_spec("av") is None:
        raise MarotteError(
            f"{path} is {container.kind}: {missing_extra('av', 'video')}, or convert the file to "
            "WAV, e.g. with ffmpeg"
        )
    with _opened(path, container) as (_, stream):
        rate, n_channels = int(stream.rate or 0), int(stream.channels or 0)
    if not n_channels:
        raise cut_short(path, f"its sound has a rate of {rate} Hz and {n_channels} channels")
    return SourceSound(rate, n_channels, None, partial(_blocks, path, container))


@contextmanager
def _opened(path: Path, container: Container) -> Generator[tuple[Any, Any]]:
    """Open a file; give its container and its stream of sound."""
    import av
    import av.logging
    from av.error import FFmpegError

    av.logging.set_level(None)  # errors arrive as exceptions
    try:
        opened: Any = av.open(str(path), metadata_errors="ignore")
    except (FFmpegError, OSError) as error:
        raise cut_short(path, f"it can't be read as {container.kind}") from error
    with opened:
        stream = opened.streams.best("audio")
        if stream is None:
            raise MarotteError(f"{path} holds no sound: give a file with a sound track")
        yield opened, stream


def _blocks(path: Path, container: Container, block_samples: int) -> Iterator[Samples]:
    """Yield the samples [n, n_channels], with silence where the time stamps have gaps.

    A video's sound may begin later than its pictures: then silence comes first, so that the sound
    stays in step with them.
    """
    done = 0
    with _opened(path, container) as (opened, stream):
        rate, n_channels = int(stream.rate), int(stream.channels)
        start_s = (opened.start_time or 0) / 1e6
        for samples, time_s in _decoded(path, opened, stream):
            gap_s = 0.0 if time_s is None else time_s - start_s - done / rate
            if GAP_S < gap_s < LONGEST_GAP_S:
                n_silent = round(gap_s * rate)
                done += n_silent
                for first in range(0, n_silent, block_samples):
                    yield np.zeros((min(block_samples, n_silent - first), n_channels), np.float32)
            check_samples(samples.ravel(), str(path), n_channels * rate, n_channels * done)
            done += len(samples)
            for first in range(0, len(samples), block_samples):
                yield samples[first : first + block_samples]


def _decoded(path: Path, opened: Any, stream: Any) -> Iterator[tuple[Samples, float | None]]:
    """Yield each frame's samples [n, n_channels], and when it begins, in seconds."""
    from av import AudioResampler
    from av.error import FFmpegError

    # All frames get the stream's own rate and layout: some files change them on the way.
    resampler = AudioResampler("fltp", stream.layout, stream.rate)
    time_s = None
    try:
        for frame in opened.decode(stream):
            time_s = frame.time
            for each in resampler.resample(frame):
                yield np.asarray(each.to_ndarray(), np.float32).T, time_s
                time_s = None
    except (FFmpegError, OSError) as error:
        after = "its beginning" if time_s is None else f"{time_s:.2f} s"
        raise cut_short(path, f"it can't be read beyond {after}") from error

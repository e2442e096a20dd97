"""Small videos with sound, and a stand-in for a face tracker that reads their brightness."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from marotte.audio.resampling import SAMPLE_RATE
from marotte.learn.capture.tracker import Face

SIZE = (96, 64)
CLOCK = 1000  # presentation times are in ms
LOST = 0.0  # a brightness without a face
REST, OPEN = 0.3, 0.9


class StandInTracker:
    """Sees a face in each picture that is not black; it opens its mouth as the picture lightens."""

    names = ("jawOpen", "mouthPucker", "noseSneerLeft")
    version = "stand-in 1"

    def __init__(self, model=None):
        pass

    def track(self, picture):
        brightness = float(picture.mean()) / 255
        if brightness < 0.1:
            return None
        opened = (brightness - REST) / (OPEN - REST)
        return Face(
            np.array([0.4 * opened, 0.05 + 0.01 * opened, 0], np.float32), 12 * opened + 0.2
        )


def write_video(path: Path, brightness, times_s, samples=None) -> Path:
    """Write grey pictures of some brightness [n] at some times [n], and samples at 16 kHz."""
    import av

    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, CLOCK)
        audio = container.add_stream("pcm_s16le", rate=SAMPLE_RATE) if samples is not None else None
        if audio:
            audio.layout = "mono"
            whole = (np.clip(samples, -1, 1) * 32767).astype(np.int16)[None]
            block = av.AudioFrame.from_ndarray(whole, "s16", "mono")
            block.sample_rate, block.pts = SAMPLE_RATE, 0
            container.mux([*audio.encode(block), *audio.encode(None)])
        for value, time_s in zip(brightness, times_s, strict=True):
            grey = np.full((SIZE[1], SIZE[0], 3), round(255 * value), np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, "rgb24")
            frame.pts, frame.time_base = round(time_s * CLOCK), Fraction(1, CLOCK)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


def speaking(seconds: float = 8.0, fps: float = 25.0, seed: int = 0):
    """Return brightness [n], times [n] and samples of a face that rests, speaks and rests."""
    generator = np.random.default_rng(seed)
    times_s = np.arange(round(seconds * fps)) / fps
    loud = np.repeat(generator.random(round(seconds * 4)), 4)
    loud = np.interp(
        times_s, np.arange(len(loud)) / 16, np.convolve(loud, np.hanning(9) / 4, "same")
    )
    loud[(times_s < 1.5) | (times_s > seconds - 1.5)] = 0
    clock_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    samples = 0.3 * np.interp(clock_s, times_s, loud) * np.sin(2 * np.pi * 150 * clock_s)
    brightness = REST + (OPEN - REST) * np.clip(loud, 0, 1)
    return brightness, times_s, samples.astype(np.float32)

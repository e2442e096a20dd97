"""Time to draw and encode a video of the sample, beside drawing every face in every frame.

    python benchmarks/video.py [--frames 120] [--size 640x640]

Both renderers draw the same frames in turn, so that the ratio is valid on a busy machine. CPU time
counts all threads: OpenGL in software and the encoder have their own. The last lines are of the
whole command in a process of its own, with its start. Needs the extra `video`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.api import load
from marotte.export.video import write_pictures
from marotte.face.animation import Animation
from marotte.face.loading import load_head
from marotte.face.scene import parse_size
from marotte.render import Renderer, SoftwareRenderer, open_renderer, opengl
from marotte.render.moving import MovingPart

HELLO = Path(__file__).parents[1] / "samples" / "hello.wav"


class Everything(MovingPart):
    """The former way: all faces are drawn in each frame."""

    def update(self, vertices: NDArray[np.float32]) -> bool:
        """Draw all faces at these vertices."""
        self.rest = vertices
        return True


def former(renderer: Renderer) -> Renderer:
    """Make a renderer draw everything in each frame."""
    renderer.moving = Everything(renderer.head, 0.0)
    return renderer


def former_gl(size: tuple[int, int]) -> Renderer:
    """Return a renderer that shades each pixel of all faces in each frame."""
    usual, opengl.SMALL_PIXELS = opengl.SMALL_PIXELS, 0.0
    try:
        return former(open_renderer(load_head(), size))
    finally:
        opengl.SMALL_PIXELS = usual


def compare(
    label: str,
    ours: Renderer,
    before: Renderer,
    frames: Sequence[NDArray[np.float32]],
    names: Sequence[str],
) -> None:
    """Print the CPU time per frame of both renderers, and the ratio."""
    spent_s = {"ours": 0.0, "before": 0.0}
    for controls in frames:
        for name, renderer in (("ours", ours), ("before", before)):
            start_s = time.process_time()
            renderer.frame(controls, names)
            spent_s[name] += time.process_time() - start_s
    each_ms = {name: 1000 * spent / len(frames) for name, spent in spent_s.items()}
    print(
        f"  {label:9} {each_ms['ours']:6.1f} ms per frame, {each_ms['before']:6.1f} ms with "
        f"everything drawn: {each_ms['before'] / each_ms['ours']:.1f} times as fast"
    )


def encoding(animation: Animation, size: tuple[int, int]) -> None:
    """Print the CPU time of the encoders."""
    renderer = open_renderer(load_head(), size)
    pictures = [renderer.frame(each, animation.names) for each in animation.controls[60:120]]
    with tempfile.TemporaryDirectory() as folder:
        for ending in ("mp4", "webm", "mov"):
            start_s = time.process_time()
            path = Path(folder, f"out.{ending}")
            write_pictures(pictures, animation.fps, None, path)
            each_ms = 1000 * (time.process_time() - start_s) / len(pictures)
            print(f"  {ending:9} {each_ms:6.1f} ms per frame, {path.stat().st_size / 1000:.0f} kB")


def command(size: tuple[int, int]) -> None:
    """Print the times of `marotte animate` for the sample, from its start to its end."""
    start_s, before = time.perf_counter(), os.times()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "face.mp4"))
        command = ["animate", str(HELLO), "-o", path, "--size", f"{size[0]}x{size[1]}"]
        subprocess.run([sys.executable, "-m", "marotte", *command], check=True, capture_output=True)
    spent, after = time.perf_counter() - start_s, os.times()
    cpu_s = sum(after[2:4]) - sum(before[2:4])  # of child processes
    print(f"marotte animate hello.wav -o face.mp4: {spent:.1f} s, {cpu_s:.1f} s of CPU time")


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=120, help="how many frames are drawn")
    parser.add_argument("--size", type=parse_size, default=(640, 640))
    options = parser.parse_args()
    animation = load().animate(HELLO)
    frames = list(animation.controls[60:][: options.frames])
    print(f"drawing {len(frames)} frames of {options.size[0]}x{options.size[1]}, CPU time")
    ours = open_renderer(load_head(), options.size)
    if not ours.note:
        compare("OpenGL", ours, former_gl(options.size), frames, animation.names)
    software = [SoftwareRenderer(load_head(), options.size, "face") for _ in range(2)]
    compare("NumPy", software[0], former(software[1]), frames[::10], animation.names)
    print("encoding, CPU time")
    encoding(animation, options.size)
    command(options.size)


if __name__ == "__main__":
    main()

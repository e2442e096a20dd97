"""`marotte animate`: recordings in, files of their moving faces out."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import options
from marotte.cli.progress_bars import bar, progress_bars

if TYPE_CHECKING:
    from marotte.audio.recording import Recording
    from marotte.face.animation import Animation

EXAMPLES = ("marotte animate voice.wav",)
LONGEST_PAGE_S = 600  # a page holds its sound: hours of it would be more than a browser likes


def animate(
    recording: Annotated[Path, typer.Argument(help="The voice: WAV, FLAC, OGG or MP3.")],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="A file to write: .csv, .json, .npz, .npy, .html, .glb or .mp4. May be given "
            "several times. Without it, a .csv and a .html are written to the current folder.",
        ),
    ] = None,
    fps: Annotated[float, typer.Option(help="Frames a second.")] = 60.0,
    student: options.Student = None,
    rig: options.Rig = None,
    smooth: options.Smooth = None,
    retarget: options.Retarget = None,
    idle_motion: options.IdleMotion = False,
    seed: options.IdleMotionSeed = 0,
) -> None:
    """Give a recording a face."""
    from marotte.api import load
    from marotte.audio.recording import open_recording
    from marotte.face.animation import check_outputs, write_files
    from marotte.model.timing import check_fps

    check_fps(fps)
    sound = open_recording(recording)
    outputs = output or default_outputs(sound, recording.stem)
    check_outputs(outputs)
    model = load(student or "live", rig)
    with progress_bars() as bars:
        start_s = perf_counter()
        animation = model.animate(
            sound,
            fps=fps,
            smooth=smooth,
            retarget=retarget,
            idle_motion=idle_motion,
            seed=seed,
            progress=bar(bars, "animating"),
        )
        work_s = perf_counter() - start_s
        write_files(animation, outputs, lambda path: bar(bars, f"writing {path.name}"))
    print_summary(animation, outputs, work_s)
    if not output and len(outputs) == 1:
        typer.echo(
            f"no page for more than {LONGEST_PAGE_S // 60} minutes; "
            f"ask for one with -o {recording.stem}.html"
        )


def default_outputs(recording: Recording, stem: str) -> list[Path]:
    """What is written where nothing is asked for: curves, and a page unless it would be long."""
    endings = (".csv", ".html") if recording.seconds <= LONGEST_PAGE_S else (".csv",)
    return [Path(stem + ending) for ending in endings]


def print_summary(animation: Animation, outputs: list[Path], work_s: float) -> None:
    """Say what was heard, made and written."""
    from rich.console import Console
    from rich.filesize import decimal
    from rich.text import Text

    recording = animation.recording
    seconds = recording.seconds if recording else animation.seconds
    n_frames, n_controls = animation.controls.shape
    lines = [
        f"{seconds:.1f} s of sound, {n_frames} frames × {n_controls} controls "
        f"at {animation.fps:g} fps",
        f"made by {animation.student}, {seconds / work_s:.0f} times faster than real time",
        *(f"  {path}  {decimal(path.stat().st_size)}" for path in outputs),
    ]
    Console().print(Text("\n".join(lines)), soft_wrap=True)

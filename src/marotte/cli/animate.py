"""`marotte animate`: recordings in, files of their moving faces out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import completion, options
from marotte.cli.group import exit_with
from marotte.cli.progress_bars import bar, progress_bars
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from marotte.audio.recording import Recording
    from marotte.batch import BatchResult, Settings
    from marotte.face.animation import Animation

EXAMPLES = (
    "marotte animate voice.wav",
    "marotte animate voice.wav -o face.csv -o face.glb --fps 30 --idle-motion",
    "marotte animate lines/ more/a.wav -o faces/ --format csv,glb",
)
LONGEST_PAGE_S = 600  # a page holds its sound, and browsers struggle with hours of it
SOME_FAILED = 1  # exit code
MANY = "Many recordings"


def animate(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            metavar="RECORDING...",
            help="WAV, FLAC, OGG or MP3 files, and folders of them.",
            show_default=False,
        ),
    ],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            help="A file to write: .csv, .json, .npz, .npy, .html, .glb, .mp4, .vrma, .usda, .anim "
            "or .tres; may be given several times. For several recordings, the folder to write to.",
            show_default="NAME.csv and NAME.html in the current folder",
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="Formats of the files, separated by commas, where `-o` names a folder or nothing.",
            show_default="csv",
            autocompletion=completion.formats,
        ),
    ] = None,
    fps: options.Fps = 60.0,
    student: options.Student = None,
    rig: options.Rig = None,
    smooth: options.Smooth = None,
    retarget: options.Retarget = None,
    gain: options.Gain = 1.0,
    effort: options.Effort = "1.0",
    mood: options.Mood = "neutral",
    intensity: options.Intensity = 0.6,
    gaze: options.Gaze = False,
    idle_motion: options.IdleMotion = False,
    seed: options.IdleMotionSeed = 0,
    names: options.Names = "arkit",
    scene_mesh: options.SceneMesh = "head",
    weights_only: options.WeightsOnly = False,
    perfect_sync: options.PerfectSync = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Animate all recordings, even if their files are up to date.",
            rich_help_panel=MANY,
        ),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Worker processes.", show_default="one per core", rich_help_panel=MANY
        ),
    ] = None,
) -> None:
    """Animate recordings: write files of the moving face.

    Several recordings, or folders of them, are animated on all cores. Folders
    keep their structure below the output folder. A recording is skipped if its
    files are newer than the recording and were made with the same settings, so
    the same command goes on after an interruption.
    """
    from marotte.batch import Settings
    from marotte.face.scene import Scene
    from marotte.postprocess.motion import Motion, parse_effort

    motion = Motion(gain, parse_effort(effort), mood, intensity, gaze, idle_motion, seed)
    scene = Scene(scene_mesh, weights_only, perfect_sync)
    settings = Settings(student or "live", rig, fps, smooth, retarget, motion, names, scene)
    formats = [word.strip().lower().removeprefix(".") for word in (format or "").split(",") if word]
    folder = output_folder(recordings, output or [], formats)
    if folder is None:
        files = output or [f"{recordings[0].stem}.{ending}" for ending in formats]
        animate_one(recordings[0], [Path(file) for file in files], settings)
    else:
        animate_many(recordings, folder, formats or ["csv"], settings, again, workers)


def output_folder(
    recordings: Sequence[Path], outputs: Sequence[str], formats: Sequence[str]
) -> Path | None:
    """Return the folder that the files go to; None if one recording goes to files, not a folder.

    Raises:
        MarotteError: it is not clear where the files go.
    """
    several = len(recordings) > 1 or recordings[0].is_dir()
    folders = [Path(path) for path in outputs if is_folder(path)]
    if len(outputs) == 1 and (folders or (several and not is_file(outputs[0]))):
        return Path(outputs[0])
    if not several and not (outputs and formats):
        return None
    reason = "--format is for a folder, or for the current one"
    if several:
        one = f"{recordings[0]} is a folder"
        reason = one if len(recordings) == 1 else f"there are {len(recordings)} recordings"
    raise MarotteError(f"{reason}: give one folder to write to, e.g. -o faces/ --format csv,glb")


def is_folder(path: str) -> bool:
    """Return whether an output stands for a folder: it is one, or ends with a slash."""
    return path.endswith(("/", os.sep)) or Path(path).is_dir()


def is_file(path: str) -> bool:
    """Return whether an output ends like a file of a known format."""
    from marotte import plugins

    return Path(path).suffix.lower().removeprefix(".") in plugins.names(plugins.FORMATS)


def animate_one(path: Path, outputs: list[Path], settings: Settings) -> None:
    """Animate one recording, write files given by name, and print a summary."""
    from marotte.audio.recording import open_recording
    from marotte.face.animation import check_outputs, write_files
    from marotte.face.frame_rate import check_fps

    check_fps(settings.fps)
    recording = open_recording(path)
    files = outputs or default_outputs(recording, path.stem)
    check_outputs(files)
    model = settings.load()
    with progress_bars() as bars:
        start_s = perf_counter()
        animation = settings.animate(model, recording, bar(bars, "animating"))
        work_s = perf_counter() - start_s
        write_files(animation, files, lambda path: bar(bars, f"writing {path.name}"))
    print_summary(animation, files, work_s)
    if not outputs and len(files) == 1:
        typer.echo(
            f"no page for more than {LONGEST_PAGE_S // 60} minutes; "
            f"ask for one with -o {path.stem}.html"
        )


def default_outputs(recording: Recording, stem: str) -> list[Path]:
    """Return the files that are written by default: curves, and a page unless it would be long."""
    endings = (".csv", ".html") if recording.seconds <= LONGEST_PAGE_S else (".csv",)
    return [Path(stem + ending) for ending in endings]


def print_summary(animation: Animation, outputs: list[Path], work_s: float) -> None:
    """Print the duration of the sound, the size of the animation, the speed, and the files."""
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


def animate_many(
    recordings: Sequence[Path],
    folder: Path,
    formats: Sequence[str],
    settings: Settings,
    again: bool,
    workers: int | None,
) -> None:
    """Animate recordings into a folder, and print what was done and what failed.

    Raises:
        typer.Exit: a recording could not be animated.
        KeyboardInterrupt: the run was interrupted; the message says how far it was.
    """
    from marotte.batch import animate_files

    n_done, n_total = 0, 0
    start_s = perf_counter()
    try:
        with progress_bars() as bars:
            update = bar(bars, "animating")

            def progress(done: int, total: int) -> None:
                nonlocal n_done, n_total
                n_done, n_total = done, total
                update(done, total)

            result = animate_files(
                recordings,
                folder,
                formats,
                settings,
                again=again,
                workers=workers,
                progress=progress,
            )
    except KeyboardInterrupt:
        command = "the same command, without --again," if again else "the same command"
        message = f"{n_done} of {n_total} recordings are done; {command} goes on from there"
        raise KeyboardInterrupt(*([message] if n_total else [])) from None
    print_batch(result, folder, perf_counter() - start_s)
    if result.failures:
        for failure in result.failures:
            typer.echo(f"marotte: {' '.join(failure.split())}", err=True)
        count = len(result.failures)
        raise exit_with(f"{count} of {result.total} recordings failed", SOME_FAILED)


def print_batch(result: BatchResult, folder: Path, work_s: float) -> None:
    """Print how much was animated, how fast, and where the files are."""
    line = f"{result.animated} of {result.total} recordings animated into {folder}"
    if result.animated:
        line += f": {result.sound_s / 60:.1f} min of sound"
        line += f", {result.sound_s / work_s:.0f} times faster than real time"
    typer.echo(line)
    if result.skipped:
        typer.echo(f"{result.skipped} skipped: their files are up to date")

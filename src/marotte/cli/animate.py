"""`marotte animate`: recordings in, files of their moving faces out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import completion, options
from marotte.cli.animate_many import animate_many
from marotte.cli.progress_bars import bar, progress_bars
from marotte.cli.standard_streams import STANDARD, read_standard_input, write_json_lines
from marotte.cli.times import duration_text, fps_text, parse_time, parse_timecode, speed_text
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from marotte.audio.recording import Recording
    from marotte.batch import Settings
    from marotte.face.animation import Animation

EXAMPLES = (
    "marotte animate voice.wav",
    "marotte animate voice.wav -o face.csv -o face.glb --fps 30 --idle-motion",
    "marotte animate lines/ more/a.wav -o faces/ --format csv,glb",
)
LONGEST_PAGE_S = 600  # a page holds its sound, and browsers struggle with hours of it
MANY = "Many recordings"


def animate(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            metavar="RECORDING...",
            help="Sound files, videos, and folders of them; - for a sound file on standard input.",
            show_default=False,
        ),
    ],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            help="A file to write: .csv, .json, .npz, .npy, .html, .glb, .mp4, .webm, .mov, "
            ".vrma, .usda, .anim or .tres; may be repeated. - writes lines of JSON to standard "
            "output. For several recordings, the folder to write to.",
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
    channel: options.Channel = "auto",
    level: options.Level = True,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Animate from this time of the sound on: 90.5, 1:30 or 0:01:30.5.",
            show_default="its beginning",
            rich_help_panel=options.SOUND,
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Animate up to this time of the sound.",
            show_default="its end",
            rich_help_panel=options.SOUND,
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
    head: options.Avatar = None,
    size: options.Size = "640x640",
    background: options.Background = None,
    offset: Annotated[
        str,
        typer.Option(
            metavar="TIMECODE",
            help="The timecode of a CSV file's first frame, HH:MM:SS:FF.",
            rich_help_panel=options.SCENE,
        ),
    ] = "00:00:00:00",
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
    from marotte.audio.channels import parse_channel
    from marotte.batch import Settings
    from marotte.face.frame_rate import check_fps
    from marotte.face.scene import BACKGROUND, Scene, parse_background, parse_size
    from marotte.postprocess.motion import Motion, parse_effort

    motion = Motion(gain, parse_effort(effort), mood, intensity, gaze, idle_motion, seed)
    check_fps(fps)
    timecode_s = parse_timecode(offset, fps)
    videos = parse_size(size), parse_background(background) if background else BACKGROUND
    scene = Scene(scene_mesh, weights_only, perfect_sync, timecode_s, *videos, head)
    settings = Settings(
        student or "live",
        rig,
        fps,
        smooth,
        retarget,
        motion,
        names,
        scene,
        parse_channel(channel),
        level,
        parse_time(start) if start else 0.0,
        parse_time(end) if end else None,
    )
    formats = [word.strip().lower().removeprefix(".") for word in (format or "").split(",") if word]
    folder = output_folder(recordings, output or [], formats)
    files = output or [f"{stem_of(recordings[0])}.{ending}" for ending in formats]
    if head:
        check_for_avatar(files if folder is None else [f".{each}" for each in formats or ["csv"]])
    if folder is None:
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
    if several and (STANDARD in recordings or str(STANDARD) in outputs):
        raise MarotteError("- is for one recording: give one recording, or a folder to write to")
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


def check_for_avatar(files: Sequence[str]) -> None:
    """Refuse an avatar where no page is written, which is the only format that shows it.

    Raises:
        MarotteError: there are files, and none is a page.
    """
    if files and not any(file.lower().endswith(".html") for file in files):
        raise MarotteError(f"--head is for pages, got {', '.join(files)}: add -o face.html")


def is_folder(path: str) -> bool:
    """Return whether an output stands for a folder: it is one, or ends with a slash."""
    return path.endswith(("/", os.sep)) or Path(path).is_dir()


def is_file(path: str) -> bool:
    """Return whether an output ends like a file of a known format."""
    from marotte import plugins

    return Path(path).suffix.lower().removeprefix(".") in plugins.names(plugins.FORMATS)


def stem_of(path: Path) -> str:
    """Return the name of the files of a recording, without an ending."""
    return "animation" if path == STANDARD else path.stem


def animate_one(path: Path, outputs: list[Path], settings: Settings) -> None:
    """Animate one recording, write files given by name, and print a summary."""
    from marotte.face.animation import check_outputs, write_files

    recording = settings.open(read_standard_input() if path == STANDARD else path)
    to_standard_output = STANDARD in outputs
    files = [file for file in outputs if file != STANDARD]
    if not outputs:
        files = default_outputs(recording, stem_of(path))
    check_outputs(files, settings.scene)
    model = settings.load()
    with progress_bars() as bars:
        start_s = perf_counter()
        animation = settings.animate(model, recording, bar(bars, "animating"))
        work_s = perf_counter() - start_s
        write_files(animation, files, lambda path: bar(bars, f"writing {path.name}"))
    if to_standard_output:
        write_json_lines(animation)
    print_summary(animation, files, work_s, errors=to_standard_output)
    if not outputs and len(files) == 1:
        typer.echo(
            f"no page for more than {LONGEST_PAGE_S // 60} minutes; "
            f"ask for one with -o {stem_of(path)}.html"
        )


def default_outputs(recording: Recording, stem: str) -> list[Path]:
    """Return the files that are written by default: curves, and a page unless it would be long."""
    endings = (".csv", ".html") if recording.seconds <= LONGEST_PAGE_S else (".csv",)
    return [Path(stem + ending) for ending in endings]


def print_summary(
    animation: Animation, outputs: list[Path], work_s: float, *, errors: bool = False
) -> None:
    """Print the duration of the sound, the size of the animation, the speed, and the files.

    Args:
        animation: what was made.
        outputs: the files that were written.
        work_s: how long the computation took, without loading and writing.
        errors: whether to print to the error stream, because frames went to standard output.
    """
    from rich.console import Console
    from rich.filesize import decimal
    from rich.text import Text

    recording = animation.recording
    seconds = recording.seconds if recording else animation.seconds
    n_frames, n_controls = animation.controls.shape
    lines = [
        f"{duration_text(seconds)} of sound, {n_frames} frames × {n_controls} controls "
        f"at {fps_text(animation.fps)} fps",
        f"made by {animation.student} in {duration_text(work_s)}, {speed_text(seconds, work_s)}",
        *(f"  {path}  {decimal(path.stat().st_size)}" for path in outputs),
    ]
    Console(stderr=errors).print(Text("\n".join(lines)), soft_wrap=True)

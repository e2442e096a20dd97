"""`marotte capture track`: videos of a person who speaks in, sound and ARKit curves out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import options
from marotte.cli.group import exit_with
from marotte.cli.progress_bars import bar, progress_bars

if TYPE_CHECKING:
    from marotte.learn.capture.track_videos import Tracked

EXAMPLES = (
    "marotte capture track reading-1.mov reading-2.mov -o takes --download",
    "marotte capture track *.mp4 pose-smile.mp4 -o takes --model face_landmarker.task",
)
SOME_FAILED = 1  # exit code


def track(
    videos: Annotated[
        list[Path],
        typer.Argument(
            metavar="VIDEO...",
            help="Videos of one person who speaks, with sound. A video named pose-NAME shows a "
            "pose, e.g. pose-smile.mov, and becomes no take.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder to write: one folder per take.")
    ],
    each: Annotated[
        bool,
        typer.Option(
            "--each", help="Calibrate each video by itself: the videos show several people."
        ),
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            help="The model of MediaPipe Face Landmarker, face_landmarker.task.",
            show_default="the copy in Marotte's cache",
        ),
    ] = None,
    download: Annotated[
        bool,
        typer.Option(
            "--download",
            help="Download the model into Marotte's cache, if it is not there: 3.8 MB, from "
            "Google, licence Apache-2.0.",
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Track all videos, even those tracked before.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print what the calibration did to each control.")
    ] = False,
    workers: options.Workers = None,
) -> None:
    """Turn videos of a face into takes: sound, and ARKit curves of the face.

    The face is tracked by MediaPipe. Its scores are calibrated on all videos together, to the
    amplitudes of iPhone captures. Videos that were tracked before are not tracked again, so the
    same command goes on after an interruption.
    """
    from marotte.learn.capture.face_model import find_model
    from marotte.learn.capture.track_videos import track_videos
    from marotte.learn.capture.tracker import MediaPipeTracker, need_mediapipe

    need_mediapipe()
    open_tracker = partial(MediaPipeTracker, find_model(model, download=download))
    start_s = perf_counter()
    try:
        with progress_bars() as bars:
            result = track_videos(
                videos,
                output,
                open_tracker,
                each=each,
                again=again,
                workers=workers,
                progress=bar(bars, "tracking"),
            )
    except KeyboardInterrupt:
        command = "the same command, without --again," if again else "the same command"
        raise KeyboardInterrupt(f"{command} goes on with the next video") from None
    print_result(result, output, perf_counter() - start_s, show)
    if result.failures:
        for failure in result.failures.values():
            typer.echo(f"marotte: {' '.join(failure.split())}", err=True)
        raise exit_with(f"{result.n_failed} of {len(videos)} videos failed", SOME_FAILED)


def print_result(result: Tracked, folder: Path, work_s: float, show: bool) -> None:
    """Print each take, what the calibration could not use, and how to go on."""
    if show:
        for names, calibration in result.calibrations.items():
            typer.echo(f"calibration of {', '.join(names)}:\n{calibration.report()}")
    for name, take in result.takes.items():
        lost, sync = take["lost_frames"] / take["frames"], take["sync"]
        in_sync = f", mouth {sync['offset_ms']:+.0f} ms after the sound" if sync["clear"] else ""
        typer.echo(
            f"{folder / name}: {take['seconds']:.1f} s at {take['fps']:.4g} fps, "
            f"{lost:.1%} without a face, {take['clip_seconds']:.1f} s of clips with speech"
            + in_sync
        )
        if sync["warning"]:
            typer.echo(f"marotte: {name}: {sync['warning']}", err=True)
    for names, calibration in result.calibrations.items():
        if calibration.dead:
            of = f" in {names[0]}" if len(result.calibrations) > 1 else ""
            typer.echo(f"not measured by the tracker, and 0{of}: {', '.join(calibration.dead)}")
    line = f"videos tracked: {len(result.tracked)} in {work_s:.0f} s"
    typer.echo(line + (f", and {len(result.skipped)} before" if result.skipped else ""))

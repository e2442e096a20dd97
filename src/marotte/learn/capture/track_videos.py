"""Videos of a person in, a folder of calibrated takes out: tracked on all cores, then calibrated.

A video named `pose-NAME` shows one pose of `calibration.POSES`. It helps to calibrate the others
and becomes no take.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from marotte.errors import MarotteError
from marotte.learn.capture.calibration import POSES, Calibration, fill_short_gaps, fit
from marotte.learn.capture.sync import measure_sync, speech_frames
from marotte.learn.capture.take_files import write_take
from marotte.learn.capture.track import (
    Track,
    is_tracked,
    load_sound,
    load_track,
    save_track,
    track_video,
)
from marotte.learn.capture.tracker import Tracker
from marotte.learn.capture.video import video_seconds
from marotte.paths import check_writable, make_folder
from marotte.processes import map_tasks, n_cores
from marotte.progress import Progress

POSE = "pose-"
POLL_S = 0.3

OpenTracker = Callable[[], Tracker]


@dataclass
class Tracked:
    """What a run did.

    Attributes:
        tracked: the videos that were tracked in this run.
        skipped: the videos that were tracked before.
        takes: the description of each take, by its name.
        calibrations: each calibration, by the names of the takes that it is for.
        failures: a sentence for each group of videos that could not be used, by the videos.
    """

    tracked: list[Path] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)
    takes: dict[str, dict[str, Any]] = field(default_factory=dict)
    calibrations: dict[tuple[str, ...], Calibration] = field(default_factory=dict)
    failures: dict[tuple[Path, ...], str] = field(default_factory=dict)

    @property
    def n_failed(self) -> int:
        """Number of videos that could not be used."""
        return sum(map(len, self.failures))


@dataclass(frozen=True)
class Job:
    """One video and the folder of its take."""

    video: Path
    folder: Path


def track_videos(
    videos: Sequence[Path],
    folder: Path,
    open_tracker: OpenTracker,
    *,
    each: bool = False,
    again: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Tracked:
    """Track the face in videos, calibrate all of them together, and write a folder per take.

    A video whose track is complete and not older than the video is not tracked again. Curves are
    written by every run, because the calibration depends on all videos of the call.

    Args:
        videos: the videos, of one person unless `each` is set.
        folder: the folder to write to; it is made where it is missing.
        open_tracker: opens the tracker in each worker process; picklable.
        each: whether each video is calibrated by itself.
        again: whether videos are tracked even if they were tracked before.
        workers: number of processes; None for one per core.
        progress: called with the seconds of video that were tracked in this run, and with those of
            all videos to track.

    Raises:
        MarotteError: nothing was done, because an argument can't be used.
    """
    jobs = _plan(videos, folder)
    make_folder(folder)
    check_writable(folder / "file")
    result = Tracked()
    todo = [job for job in jobs if again or not is_tracked(job.folder, job.video)]
    result.skipped = [job.video for job in jobs if job not in todo]
    failed = _track_all(todo, open_tracker, workers, progress, result) if todo else set[Job]()
    usable = [job for job in jobs if job not in failed]
    poses = [job for job in usable if _pose(job.video)]
    takes = [job for job in usable if not _pose(job.video)]
    for group in [[job] for job in takes] if each else [takes] if takes else []:
        try:
            _calibrate(group, poses, each, result)
        except MarotteError as error:
            names = ", ".join(job.folder.name for job in group)
            result.failures[tuple(job.video for job in group)] = f"{names}: {error}"
    return result


def _track_all(
    jobs: Sequence[Job],
    open_tracker: OpenTracker,
    workers: int | None,
    progress: Progress | None,
    result: Tracked,
) -> set[Job]:
    """Track videos in worker processes; return the jobs that failed."""
    failed: set[Job] = set()
    seconds = multiprocessing.get_context("spawn").Value("d", 0.0)
    total_s = sum(video_seconds(job.video) for job in jobs)
    prepare = partial(_prepare, open_tracker, seconds)
    n_workers = max(1, min(workers or n_cores(), len(jobs)))
    with (
        _polling(seconds, total_s, progress),
        closing(map_tasks(prepare, jobs, n_workers)) as finished,
    ):
        for done in finished:
            video = done.task.video
            message = "the process died" if done.result is None else done.result
            if message:
                failed.add(done.task)
                named = str(video) in message
                result.failures[(video,)] = message if named else f"{video}: {message}"
            else:
                result.tracked.append(video)
    return failed


def _plan(videos: Sequence[Path], folder: Path) -> list[Job]:
    """Return a job per video.

    Raises:
        MarotteError: a file is missing, two have the same name, or a pose is unknown.
    """
    jobs: dict[str, Job] = {}
    for video in videos:
        if not video.is_file():
            raise MarotteError(f"no such file: {video}")
        if video.stem in jobs:
            raise MarotteError(
                f"{jobs[video.stem].video} and {video} would write the same folder: rename one"
            )
        if (pose := _pose(video)) and pose not in POSES:
            raise MarotteError(
                f"{video} is named like a pose, but there is no pose {pose!r}: use "
                f"{', '.join(POSE + name for name in POSES)}"
            )
        jobs[video.stem] = Job(video, folder / video.stem)
    if all(map(_pose, videos)):
        raise MarotteError("there are only poses: give at least one video of speech")
    return list(jobs.values())


def _pose(video: Path) -> str:
    """Return the pose that a video shows; empty if it is a take."""
    return video.stem.removeprefix(POSE) if video.stem.startswith(POSE) else ""


def _prepare(open_tracker: OpenTracker, seconds: Any) -> Callable[[Job], str]:
    """Return the function that a worker process runs on each job: it returns what went wrong."""
    tracker: Tracker | None = None

    def add(more: float) -> None:
        with seconds.get_lock():
            seconds.value += more

    def run(job: Job) -> str:
        nonlocal tracker
        try:
            tracker = tracker or open_tracker()
            save_track(job.folder, *track_video(job.video, tracker, add))
        except MarotteError as error:
            return str(error)
        except Exception as error:  # one video must not end the run of many
            return f"{type(error).__name__}: {error}"
        return ""

    return run


@contextmanager
def _polling(seconds: Any, total_s: float, progress: Progress | None) -> Generator[None]:
    """Report the seconds that the worker processes have tracked, from a thread."""
    ended = threading.Event()

    def poll() -> None:
        while not ended.wait(POLL_S):
            if progress:
                progress(round(seconds.value), round(total_s))

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _calibrate(jobs: Sequence[Job], poses: Sequence[Job], each: bool, result: Tracked) -> None:
    """Calibrate takes together, and write their files. They are a set of their own if `each`.

    Raises:
        MarotteError: the takes have too little speech or rest.
    """
    tracks = [_filled(load_track(job.folder)) for job in jobs]
    sounds = [load_sound(job.folder) for job in jobs]
    speech = [
        speech_frames(sound, track.time_s) for sound, track in zip(sounds, tracks, strict=True)
    ]
    calibration = fit(
        tracks[0].names,
        np.concatenate([track.scores for track in tracks]),
        np.concatenate(speech),
        np.concatenate([track.lip_gap_mm for track in tracks]),
        {_pose(job.video): load_track(job.folder).scores for job in poses},
    )
    set_name = jobs[0].folder.name if each else jobs[0].folder.parent.name
    result.calibrations[tuple(job.folder.name for job in jobs)] = calibration
    for job, track, sound, spoken in zip(jobs, tracks, sounds, speech, strict=True):
        curves = calibration.apply(track.names, track.scores, spoken, track.lip_gap_mm)
        sync = measure_sync(sound, track.time_s, track.lip_gap_mm)
        result.takes[job.folder.name] = write_take(
            job.folder, job.video.name, set_name, track, curves, spoken, calibration, sync
        )


def _filled(track: Track) -> Track:
    """Return a track whose short gaps are interpolated."""
    both = np.column_stack([track.scores, track.lip_gap_mm])
    both = fill_short_gaps(both, track.fps)
    return replace(track, scores=both[:, :-1], lip_gap_mm=both[:, -1])

"""A video and a tracker in, the scores of the face in each picture out, kept in a folder."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from marotte.archives import read_arrays
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import DAMAGED, MarotteError
from marotte.learn.capture.tracker import Tracker
from marotte.learn.capture.video import read_pictures
from marotte.learn.capture.video_sound import read_video_sound
from marotte.paths import make_folder, replacing

SCORES, SOUND = "scores.npz", "audio.flac"
MIN_FRAMES = 10


@dataclass(frozen=True, eq=False)
class Track:
    """What a tracker saw in a video.

    Attributes:
        names: the names of the scores.
        time_s: time of each picture [n_frames], in seconds of the sound.
        scores: scores [n_frames, n_scores]; NaN where there was no face.
        lip_gap_mm: distance of the inner lips in mm [n_frames]; NaN where there was no face.
        version: the tracker.
    """

    names: tuple[str, ...]
    time_s: NDArray[np.float64]
    scores: NDArray[np.float64]
    lip_gap_mm: NDArray[np.float64]
    version: str

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Whether there was no face, per frame [n_frames]."""
        return np.isnan(self.lip_gap_mm)

    @property
    def fps(self) -> float:
        """Frames per second: of the median distance of two frames."""
        return float(1 / np.median(np.diff(self.time_s)))


def track_video(
    path: Path, tracker: Tracker, progress: Callable[[float], None] | None = None
) -> tuple[Track, NDArray[np.float32]]:
    """Track the face in a video.

    Pictures after the sound has ended are left out.

    Args:
        path: the video.
        tracker: finds the face in each picture.
        progress: called with the seconds that were tracked since the last call.

    Returns:
        the track, and the sound [n_samples] at 16 kHz.

    Raises:
        MarotteError: the video can't be read, has no sound, or shows no face.
    """
    samples = read_video_sound(path)
    times, scores, gaps = [], [], []
    for time_s, picture in read_pictures(path):
        if time_s > len(samples) / SAMPLE_RATE:
            break
        face = tracker.track(picture)
        if progress:
            progress(time_s - (times[-1] if times else 0.0))
        times.append(time_s)
        scores.append(face.scores if face else np.full(len(tracker.names), np.nan))
        gaps.append(face.lip_gap_mm if face else np.nan)
    if len(times) < MIN_FRAMES:
        raise MarotteError(f"{path} has only {len(times)} pictures with sound: give a video")
    if np.isnan(gaps).all():
        raise MarotteError(
            f"no face was found in {path}: the face should fill a third of the picture's height, "
            "in even light, upright, and look into the camera"
        )
    track = Track(
        tuple(tracker.names),
        np.array(times),
        np.array(scores, np.float64),
        np.array(gaps, np.float64),
        tracker.version,
    )
    return track, samples


def save_track(folder: Path, track: Track, samples: NDArray[np.float32]) -> None:
    """Write a track and its sound into a folder; the scores are the last file.

    Raises:
        MarotteError: the folder can't be written to.
    """
    import soundfile

    make_folder(folder)
    flac = io.BytesIO()  # libsndfile would not say that the disk is full
    soundfile.write(flac, np.clip(samples, -1, 1), SAMPLE_RATE, format="FLAC")
    with replacing(folder / SOUND) as temporary:
        temporary.write_bytes(flac.getbuffer())
    with replacing(folder / SCORES) as temporary:
        np.savez_compressed(
            temporary,
            names=np.array(track.names),
            time_s=track.time_s,
            scores=track.scores.astype(np.float32),
            lip_gap_mm=track.lip_gap_mm.astype(np.float32),
            version=np.array(track.version),
        )


def load_track(folder: Path) -> Track:
    """Read the track in a folder.

    Raises:
        MarotteError: there is none, or it is damaged.
    """
    path = folder / SCORES
    try:
        stored = read_arrays(path)
        return Track(
            tuple(str(name) for name in stored["names"]),
            stored["time_s"],
            stored["scores"].astype(np.float64),
            stored["lip_gap_mm"].astype(np.float64),
            str(stored["version"]),
        )
    except (OSError, *DAMAGED) as error:
        raise MarotteError(f"{path} can't be read: track the video again by --again") from error


def load_sound(folder: Path) -> NDArray[np.float32]:
    """Read the sound [n_samples] at 16 kHz that belongs to the track in a folder."""
    import soundfile

    samples, _ = soundfile.read(folder / SOUND, dtype="float32")
    return np.asarray(samples, np.float32)


def is_tracked(folder: Path, video: Path) -> bool:
    """Return whether a folder holds the complete track of a video, not older than the video."""
    try:
        oldest_ns = min((folder / name).stat().st_mtime_ns for name in (SOUND, SCORES))
        return oldest_ns >= video.stat().st_mtime_ns
    except OSError:
        return False

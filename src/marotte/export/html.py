"""Write an animation as one HTML file that plays it: a head, its sound and its curves, offline.

The page's program is bundled from `marotte/web/src` when the package is built. The facts (JSON),
arrays (gzip) and sound (FLAC) that it plays are in the file.
"""

# soundfile and soxr carry no types.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import tempfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.export import document
from marotte.export.sound import heard_sound
from marotte.face.animation import Animation
from marotte.face.avatar import read_avatar
from marotte.face.loading import load_head
from marotte.face.rig import Rig
from marotte.paths import replacing
from marotte.progress import Progress

STILL = 1e-4  # a control that never exceeds it is left out
GAP_STEP_MM = 0.01
TURN_STEP = 1e-4  # radians
LEAST_GAP_SHOWN_MM = 10.0  # the chart's scale: the gap of nearly closed lips looks small
LOUDNESS_RATE = 100  # peaks per second
LOUDNESS_SAMPLES = SAMPLE_RATE // LOUDNESS_RATE
BASE64_BYTES = 3 << 18  # a multiple of 3, so that the parts' base64 can be joined

Array = NDArray[Any]


def write(animation: Animation, path: Path, progress: Progress | None = None) -> None:
    """Write a page with the shipped head, or with the avatar of `animation.scene`.

    Raises:
        MarotteError: the rig has none of the head's controls, the avatar can't be used, the page's
            program is missing, or the file can't be written.
    """
    facts, arrays = _content(animation)
    with replacing(path) as temporary, tempfile.TemporaryFile() as sound:
        arrays["loudness"] = _encode_sound(animation.recording, sound)
        policy = document.AVATAR_POLICY if "avatar" in arrays else None
        page = document.render("page", facts, arrays, _in_base64(sound), policy)
        with temporary.open("wb") as out:
            for text in page:
                out.write(text.encode("utf-8", "replace"))
    if progress:
        progress(animation.n_frames, animation.n_frames)


def _in_base64(file: BinaryIO) -> Iterator[str]:
    file.seek(0)
    while part := file.read(BASE64_BYTES):
        yield b64encode(part).decode()


def _content(animation: Animation) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the facts, and the arrays as integer multiples of step sizes that the facts give."""
    rig, recording, head = animation.rig, animation.recording, load_head()
    gap = head.lip_gap(animation.controls, rig.names)
    moving = [name for name in rig.names if np.abs(animation[name]).max() > STILL]
    avatar = animation.scene.avatar
    if avatar:
        shape: dict[str, Any] = {"targets": list(rig.names)}
        arrays: dict[str, Array] = {"avatar": np.frombuffer(read_avatar(avatar), np.uint8)}
    else:
        targets = [name for name in moving if name in head.names]
        shape, arrays = document.encode_head(head, targets)
    if animation.head is not None:
        arrays["turns"] = np.rint(animation.head.T / TURN_STEP).astype(np.int16).ravel()
    arrays["lipGap"] = np.rint(gap / GAP_STEP_MM).clip(-0x8000, 0x7FFF).astype(np.int16)
    arrays["controls"] = np.concatenate(
        [_quantize(animation, name) for name in moving] or [np.zeros(0, np.uint16)]
    )
    facts = {
        "title": recording.path.name if recording and recording.path else "Animation",
        "student": animation.student,
        "fps": animation.fps,
        "frames": animation.n_frames,
        "seconds": recording.seconds if recording else animation.seconds,
        "controls": [{"name": name, **_range(rig, name)} for name in moving],
        "lipGap": {"stepMm": GAP_STEP_MM, "mostMm": max(LEAST_GAP_SHOWN_MM, float(gap.max()))},
        "turnStep": TURN_STEP,
        "hasSound": recording is not None,
        "soundRate": heard_sound(recording).rate if recording else SAMPLE_RATE,
        "loudnessRate": LOUDNESS_RATE,
        "head": shape,
        "avatar": avatar.name if avatar else "",
    }
    return facts, arrays


def _range(rig: Rig, name: str) -> dict[str, float]:
    column = rig.index[name]
    return {"min": rig.minimum[column], "max": rig.maximum[column]}


def _quantize(animation: Animation, name: str) -> NDArray[np.uint16]:
    """Return a control [n_frames] in 65535 steps of its range."""
    span = _range(animation.rig, name)
    share = (animation[name] - span["min"]) / (span["max"] - span["min"])
    return np.rint(share.clip(0, 1) * 0xFFFF).astype(np.uint16)


def _encode_sound(recording: Recording | None, out: BinaryIO) -> NDArray[np.uint8]:
    """Write the sound as FLAC; return its peaks, 0..255, LOUDNESS_RATE per second.

    Raises:
        OSError: the temporary file can't be written.
    """
    if recording is None:
        return np.zeros(0, np.uint8)
    import soundfile

    rate, n_channels, blocks = heard_sound(recording)
    n_peaks = -(-recording.n_samples // LOUDNESS_SAMPLES)
    peaks = np.zeros(n_peaks, np.float32)
    n_written = 0
    # Through Python's file object, libsndfile would not report a full disk.
    options: dict[str, Any] = {"format": "FLAC", "closefd": False}
    try:
        with soundfile.SoundFile(out.fileno(), "w", rate, n_channels, **options) as flac:
            for block in blocks:
                flac.write(block)
                indices = np.arange(n_written, n_written + len(block)) * LOUDNESS_RATE // rate
                np.maximum.at(peaks, indices.clip(max=n_peaks - 1), np.abs(block).max(axis=1))
                n_written += len(block)
    except soundfile.SoundFileError as error:
        raise OSError(f"its sound can't be written ({error})") from error
    return np.rint(peaks.clip(0, 1) * 255).astype(np.uint8)

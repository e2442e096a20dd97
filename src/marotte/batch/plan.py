"""Sound files and folders of them in; jobs out: which recording is written to which files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from marotte import plugins
from marotte.audio.kinds import SOUND_ENDINGS, VIDEO_ENDINGS
from marotte.errors import MarotteError
from marotte.face.scene import NO_SCENE, Scene


@dataclass(frozen=True)
class Job:
    """One recording and the files to write."""

    source: Path
    outputs: tuple[Path, ...]


def check_formats(formats: Sequence[str], scene: Scene = NO_SCENE) -> None:
    """Check that files of these endings can be written.

    Raises:
        MarotteError: there is no such format, its package is not installed, or it can't hold the
            scene.
    """
    from marotte.face.animation import check_scene, writer_for

    known = plugins.names(plugins.FORMATS)
    for ending in formats:
        if ending not in known:
            raise MarotteError(f"there is no format {ending!r}: use {', '.join(known)}")
        writer_for(Path(f"file.{ending}"))
        check_scene(Path(f"file.{ending}"), scene)
    if not formats:
        raise MarotteError(f"give at least one format: {', '.join(known)}")


def find_recordings(inputs: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each recording, and the name of its files below the output folder, without an ending.

    Folders are read one at a time. Hidden files and folders are passed over.
    """
    for path in inputs:
        if not path.is_dir():
            yield path, path.stem
            continue
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            below = Path(folder).relative_to(path)
            for name in recordings_among(files):
                yield Path(folder, name), str(below / Path(name).stem)


def recordings_among(files: Sequence[str]) -> list[str]:
    """Return the names of sounds among the files of a folder, and of videos that come without one.

    A video beside a sound of the same name is what an earlier run has written, or holds that sound.

    Example:
        >>> from marotte.batch.plan import recordings_among
        >>> recordings_among(["b.mp4", "b.wav", "c.MOV", ".d.wav", "notes.txt"])
        ['b.wav', 'c.MOV']
    """
    shown = sorted(name for name in files if not name.startswith("."))
    sounds = [name for name in shown if name.lower().endswith(SOUND_ENDINGS)]
    stems = {os.path.normcase(Path(name).stem) for name in sounds}
    videos = [
        name
        for name in shown
        if name.lower().endswith(VIDEO_ENDINGS) and os.path.normcase(Path(name).stem) not in stems
    ]
    return sorted(sounds + videos)


def count_recordings(inputs: Sequence[Path]) -> int:
    """Return the number of recordings.

    Raises:
        MarotteError: an input is missing or holds no recordings, or two would write the same file.
    """
    names: set[str] = set()
    for path in inputs:
        if not path.exists():
            raise MarotteError(f"no such file: {path}")
        n_before = len(names)
        for source, name in find_recordings([path]):
            name = os.path.normcase(name)
            if name in names:
                first = next(s for s, n in find_recordings(inputs) if os.path.normcase(n) == name)
                if first.resolve() == source.resolve():
                    raise MarotteError(f"{source} is given twice: give it once")
                raise MarotteError(
                    f"{first} and {source} would write the same files: rename one of them, or "
                    "write to another folder"
                )
            names.add(name)
        if len(names) == n_before:
            raise MarotteError(
                f"the folder {path} holds no sound: no file ends in "
                f"{', '.join(SOUND_ENDINGS[:6])} or the like"
            )
    return len(names)


def is_up_to_date(job: Job, since_ns: int) -> bool:
    """Return whether all files are there, and none is older than the recording or `since_ns`."""
    try:
        oldest_ns = min(path.stat().st_mtime_ns for path in job.outputs)
        return oldest_ns >= max(job.source.stat().st_mtime_ns, since_ns)
    except OSError:
        return False

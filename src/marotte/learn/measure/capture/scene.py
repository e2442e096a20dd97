"""Takes of one set in, a scene out: their frames one after another, with what the sound says.

All takes, or only the clips that are held out, are put end to end, so that every metric is one
number per set. Frames of an utterance, a pause or a word never span two takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, ARKIT_NAMES
from marotte.learn.capture.expression import RESTED_S
from marotte.learn.capture.sound_frames import (
    MARGIN_S,
    Flags,
    loudness_db,
    sounding,
    widened,
    word_frames,
)
from marotte.learn.capture.take import Clip, Take
from marotte.learn.measure.capture.events import Events, Place, find_events, pool_events


@dataclass(frozen=True, eq=False)
class Motion:
    """A face's curves over a scene.

    Attributes:
        controls: ARKit controls [n_frames, 52].
        gap_mm: the lip gap [n_frames]: measured, or that of the packaged head.
        rest_mm: the lip gap at rest.
        given: the controls that were captured.
    """

    controls: NDArray[np.float32]
    gap_mm: NDArray[np.float32]
    rest_mm: float
    given: tuple[str, ...] = ARKIT_NAMES


@dataclass(frozen=True, eq=False)
class Scene:
    """The frames of a set's takes one after another.

    Attributes:
        name: the set's name.
        fps: frames per second.
        loudness: loudness of each frame in dBFS [n_frames].
        speech: which frames are speech, with a margin, and show a captured face [n_frames].
        events: utterances, pauses and words.
        amplitudes: whether the captured curves are ARKit's amplitudes.
        has_words: whether the times of words are known.
        real: the captured face.
    """

    name: str
    fps: float
    loudness: NDArray[np.float64]
    speech: Flags
    events: Events
    amplitudes: bool
    has_words: bool
    real: Motion

    @property
    def minutes(self) -> float:
        """Minutes of sound."""
        return len(self.loudness) / self.fps / 60

    @property
    def silent(self) -> Flags:
        """The frames of pauses in which the face has come to rest, and does not yet part its lips.

        These are all frames from 0.3 s after speech to 0.3 s before it.
        """
        flags, margin = np.zeros(len(self.loudness), bool), round(RESTED_S * self.fps)
        for first, last in self.events.pauses:
            flags[first + margin : max(first + margin, last - margin)] = True
        return flags


Scalar = TypeVar("Scalar", bound=np.generic)


class TakePart(NamedTuple):
    """What is scored of a take.

    Attributes:
        take: the take.
        n_frames: the frames of the whole take.
        clips: the clips of it that count; empty if the take has none.
        spans: the frames that count: the first of each stretch, and the one after its last.
    """

    take: Take
    n_frames: int
    clips: tuple[Clip, ...]
    spans: tuple[tuple[int, int], ...]


def parts_of(takes: Iterable[Take], fps: float, held_out: frozenset[str] | None) -> list[TakePart]:
    """Return what is scored of takes: all, or the held-out clips, or the held-out takes.

    Args:
        takes: the takes of a set.
        fps: frames per second.
        held_out: names of clips, or of takes without clips; None for all.
    """
    result: list[TakePart] = []
    for take in takes:
        n_frames = int(take.seconds * fps)
        if held_out is None or (not take.clips and take.name in held_out):
            result.append(TakePart(take, n_frames, take.clips, ((0, n_frames),)))
            continue
        clips = tuple(clip for clip in take.clips if clip.name in held_out)
        if clips:
            spans = tuple(_frames(clip, fps, n_frames) for clip in clips)
            result.append(TakePart(take, n_frames, clips, spans))
    return result


def make_scene(name: str, parts: Sequence[TakePart], fps: float) -> Scene:
    """Put the frames of a set's takes end to end.

    Raises:
        MarotteError: the curves of a take do not fit its sound.
    """
    loudness: list[NDArray[np.float64]] = []
    speech: list[Flags] = []
    events: list[Events] = []
    offset = 0
    for part in parts:
        take, n_frames = part.take, part.n_frames
        level = loudness_db(take.samples, n_frames, fps)
        active = sounding(level)
        spoken = word_frames(take.words, n_frames, fps)
        flags = spoken if take.words else widened(active, round(MARGIN_S * fps))
        loudness.append(_cut(level, part))
        speech.append(_cut(flags & _held(take.seen(fps), part), part))
        events.append(find_events(take, _places(part, fps, offset), active, fps))
        offset += len(loudness[-1])
    return Scene(
        name,
        fps,
        np.concatenate(loudness),
        np.concatenate(speech),
        pool_events(events),
        all(part.take.amplitudes for part in parts),
        any(part.take.words for part in parts),
        _real_motion(parts, fps, np.concatenate(speech)),
    )


def face_motion(parts: Sequence[TakePart], controls: Sequence[NDArray[np.float32]]) -> Motion:
    """Return a face's curves over a scene.

    Args:
        parts: what is scored of each take.
        controls: the face's controls of each whole take [n_frames, 52]. If a frame is missing at
            the end, the last one is held.
    """
    cut = [_cut(_held(each, part), part) for part, each in zip(parts, controls, strict=True)]
    joined = np.concatenate(cut)
    head = load_head()
    rest_mm, _ = head.lip_gap_weights(ARKIT_52.names)
    return Motion(joined, head.lip_gap(joined, ARKIT_52.names), rest_mm)


def _real_motion(parts: Sequence[TakePart], fps: float, speech: Flags) -> Motion:
    motion = face_motion(parts, [part.take.controls(fps) for part in parts])
    given = tuple(sorted({name for part in parts for name in part.take.given}))
    measured = [part.take.measured_gap_mm(fps) for part in parts]
    gap_mm, rest_mm = motion.gap_mm, motion.rest_mm
    known = [(each, part) for each, part in zip(measured, parts, strict=True) if each is not None]
    if len(known) == len(parts):
        gap_mm = np.concatenate([_cut(_held(each, part), part) for each, part in known])
        quiet = gap_mm[~speech]
        rest_mm = float(np.median(quiet)) if len(quiet) else float(gap_mm.min())
    return Motion(motion.controls, gap_mm, rest_mm, given)


def _cut(values: NDArray[Scalar], part: TakePart) -> NDArray[Scalar]:
    return np.concatenate([values[first:last] for first, last in part.spans])


def _held(values: NDArray[Scalar], part: TakePart) -> NDArray[Scalar]:
    """Return frames of a whole take; if some are missing at its end, the last one is held."""
    missing = part.n_frames - len(values)
    if missing > 0:
        values = np.concatenate([values, np.repeat(values[-1:], missing, 0)])
    return values[: part.n_frames]


def _frames(clip: Clip, fps: float, n_frames: int) -> tuple[int, int]:
    return round(clip.start_s * fps), min(round(clip.end_s * fps), n_frames)


def _places(part: TakePart, fps: float, offset: int) -> list[Place]:
    """Return where the clips of a take, or the whole take, are in the take and in the scene.

    Clips with words are recordings of their own, of which the take is made. Others are cut from it,
    so that an utterance and its pause may lie across their edges: a whole take is one place then.

    Args:
        part: what is scored of the take.
        fps: frames per second.
        offset: the take's first frame in the scene.
    """
    whole = len(part.spans) == 1 and part.spans[0][0] == 0
    places: list[Place] = []
    clips = part.clips if part.take.words or not whole else ()
    for clip in clips or (Clip(part.take.name, 0.0, part.take.seconds),):
        first, last = _frames(clip, fps, part.n_frames)
        places.append(Place(first, last, offset if whole else offset - first))
        offset += 0 if whole else last - first
    return places

"""Captured takes and faces in; strips of pictures, real above ours, and videos of both out.

Numbers do not say whether a mouth looks alive. A strip shows a few seconds of a captured face on
the packaged head, and below it other faces with the same sound, moment by moment.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.audio.recording import Recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, ARKIT_NAMES
from marotte.learn.capture.calibrated import calibrate_takes
from marotte.learn.capture.split import held_out_names
from marotte.learn.capture.sync import speech_frames
from marotte.learn.capture.take import Clip, Take, Word
from marotte.learn.measure.capture.faces import Face
from marotte.learn.measure.plot_style import COLOURS, DPI, TEACHER_COLOUR, figure
from marotte.learn.measure.videos import write_side_by_side
from marotte.names import path_inside
from marotte.progress import Progress
from marotte.render import Renderer, open_renderer

Controls = NDArray[np.float32]

FPS = 50.0
STEP_FRAMES = 6  # from picture to picture: 120 ms
REAL = "real"
SPEAKS = 0.5  # at least this share of an excerpt is speech, if the set has such excerpts
TILE = (120, 96)  # width and height of a picture in pixels
SHARPNESS = 2  # pictures are rendered this much larger
LIPS = (0.14, 0.18)  # what is cut off at each side of a picture, and at its top
SHOWN = 1 - 2 * LIPS[0]  # of its width and height
PLOT_INCHES = (2.0, 0.8)  # height of the lip gaps and of the waveform
LABEL_INCHES = 0.24
MARGIN_INCHES = 1.3  # room for the names at the left


class Excerpt(NamedTuple):
    """A few seconds of a take.

    Attributes:
        name: a file's name without its ending.
        take: the take.
        clip: the clip that it lies in.
        first: its first frame at `FPS`.
        last: the frame after its last.
    """

    name: str
    take: Take
    clip: Clip
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Strip:
    """What is drawn.

    Attributes:
        name: the excerpt's name.
        samples: mono samples [n_samples] at 16 kHz.
        words: the words that are spoken, with times from the start of the excerpt.
        faces: ARKit controls [n_frames, 52] at `FPS` by name; first the captured face.
    """

    name: str
    samples: NDArray[np.float32]
    words: tuple[Word, ...]
    faces: Mapping[str, Controls]


def choose_excerpts(
    takes: Sequence[Take], number: int, seconds: float, seed: int = 0
) -> list[Excerpt]:
    """Choose excerpts at random from what training leaves out; sets take turns.

    Excerpts that are mostly speech, and in which the face was never lost, are preferred.

    Args:
        takes: the takes of one or more sets.
        number: how many; fewer are returned if there are no more.
        seconds: duration of each; clips that are shorter are shown whole.
        seed: chooses others.

    Raises:
        MarotteError: the number or the duration is too small.
    """
    if number < 1 or seconds * FPS < STEP_FRAMES:
        raise MarotteError(
            f"expected one excerpt or more of {STEP_FRAMES / FPS:g} s or longer, "
            f"got {number} of {seconds:g} s"
        )
    random = np.random.default_rng(seed)
    queues: list[list[Excerpt]] = []
    for source in sorted({take.source for take in takes}):
        found = _excerpts([take for take in takes if take.source == source], seconds)
        queues.append([found[each] for each in random.permutation(len(found))])
    turns = itertools.chain.from_iterable(itertools.zip_longest(*queues))
    chosen = list(itertools.islice(filter(None, turns), number))
    return sorted(chosen, key=lambda each: (each.take.name, each.first))


def make_strips(
    takes: Sequence[Take],
    faces: Sequence[Face],
    excerpts: Sequence[Excerpt],
    progress: Progress | None = None,
) -> Iterator[Strip]:
    """Yield the strip of each excerpt.

    Sets of a tracker's raw scores are calibrated first, on all of their takes.

    Args:
        takes: all takes.
        faces: the faces to show below the captured one.
        excerpts: what to show, sorted by take.
        progress: called with the number of excerpts done, and the total.

    Raises:
        MarotteError: a set can't be calibrated, or a face does not exist.
        Skip: a face can't move with a take.
    """
    captured = _captured(takes, {each.take.source for each in excerpts})
    done = 0
    for name, group in itertools.groupby(excerpts, key=lambda each: each.take.name):
        shown = list(group)
        take, clips = shown[0].take, [each.clip for each in shown]
        moved = {REAL: captured[take.source, name]}
        moved |= {face.name: face.controls(take, FPS, clips) for face in faces}
        for excerpt in shown:
            yield _cut(excerpt, moved)
            done += 1
            if progress:
                progress(done, len(excerpts))


def draw_strips(strips: Iterator[Strip], folder: Path, videos: bool = False) -> list[Path]:
    """Write NAME.png of each strip, and on request NAME.mp4, into a folder; return all paths.

    Raises:
        MarotteError: an extra is missing, or a file can't be written.
    """
    size = (round(SHARPNESS * TILE[0] / SHOWN), round(SHARPNESS * TILE[1] / SHOWN))
    written: list[Path] = []
    with closing(open_renderer(load_head(), size, "mouth")) as renderer:
        for strip in strips:
            picture = path_inside(folder, f"{strip.name}.png", "an excerpt")
            picture.parent.mkdir(parents=True, exist_ok=True)
            written.append(picture)
            draw_strip(strip, renderer, written[-1])
            if videos:
                written.append(path_inside(folder, f"{strip.name}.mp4", "an excerpt"))
                recording = Recording.from_samples(strip.samples, SAMPLE_RATE)
                slower = {name: controls[::2] for name, controls in strip.faces.items()}
                write_side_by_side(slower, FPS / 2, recording, written[-1])
    return written


def draw_strip(strip: Strip, renderer: Renderer, path: Path) -> None:
    """Draw a strip: a row of mouths per face, their lip gaps, and the sound with its words.

    Each mouth stands above its time and the lip gap that it shows. A face's curve has the colour of
    its name.

    Args:
        strip: what to draw.
        renderer: draws the mouths.
        path: the picture's path; its ending chooses the format.

    Raises:
        MarotteError: matplotlib is missing, or the picture can't be written.
    """
    n_frames = min(map(len, strip.faces.values()))
    moments = np.arange(0, n_frames, STEP_FRAMES)
    heights = [TILE[1] / DPI + LABEL_INCHES] * len(strip.faces) + list(PLOT_INCHES)
    size = (len(moments) * TILE[0] / DPI + MARGIN_INCHES, sum(heights) + 2 * MARGIN_INCHES / 3)
    with figure(
        path, size, nrows=len(heights), sharex=True, gridspec_kw={"height_ratios": heights}
    ) as (drawn, axes):
        colours = (TEACHER_COLOUR, *itertools.islice(itertools.cycle(COLOURS), len(heights)))
        for axis, colour, (name, controls) in zip(axes, colours, strip.faces.items(), strict=False):
            _draw_mouths(axis, controls, moments, renderer)
            axis.set_ylabel(name, color=colour)
            gap_mm = load_head().lip_gap(controls[:n_frames], ARKIT_NAMES)
            axes[-2].plot(np.arange(n_frames) / FPS, gap_mm, color=colour)
        axes[-2].set_ylabel("lip gap, mm")
        _draw_sound(axes[-1], strip)
        axes[-1].set_xlabel("time, s")
        drawn.suptitle(strip.name)


def _draw_mouths(
    axis: Any, controls: Controls, moments: NDArray[np.int64], renderer: Renderer
) -> None:
    """Draw a row of mouths, each around its time; the axis of time begins half a step earlier."""
    pictures = [_lips(renderer.frame(controls[each], ARKIT_NAMES)) for each in moments]
    half_s = STEP_FRAMES / FPS / 2
    end_s = moments[-1] / FPS + half_s
    axis.imshow(np.concatenate(pictures, axis=1), aspect="auto", extent=(-half_s, end_s, 0, 1))
    axis.set(yticks=[], xlim=(-half_s, end_s), ylim=(0, 1))
    axis.grid(visible=False)
    axis.tick_params(bottom=False, labelbottom=False)
    axis.spines[:].set_visible(False)
    gap_mm = load_head().lip_gap(controls[moments], ARKIT_NAMES)
    for time_s, gap in zip(moments / FPS, gap_mm, strict=True):
        label = f"{time_s:.2f} s  {gap:.1f} mm"
        axis.text(time_s, -0.03, label, fontsize=7.5, ha="center", va="top")


def _lips(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut a picture [height, width, 3] to the surroundings of the lips."""
    height, width = picture.shape[:2]
    left, top = round(LIPS[0] * width), round(LIPS[1] * height)
    return picture[top : top + round(SHOWN * height), left : left + round(SHOWN * width)]


def _draw_sound(axis: Any, strip: Strip) -> None:
    """Draw the waveform, and the words above their times."""
    samples = strip.samples
    block = SAMPLE_RATE // 200  # 5 ms
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    time_s = (np.arange(len(blocks)) + 0.5) * block / SAMPLE_RATE
    axis.fill_between(time_s, blocks.min(1), blocks.max(1), color=COLOURS[-1], lw=0)
    limit = 1.1 * float(np.abs(samples).max(initial=0.01))
    axis.set(ylabel="sound", yticks=[], ylim=(-limit, 1.5 * limit))
    for word in strip.words:
        axis.axvline(word.start_s, color="#cccccc", lw=1)
        axis.text((word.start_s + word.end_s) / 2, 1.45 * limit, word.text, ha="center", va="top")


def _excerpts(takes: Sequence[Take], seconds: float) -> list[Excerpt]:
    """Return all excerpts of what is held out of a set; only good ones, if there are any."""
    pieces = [
        (take, clip)
        for take in takes
        for clip in take.clips or (Clip(take.name, 0.0, take.seconds),)
    ]
    held_out = held_out_names([clip.name for _, clip in pieces])
    good: list[Excerpt] = []
    others: list[Excerpt] = []
    for take, clip in pieces:
        if clip.name not in held_out:
            continue
        fine = take.seen(FPS)
        speech = speech_frames(take.samples, np.arange(len(fine)) / FPS)
        for first, last in _spans(clip, seconds, len(fine)):
            name = f"{take.name}-{clip.name}" if take.clips else take.name
            excerpt = Excerpt(f"{name}-{first / FPS:.1f}s", take, clip, first, last)
            span = slice(first, last)
            (good if fine[span].all() and speech[span].mean() >= SPEAKS else others).append(excerpt)
    return good or others


def _spans(clip: Clip, seconds: float, n_frames: int) -> Iterator[tuple[int, int]]:
    """Yield the frames of excerpts of a clip, one after another: the first, and that after."""
    first, end = round(clip.start_s * FPS), min(round(clip.end_s * FPS), n_frames)
    length = min(round(seconds * FPS), end - first)
    for each in range(first, end - length + 1, max(1, length)):
        yield each, each + length


def _captured(takes: Sequence[Take], sources: set[str]) -> dict[tuple[str, str], Controls]:
    """Return the ARKit controls of the takes of some sets, by set and name of the take."""
    result: dict[tuple[str, str], Controls] = {}
    for source in sorted(sources):
        members = [take for take in takes if take.source == source]
        if all(take.amplitudes for take in members):
            curves = [take.controls(FPS) for take in members]
        else:
            curves = calibrate_takes(members, FPS).curves
        result |= {(source, take.name): each for take, each in zip(members, curves, strict=True)}
    return result


def _cut(excerpt: Excerpt, faces: Mapping[str, Controls]) -> Strip:
    """Return the strip of an excerpt of a take; lost frames show a face at rest."""
    first_s, last_s = excerpt.first / FPS, excerpt.last / FPS
    words = tuple(
        Word(word.start_s - first_s, word.end_s - first_s, word.text)
        for word in excerpt.take.words
        if first_s <= word.start_s < last_s
    )
    start, end = (round(each * SAMPLE_RATE) for each in (first_s, last_s))
    shown = {
        name: ARKIT_52.clamp(np.nan_to_num(controls[excerpt.first : excerpt.last]))
        for name, controls in faces.items()
    }
    return Strip(excerpt.name, excerpt.take.samples[start:end], words, shown)

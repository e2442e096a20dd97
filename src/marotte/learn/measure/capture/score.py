"""Takes and faces in, one score per set and face out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.capture import agreement, expression
from marotte.learn.capture.controls import GROUPS, MOUTH, PAIRS, Statistics, group_values
from marotte.learn.capture.split import held_out_names
from marotte.learn.capture.take import Take
from marotte.learn.errors import Skip
from marotte.learn.measure.capture.faces import Face
from marotte.learn.measure.capture.scene import (
    Motion,
    Scene,
    TakePart,
    face_motion,
    make_scene,
    parts_of,
)
from marotte.learn.metrics import CLOSED_MM, jitter
from marotte.progress import Progress

LOWEST_FPS = 10.0
LOUDNESS = "loudness alone"  # a row of the tables: the loudness in dB in place of a lip gap
_MOUTH_COLUMNS = [ARKIT_52.index[name] for name in MOUTH]


class Figure(NamedTuple):
    """A metric of a face, and the same of the captured one; NaN where it has no such value."""

    ours: float
    real: float = float("nan")


@dataclass(frozen=True, eq=False)
class FaceScore:
    """The metrics of a face on a set.

    Attributes:
        name: the face's name.
        figures: by the metric's name, see docs/metrics.md.
        at_rest: the control that is largest in silence.
        statistics: mean and standard deviation of each group of controls, over all frames.
        motion: the curves, for plots; None for a row that is not a face.
    """

    name: str
    figures: Mapping[str, Figure]
    at_rest: str = ""
    statistics: Mapping[str, Statistics] | None = None
    motion: Motion | None = None


@dataclass(frozen=True, eq=False)
class SetScore:
    """The scores of all faces on a set.

    Attributes:
        scene: the set's frames.
        real: mean and standard deviation of each captured group of controls, over all frames.
        faces: one score per face; first the loudness alone.
        skipped: by the face's name, why it could not move with the set's takes.
    """

    scene: Scene
    real: Mapping[str, Statistics]
    faces: Sequence[FaceScore]
    skipped: Mapping[str, str]


def score_sets(
    takes: Sequence[Take],
    faces: Sequence[Face],
    fps: float,
    held_out: bool = False,
    progress: Progress | None = None,
) -> list[SetScore]:
    """Score faces on takes, set by set.

    Args:
        takes: the takes of one or more sets.
        faces: the faces to score.
        fps: frames per second.
        held_out: whether to score only the fifth that `held_out_names` chooses of each set: of its
            clips, or of its takes where these have no clips.
        progress: called with the number of takes that faces have moved with, and the total.

    Raises:
        MarotteError: a face or a take can't be used, or the frame rate is too low.
    """
    if not fps >= LOWEST_FPS:
        raise MarotteError(f"{fps:g} frames per second are too few to compare: use 60")
    sets: dict[str, list[Take]] = {}
    for take in takes:
        sets.setdefault(take.source, []).append(take)
    chosen = {name: parts_of(each, fps, _held_out(each, held_out)) for name, each in sets.items()}
    total = len(faces) * sum(map(len, chosen.values()))
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    return [_score_set(name, parts, faces, fps, step) for name, parts in chosen.items()]


def _held_out(takes: Sequence[Take], held_out: bool) -> frozenset[str] | None:
    """Return the names of a set's clips, or takes without clips, that are held out."""
    if not held_out:
        return None
    names = [name for take in takes for name in ([c.name for c in take.clips] or [take.name])]
    return held_out_names(names)


def _score_set(
    name: str,
    parts: Sequence[TakePart],
    faces: Sequence[Face],
    fps: float,
    step: Callable[[], None],
) -> SetScore:
    scene = make_scene(name, parts, fps)
    groups = group_values(scene.real.controls, scene.real.given)
    scores, skipped = [_score_loudness(scene, groups)], {}
    for face in faces:
        controls: list[NDArray[np.float32]] = []
        try:
            for part in parts:
                controls.append(face.controls(part.take, fps, part.clips))
                step()
        except Skip as error:
            skipped[face.name] = str(error)
            for _ in parts[len(controls) :]:
                step()
            continue
        scores.append(score_face(scene, face.name, face_motion(parts, controls)))
    captured = {
        group: expression.statistics(groups[group])
        for group, members in GROUPS.items()
        if set(members) & set(scene.real.given)
    }
    return SetScore(scene, captured, scores, skipped)


def _score_loudness(scene: Scene, groups: Mapping[str, NDArray[np.floating]]) -> FaceScore:
    """Score the loudness in dB as if it were a lip gap: what any useful face must surpass."""
    real, speech = scene.real.gap_mm, scene.speech
    lag = agreement.best_lag(real, scene.loudness, speech, scene.fps)
    figures = {
        "gap r": agreement.correlation(real, scene.loudness, speech),
        "gap best r": lag.correlation,
        "gap late ms": 1000 * lag.frames / scene.fps,
        "r jawOpen": agreement.correlation(groups["jawOpen"], scene.loudness, speech),
    }
    return FaceScore(LOUDNESS, {name: Figure(value) for name, value in figures.items()})


def score_face(scene: Scene, name: str, motion: Motion) -> FaceScore:
    """Score a face that moves with the sound of a scene.

    Raises:
        MarotteError: the scene has no speech.
    """
    if not scene.speech.any():
        raise MarotteError(f"the set {scene.name} has no speech: its sound is silent")
    ours = group_values(motion.controls)
    real = group_values(scene.real.controls, scene.real.given)
    at_rest, largest = expression.largest_at_rest(motion.controls, scene.silent)
    real_at_rest = expression.largest_at_rest(scene.real.controls, scene.silent)[1]
    figures = {
        **_aperture(scene, motion),
        **_controls(scene, real, ours),
        **_pairs(scene, real, ours),
        **_expression(scene, motion),
        "at rest": Figure(largest, real_at_rest if scene.amplitudes else float("nan")),
    }
    statistics = {group: expression.statistics(each) for group, each in ours.items()}
    return FaceScore(name, figures, at_rest, statistics, motion)


def _aperture(scene: Scene, motion: Motion) -> dict[str, Figure]:
    real, ours, speech, fps = scene.real.gap_mm, motion.gap_mm, scene.speech, scene.fps
    lag = agreement.best_lag(real, ours, speech, fps)
    closed, our_closed = agreement.closure_frames(real), agreement.closure_frames(ours)
    in_time = our_closed - lag.frames
    return {
        "gap r": Figure(agreement.correlation(real, ours, speech)),
        "gap best r": Figure(lag.correlation),
        "gap late ms": Figure(1000 * lag.frames / fps),
        "gap sd ratio": Figure(agreement.sd_ratio(real, ours, speech)),
        "gap sd mm": Figure(float(ours[speech].std()), float(real[speech].std())),
        "gap p95 mm": _percentile(ours, real, speech),
        "closures F1": Figure(agreement.closure_f1(closed, in_time, fps)),
        "closures chance": Figure(agreement.chance_f1(closed, in_time, len(real), fps)),
        "dimensions": Figure(
            agreement.effective_dimensions(motion.controls[:, _MOUTH_COLUMNS], speech),
            agreement.effective_dimensions(scene.real.controls[:, _MOUTH_COLUMNS], speech),
        ),
        "jitter": Figure(jitter(ours, fps), jitter(real, fps)),
    }


def _controls(
    scene: Scene,
    real: Mapping[str, NDArray[np.floating]],
    ours: Mapping[str, NDArray[np.floating]],
) -> dict[str, Figure]:
    """Compare each group of controls that the captured face moves."""
    speech, figures = scene.speech, {}
    for group in GROUPS:
        if float(np.std(real[group][speech])) < agreement.STILL_SD:
            continue
        r = agreement.correlation(real[group], ours[group], speech)
        figures[f"r {group}"] = Figure(r)
        figures[f"sd ratio {group}"] = Figure(agreement.sd_ratio(real[group], ours[group], speech))
    rounding, our_rounding = (each["mouthFunnel"] + each["mouthPucker"] for each in (real, ours))
    figures["r rounding"] = Figure(agreement.correlation(rounding, our_rounding, speech))
    figures["p95 jawOpen"] = _percentile(ours["jawOpen"], real["jawOpen"], speech)
    return figures


def _pairs(
    scene: Scene,
    real: Mapping[str, NDArray[np.floating]],
    ours: Mapping[str, NDArray[np.floating]],
) -> dict[str, Figure]:
    captured = expression.pair_correlations(real, scene.speech)
    made = expression.pair_correlations(ours, scene.speech)
    figures = {f"pair {a}/{b}": Figure(made[a, b], captured[a, b]) for a, b in PAIRS}
    largest = [
        np.nanmax([np.nan_to_num(abs(r)) for r in each.values()]) for each in (made, captured)
    ]
    return {**figures, "largest pair": Figure(*map(float, largest))}


def _expression(scene: Scene, motion: Motion) -> dict[str, Figure]:
    events, fps, both = scene.events, scene.fps, (motion, scene.real)

    def figure(measure: Callable[[Motion], float]) -> Figure:
        return Figure(*map(measure, both))

    figures = {
        "effort loudness": figure(
            lambda m: expression.effort(m.gap_mm, events.utterances, events.loudness)
        ),
        "effort pitch": figure(
            lambda m: expression.effort(m.gap_mm, events.utterances, events.pitch_range)
        ),
        "parting ms": figure(
            lambda m: expression.parting_ms(m.gap_mm, events.onsets, events.windows, fps)
        ),
        "shutting ms": figure(
            lambda m: expression.shutting_ms(m.gap_mm, events.pauses, m.rest_mm, fps)
        ),
    }
    if scene.has_words:
        edges = events.initial, events.final
        figures["words closed"] = figure(
            lambda m: expression.closed_share(m.gap_mm, *edges, fps, CLOSED_MM)
        )
        figures["wide words mm"] = figure(lambda m: _median_of_maxima(m.gap_mm, events.wide))
    return figures


def _median_of_maxima(gap_mm: NDArray[np.floating], spans: NDArray[np.int64]) -> float:
    largest = [gap_mm[first:last].max() for first, last in spans if last > first]
    return float(np.median(largest)) if largest else float("nan")


def _percentile(
    ours: NDArray[np.floating], real: NDArray[np.floating], where: NDArray[np.bool_]
) -> Figure:
    """Return the 95th percentile of both curves in some frames."""
    return Figure(*(float(np.percentile(each[where], 95)) for each in (ours, real)))

"""Scores in; Markdown, and a table with one row per set, face and metric, out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from marotte.learn.capture.controls import IPHONE, PAIRS, Statistics
from marotte.learn.measure.capture.score import LOUDNESS, FaceScore, Figure, SetScore
from marotte.learn.measure.card import markdown_table

SHOWN = (
    "jawOpen", "mouthFunnel", "mouthPucker", "mouthLowerDown", "mouthUpperUp", "mouthPress",
    "mouthStretch", "mouthRoll", "mouthSmile",
)  # fmt: skip
NONE = "–"


@dataclass(frozen=True)
class Row:
    """One row of the table: a metric of a face on a set.

    Attributes:
        set: the set's name; `all` for the statistics against iPhone takes.
        face: the face's name.
        metric: the metric's name, see docs/metrics.md.
        value: the face's value.
        real: the captured face's value; NaN if the metric has none.
    """

    set: str
    face: str
    metric: str
    value: float
    real: float


def markdown(sets: Sequence[SetScore], held_out: bool = False) -> str:
    """Return the scores as Markdown: four tables per set, then the statistics of all controls.

    Args:
        sets: the scores.
        held_out: whether only the held-out fifth of each set was scored.
    """
    lines = ["Only the held-out fifth of each set is scored.", ""] if held_out else []
    for each in sets:
        lines += [*_heading(each), "", *_aperture_table(each), "", *_expression_table(each), ""]
        lines += [*_pair_table(each), "", *_control_table(each), ""]
        lines += [f"{name} was skipped: {reason}\n" for name, reason in each.skipped.items()]
    return "\n".join([*lines, *_statistics_lines(sets)])


def rows(sets: Sequence[SetScore]) -> list[Row]:
    """Return one row per set, face and metric; then the statistics against iPhone takes."""
    result = [
        Row(each.scene.name, face.name, metric, figure.ours, figure.real)
        for each in sets
        for face in each.faces
        for metric, figure in face.figures.items()
    ]
    for name, statistics in pooled_statistics(sets).items():
        for group, (mean, sd) in statistics.items():
            result.append(Row("all", name, f"mean {group}", mean, IPHONE[group].mean))
            result.append(Row("all", name, f"sd {group}", sd, IPHONE[group].sd))
            result.append(Row("all", name, f"sd / iPhone {group}", sd / IPHONE[group].sd, 1.0))
    return result


def pooled_statistics(sets: Sequence[SetScore]) -> dict[str, dict[str, Statistics]]:
    """Return mean and standard deviation of each group over all sets, by face.

    The captured faces come last, as `real`: sets with a tracker's raw scores are left out of them.
    """
    parts: dict[str, list[tuple[float, Mapping[str, Statistics]]]] = {}
    for each in sets:
        for face in each.faces:
            if face.statistics is not None:
                parts.setdefault(face.name, []).append((each.scene.minutes, face.statistics))
    captured = [(each.scene.minutes, each.real) for each in sets if each.scene.amplitudes]
    if captured:
        parts["real"] = captured
    return {
        name: {
            group: _pooled([(weight, each[group]) for weight, each in found if group in each])
            for group in IPHONE
            if any(group in each for _, each in found)
        }
        for name, found in parts.items()
    }


def _pooled(parts: Sequence[tuple[float, Statistics]]) -> Statistics:
    """Return the statistics of several stretches of time together, weighted by their duration."""
    total = sum(weight for weight, _ in parts)
    mean = sum(weight * each.mean for weight, each in parts) / total
    square = sum(weight * (each.sd**2 + each.mean**2) for weight, each in parts) / total
    return Statistics(mean, math.sqrt(max(0.0, square - mean**2)))


def _heading(each: SetScore) -> list[str]:
    scene = each.scene
    lines = [
        f"## {scene.name}",
        "",
        f"{scene.minutes:.1f} min, {100 * scene.speech.mean():.0f} % speech; "
        f"{len(scene.events.utterances)} utterances. Two numbers are ours / real.",
    ]
    if not scene.amplitudes:
        lines[-1] += (
            " The captured controls are a tracker's raw scores: their correlations can be read, "
            "their sizes can't. The lip gap is measured."
        )
    return lines


def _number(value: float, format: str = ".2f") -> str:
    return NONE if math.isnan(value) else f"{value:{format}}"


def _cell(face: FaceScore, metric: str, format: str = ".2f", both: bool = False) -> str:
    """Return a figure as a cell; with both values where the captured face has one, too."""
    figure = face.figures.get(metric, Figure(math.nan))
    ours = _number(figure.ours, format)
    return f"{ours} / {_number(figure.real, format)}" if both and ours != NONE else ours


_Column = tuple[str, Callable[[FaceScore], str]]

APERTURE: tuple[_Column, ...] = (
    ("face", lambda f: f.name),
    ("gap r", lambda f: _cell(f, "gap r")),
    ("best r (late by)", lambda f: _with(f, "gap best r", "gap late ms", "+.0f", " ms")),
    ("gap sd ÷ real", lambda f: _cell(f, "gap sd ratio")),
    ("gap sd mm", lambda f: _cell(f, "gap sd mm", ".1f", both=True)),
    ("gap p95 mm", lambda f: _cell(f, "gap p95 mm", ".1f", both=True)),
    ("jawOpen r", lambda f: _cell(f, "r jawOpen")),
    ("sd ÷ real", lambda f: _cell(f, "sd ratio jawOpen")),
    ("jawOpen p95", lambda f: _cell(f, "p95 jawOpen", both=True)),
    ("rounding r", lambda f: _cell(f, "r rounding")),
    ("closures F1 (chance)", lambda f: _with(f, "closures F1", "closures chance", ".2f")),
    ("dimensions", lambda f: _cell(f, "dimensions", ".1f", both=True)),
)
EXPRESSION: tuple[_Column, ...] = (
    ("face", lambda f: f.name),
    ("effort by loudness", lambda f: _cell(f, "effort loudness", both=True)),
    ("effort by pitch", lambda f: _cell(f, "effort pitch", both=True)),
    ("lips part ms", lambda f: _cell(f, "parting ms", "+.0f", both=True)),
    ("mouth shuts ms", lambda f: _cell(f, "shutting ms", ".0f", both=True)),
    ("largest at rest", lambda f: f"{f.at_rest} {_cell(f, 'at rest', '.3f', both=True)}".strip()),
    ("jitter", lambda f: _cell(f, "jitter", both=True)),
    ("words closed", lambda f: _cell(f, "words closed", both=True)),
    ("wide words mm", lambda f: _cell(f, "wide words mm", ".1f", both=True)),
)


def _with(face: FaceScore, metric: str, other: str, format: str, unit: str = "") -> str:
    inside = _cell(face, other, format)
    return f"{_cell(face, metric)} ({inside}{unit})" if inside != NONE else _cell(face, metric)


def _table(columns: Sequence[_Column], faces: Sequence[FaceScore]) -> list[str]:
    cells = [[show(face) for _, show in columns] for face in faces]
    return markdown_table([title for title, _ in columns], cells)


def _faces(each: SetScore) -> list[FaceScore]:
    return [face for face in each.faces if face.name != LOUDNESS]


def _aperture_table(each: SetScore) -> list[str]:
    return _table(APERTURE, each.faces)


def _expression_table(each: SetScore) -> list[str]:
    return _table(EXPRESSION, _faces(each))


def _pair_table(each: SetScore) -> list[str]:
    columns: list[_Column] = [("pair, r ours / real", lambda f: f.name)]
    for first, second in PAIRS:
        title = f"{first}/{second}".replace("mouth", "")
        metric = f"pair {first}/{second}"
        columns.append((title, lambda f, metric=metric: _cell(f, metric, both=True)))
    columns.append(("largest", lambda f: _cell(f, "largest pair", both=True)))
    return _table(columns, _faces(each))


def _control_table(each: SetScore) -> list[str]:
    columns: list[_Column] = [("control, r (sd ÷ real)", lambda f: f.name)]
    for group in SHOWN:
        metrics = f"r {group}", f"sd ratio {group}"
        columns.append((group, lambda f, metrics=metrics: _with(f, *metrics, ".2f")))
    return _table(columns, _faces(each))


def _statistics_lines(sets: Sequence[SetScore]) -> list[str]:
    """Return the table of means and deviations of all controls against iPhone takes."""
    pooled = pooled_statistics(sets)
    columns = ["control", "iPhone mean, sd", *(f"{name} mean, sd, sd ÷ iPhone" for name in pooled)]
    cells = [
        [
            group,
            f"{iphone.mean:.3f}, {iphone.sd:.3f}",
            *(_statistics_cell(each.get(group), iphone) for each in pooled.values()),
        ]
        for group, iphone in IPHONE.items()
    ]
    title = "## Mean and standard deviation of controls, against iPhone takes (BEAT)"
    return [title, "", *markdown_table(columns, cells)]


def _statistics_cell(each: Statistics | None, iphone: Statistics) -> str:
    if each is None:
        return NONE
    return f"{each.mean:.3f}, {each.sd:.3f}, {each.sd / iphone.sd:.2f}"

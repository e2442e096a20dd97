"""Plots of tables: figures and costs in; Fig. 4 and the Pareto front of quality and cost out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

from marotte.learn.measure.plot_style import COLOURS, TEACHER_COLOUR, figure
from marotte.learn.reproduce.results import CLEAN, OTHER, Costs, Figures
from marotte.learn.reproduce.rows import TEACHER, Row
from marotte.learn.reproduce.tables import select

SMALLEST_MISSING = 0.1  # where a perfect score is drawn: a logarithmic axis has no 0
LABEL_SPACING = 12.0  # points


def plot_metrics(
    rows: Sequence[Row],
    figures: Sequence[Figures],
    path: Path,
    error_title: str = "MSE to the teacher × 1000",
    error_scale: float = 1000,
) -> None:
    """Draw Fig. 4: PBM accuracy, false closure, MSE and jitter of every model on clean speech."""
    labels = [row.label for row in rows if select(figures, row.label, CLEAN)]
    places = range(len(labels))
    with figure(path, (11, 1.6 + 0.3 * len(labels)), ncols=3, sharey=True) as (drawn, axes):
        closure, error, jitter = axes
        _plot_closures(closure, rows, figures, labels)
        # The labels are the teacher's, so that the teacher has no error.
        students = [place for place in places if labels[place] != TEACHER]
        error.barh(
            students,
            [_mean(figures, labels[place], CLEAN, "mse", error_scale) for place in students],
            color=COLOURS[0],
            height=0.6,
        )
        error.set(title=error_title)
        jitter.barh(
            places,
            [_mean(figures, label, CLEAN, "jitter") for label in labels],
            color=[TEACHER_COLOUR if label == TEACHER else COLOURS[0] for label in labels],
            height=0.6,
        )
        target = mean(each.taught_jitter for each in figures if each.split == CLEAN)
        jitter.axvspan(0.8 * target, 1.2 * target, color="#0072B2", alpha=0.12, zorder=0)
        jitter.set(title="jitter (shaded: teacher's ± 20 %)")
        closure.set_yticks(list(places), labels)
        closure.set_ylim(len(labels) - 0.4, -0.6)
        drawn.legend(*closure.get_legend_handles_labels(), loc="outside upper left", ncols=3)


def _plot_closures(
    axis: Any, rows: Sequence[Row], figures: Sequence[Figures], labels: Sequence[str]
) -> None:
    """Draw PBM accuracy and false closure on both test sets, and the paper's PBM accuracy.

    Both are at the row's own threshold.
    """
    places = range(len(labels))
    for split, marker, offset in ((CLEAN, "o", -0.12), (OTHER, "s", 0.12)):
        at = [place + offset for place in places]
        for name, colour in (("own_pbm", COLOURS[0]), ("own_false_closure", COLOURS[1])):
            values = [_mean(figures, label, split, name, 100) for label in labels]
            metric = "PBM accuracy" if name == "own_pbm" else "false closure"
            speech = "clean" if split == CLEAN else "other"
            axis.plot(values, at, marker, color=colour, markersize=6, label=f"{metric}, {speech}")
    paper = {row.label: row.paper_pbm[0] for row in rows if row.paper_pbm}
    axis.plot(
        [paper.get(label, float("nan")) for label in labels],
        places,
        "D",
        markerfacecolor="none",
        color="#888888",
        markersize=5,
        label="the paper's PBM accuracy, test-clean",
    )
    axis.set(title="lips closed at the row's own threshold, %", xlim=(-3, 103))


def plot_frontier(
    rows: Sequence[Row], figures: Sequence[Figures], costs: Sequence[Costs], path: Path
) -> None:
    """Draw the points missing to a PBM of 100 % at the row's own threshold, over cost and delay.

    The area of a dot shows the number of parameters; a line joins the Pareto front.
    """
    dots = [
        (row.label, 100 - 100 * _mean(figures, row.label, CLEAN, "own_pbm"), cost)
        for row in rows
        for cost in [next((c for c in costs if c.row == row.label), None)]
        if cost is not None
    ]
    with figure(path, (13, max(5.5, 2.5 + 0.24 * len(dots))), ncols=2, sharey=True) as (_, axes):
        for axis, of, title in (
            (
                axes[0],
                _million_macs,
                "million MACs per frame, streamed where possible",
            ),
            (axes[1], _lookahead_ms, "look-ahead with smoothing, ms"),
        ):
            points = [(of(cost), max(missing, SMALLEST_MISSING)) for _, missing, cost in dots]
            for number, (x, y) in enumerate(points):
                area = 30 + 60 * dots[number][2].parameters / 1e6
                colour = COLOURS[number % len(COLOURS)]
                axis.scatter(x, y, area, colour, alpha=0.75, edgecolors="white")
            best = pareto_front([(x, -y) for x, y in points])
            axis.plot([x for x, _ in best], [-y for _, y in best], color="#999999", zorder=0)
            axis.set(xlabel=title, xscale="log", yscale="log")
            axis.margins(0.12, 0.08)
            if not axis.yaxis_inverted():
                axis.invert_yaxis()
            _label_dots(axis, [label for label, _, _ in dots], points)
            axis.grid(which="minor", color="#f2f2f2")
            for side in (axis.xaxis, axis.yaxis):
                side.set_major_formatter("{x:g}")
                side.set_minor_formatter("{x:g}")
            axis.tick_params(which="minor", labelsize=8, labelcolor="#777777")
        axes[0].set(ylabel="points missing to a PBM of 100 % on clean speech")


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the Pareto front of points (cost, score): the best score at each cost, by cost.

    Example:
        >>> pareto_front([(3, 9), (1, 5), (2, 4)])
        [(1, 5), (3, 9)]
    """
    best: list[tuple[float, float]] = []
    for cost, score in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or score > best[-1][1]:
            best.append((cost, score))
    return best


def spread_apart(positions: Sequence[float], spacing: float) -> list[float]:
    """Return the positions, moved until neighbours are `spacing` apart; their order stays.

    Example:
        >>> spread_apart([0, 5, 5.5], 1)
        [0, 4.75, 5.75]
    """
    order = sorted(range(len(positions)), key=lambda number: positions[number])
    moved = list(positions)
    for _ in range(100):
        for a, b in pairwise(order):
            missing = spacing - (moved[b] - moved[a])
            if missing > 1e-9:
                moved[a] -= missing / 2
                moved[b] += missing / 2
    return moved


def _label_dots(axis: Any, labels: Sequence[str], points: Sequence[tuple[float, float]]) -> None:
    """Write each dot's label to its right; labels of close dots are moved apart."""
    height = axis.figure.get_figheight() * 72 * 0.8  # of the axes, in points
    positions = [axis.transLimits.transform(axis.transScale.transform(point)) for point in points]
    for column in {round(float(x), 1) for x, _ in positions}:
        here = [number for number, (x, _) in enumerate(positions) if round(float(x), 1) == column]
        places = spread_apart(
            [float(positions[number][1]) * height for number in here], LABEL_SPACING
        )
        for number, place in zip(here, places, strict=True):
            axis.annotate(
                labels[number],
                points[number],
                xytext=(12, place - float(positions[number][1]) * height),
                textcoords="offset points",
                va="center",
                fontsize=9,
                arrowprops={"arrowstyle": "-", "color": "#bbbbbb", "linewidth": 0.6},
            )


def _million_macs(cost: Costs) -> float:
    return (cost.macs if cost.streamed_macs < 0 else cost.streamed_macs) / 1e6


def _lookahead_ms(cost: Costs) -> float:
    return cost.lookahead_ms


def _mean(figures: Sequence[Figures], label: str, split: str, name: str, scale: float = 1) -> float:
    values = [getattr(each, name) for each in select(figures, label, split)]
    return scale * mean(values) if values else float("nan")

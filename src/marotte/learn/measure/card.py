"""Scores and costs in; lines of a table, and the results section of a page, out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from marotte.errors import MarotteError
from marotte.learn.export.cost import (
    cost_of,
    milliseconds_a_frame,
    process_memory_mib,
    streamed_macs,
)
from marotte.learn.measure.evaluate import Score
from marotte.learn.metrics import CLOSED_MM
from marotte.model.session import load_student, student_path
from marotte.paths import replacing

COLUMNS = (
    "who",
    "min",
    "PBM",
    "false closure",
    "balanced",
    "AUC",
    "MSE",
    "jitter",
    "timing",
    "contact",
)
SHORT_COLUMNS = (*COLUMNS[:3], "false", "bal.", *COLUMNS[5:])
BEGIN, END = "<!-- results: written by `marotte evaluate` -->", "<!-- end of results -->"


def cells(score: Score) -> tuple[str, ...]:
    """One row of a score table, in the order of `COLUMNS`."""
    c = score.closures
    who, minutes, pbm, false_closure, balanced, auc, _, jitter, timing, contact = short_cells(score)
    return (
        who,
        minutes,
        f"{pbm} ({len(c.bilabial_mm)})",
        f"{false_closure} ({len(c.open_mm)})",
        balanced,
        auc,
        f"{score.mse:.5f}",
        f"{jitter} ({score.jitter_ratio:.2f}×)",
        f"{timing} ms",
        f"{c.mean_contact_ms:.0f} ms ({contact})",
    )


def short_cells(score: Score) -> tuple[str, ...]:
    """The same row for a terminal of 80 columns, in the order of `SHORT_COLUMNS`."""
    c = score.closures
    return (
        score.who,
        f"{score.minutes:.1f}",
        f"{100 * c.pbm:.1f}%",
        f"{100 * c.false_closure:.1f}%",
        f"{100 * c.balanced:.1f}%",
        f"{c.auc:.4f}",
        f"{score.mse:.1e}".replace("e-0", "e-").replace("e+00", ""),
        f"{score.jitter:.2f}",
        f"{c.timing_ms:+.0f}",
        f"{score.contact_ratio:.2f}×",
    )


def costs_of(source: str | None) -> list[str]:
    """What a student costs, by its name, its file or its run's folder, a line each."""
    if source is None or not Path(source).is_dir():
        return cost_lines(student_path(source))
    from marotte.learn.export.onnx import export
    from marotte.learn.train.checkpoint import FILE, load_net

    net, state = load_net(Path(source) / FILE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "student.onnx"
        export(net, path, name=state["recipe"]["name"])
        return cost_lines(path)


def cost_lines(path: Path) -> list[str]:
    """What a student file costs, a line each."""
    cost, student = cost_of(path), load_student(path)
    own, smoothing = student.window.lookahead_ms, student.contract.smoothing
    sooner = f" ({own:.0f}, and {smoothing.delay_ms:.0f} of smoothing)" if any(smoothing) else ""
    streamed = streamed_macs(path)
    live = f", {streamed / 1e6:.2f} M in a live stream at 60 fps" if streamed else ""
    return [
        f"look-ahead {student.delay_ms:.0f} ms{sooner}",
        f"parameters {cost.parameters / 1e6:.3f} M",
        f"multiply-accumulates a frame {cost.macs / 1e6:.2f} M (the whole window){live}",
        f"memory {cost.paper_memory_mib:.2f} MiB by the paper's count, "
        f"{process_memory_mib(path):.0f} MiB peak of a Python process that runs it",
        f"time a frame {milliseconds_a_frame(path):.2f} ms on one thread of the machine used",
    ]


def still_line(shares: Mapping[str, float]) -> str:
    """What `stillness` found, in a line."""
    each = ", ".join(f"{name} {100 * share:.0f}%" for name, share in shares.items())
    return f"frames with open lips where nobody speaks: {each}"


def markdown(tables: Mapping[str, Sequence[Score]], costs: Sequence[str]) -> str:
    """A model card's results: a table a split, with a row a speaker, and the costs."""
    lines = [f"Lips count as closed at a lip gap of {CLOSED_MM:g} mm or less."]
    for split, scores in tables.items():
        lines += ["", f"### {split}", "", *table(COLUMNS, map(cells, scores))]
    return "\n".join([*lines, "", *(f"- {line}" for line in costs)])


def summary(tables: Mapping[str, Sequence[Score]], costs: Sequence[str]) -> str:
    """A README's results: one table, with the rows of all speakers together, and the costs."""
    rows = [
        (split, *cells(score))
        for split, scores in tables.items()
        for score in scores
        if "/" not in score.who
    ]
    lines = table(("speech", "face", *COLUMNS[1:]), rows)
    return "\n".join([*lines, "", *(f"- {line}" for line in costs)])


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table."""
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def rewrite(page: Path, results: str, begin: str = BEGIN, end: str = END) -> None:
    """Replace what stands between two markers, those of results, in a Markdown file.

    Raises:
        MarotteError: the file is missing or has no such markers.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise MarotteError(f"can't read the page {page}: {error.strerror}") from error
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise MarotteError(f"{page} has no place for results: add the lines {begin} and {end}")
    with replacing(page) as temporary:
        temporary.write_text(f"{before}{begin}\n{results}\n{end}{after}", encoding="utf-8")

"""Result tables for model cards and README: scores and costs in, Markdown out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from marotte.errors import MarotteError
from marotte.learn.export.cost import (
    cost_of,
    milliseconds_per_frame,
    process_memory_mib,
    streamed_macs,
)
from marotte.learn.measure.evaluate import Score
from marotte.learn.metrics import CLOSED_MM
from marotte.model.session import load_student, student_path
from marotte.paths import replacing

COLUMNS = (
    "name",
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


def score_cells(score: Score) -> tuple[str, ...]:
    """Return one row of a score table, in the order of `COLUMNS`."""
    c = score.closures
    name, minutes, pbm, false_closure, balanced, auc, _, jitter, timing, contact = (
        short_score_cells(score)
    )
    return (
        name,
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


def short_score_cells(score: Score) -> tuple[str, ...]:
    """Return one row for a terminal of 80 columns, in the order of `SHORT_COLUMNS`."""
    c = score.closures
    return (
        score.name,
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


def student_cost_lines(source: str | None) -> list[str]:
    """Return the costs of a student, one line each.

    Args:
        source: the student's name, its file or the folder of its run; None for the default.
    """
    if source is None or not Path(source).is_dir():
        return file_cost_lines(student_path(source))
    from marotte.learn.export.onnx import export
    from marotte.learn.train.checkpoint import CHECKPOINT_FILE, load_net

    net, state = load_net(Path(source) / CHECKPOINT_FILE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "student.onnx"
        export(net, path, name=state["recipe"]["name"])
        return file_cost_lines(path)


def file_cost_lines(path: Path) -> list[str]:
    """Return the costs of a student file, one line each."""
    cost, student = cost_of(path), load_student(path)
    sound_ms, smoothing = student.window.lookahead_ms, student.contract.smoothing
    parts = (
        f" ({sound_ms:.0f} ms of sound, {smoothing.delay_ms:.0f} ms of smoothing)"
        if any(smoothing)
        else ""
    )
    streamed = streamed_macs(path)
    live = f", {streamed / 1e6:.2f} M in a live stream at 60 fps" if streamed else ""
    return [
        f"look-ahead {student.delay_ms:.0f} ms{parts}",
        f"parameters {cost.parameters / 1e6:.3f} M",
        f"multiply-accumulates per frame {cost.macs / 1e6:.2f} M for a whole window{live}",
        f"memory {cost.paper_memory_mib:.2f} MiB by the paper's formula; a Python process that "
        f"runs the student peaks at {process_memory_mib(path):.0f} MiB",
        f"time per frame {milliseconds_per_frame(path):.2f} ms on one thread of the test machine",
    ]


def nonspeech_line(shares: Mapping[str, float]) -> str:
    """Return one line with the result of `open_shares_by_sound`.

    Example:
        >>> nonspeech_line({"silence": 0.0, "hum": 0.04})
        'share of frames with open lips on non-speech sounds: silence 0%, hum 4%'
    """
    each = ", ".join(f"{name} {100 * share:.0f}%" for name, share in shares.items())
    return f"share of frames with open lips on non-speech sounds: {each}"


def card_results(tables: Mapping[str, Sequence[Score]], costs: Sequence[str]) -> str:
    """Return a model card's results: one table per split, one row per speaker, then the costs."""
    lines = [f"Lips count as closed at a lip gap of {CLOSED_MM:g} mm or less."]
    for split, scores in tables.items():
        lines += ["", f"### {split}", "", *markdown_table(COLUMNS, map(score_cells, scores))]
    return "\n".join([*lines, "", *(f"- {line}" for line in costs)])


def readme_results(tables: Mapping[str, Sequence[Score]], costs: Sequence[str]) -> str:
    """Return a README's results: a table of what was scored in every split, then the costs.

    Args:
        tables: the scores by split. Rows of single speakers and languages are left out.
        costs: lines `STUDENT: COST`, or `COST` if there is one student. Each student gets one line.
    """
    scored = [{score.name for score in scores} for scores in tables.values()]
    everywhere = set[str].intersection(*scored) if scored else set[str]()
    rows = [
        (split, *score_cells(score))
        for split, scores in tables.items()
        for score in scores
        if score.name in everywhere and "/" not in score.name
    ]
    by_student: dict[str, list[str]] = {}
    for line in costs:
        student, _, cost = line.rpartition(": ")
        if not cost.startswith("silence"):  # cards have the sounds without speech
            by_student.setdefault(student, []).append(cost)
    lines = markdown_table(("test set", *COLUMNS), rows)
    summary = (
        f"- {f'{student}: ' if student else ''}{'; '.join(each)}"
        for student, each in by_student.items()
    )
    return "\n".join([*lines, "", *summary])


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table.

    Example:
        >>> markdown_table(("model", "PBM %"), [("S0", "94.5")])
        ['| model | PBM % |', '|---|---|', '| S0 | 94.5 |']
    """
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def replace_section(page: Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    """Replace the text between two markers of a Markdown file.

    Args:
        page: the file.
        text: the new text between the markers.
        begin: the line before the section.
        end: the line after the section.

    Raises:
        MarotteError: the file can't be read or lacks the markers.
    """
    try:
        old = page.read_text(encoding="utf-8")
    except OSError as error:
        raise MarotteError(f"can't read the page {page}: {error.strerror}") from error
    before, has_begin, rest = old.partition(begin)
    _, has_end, after = rest.partition(end)
    if not has_begin or not has_end:
        raise MarotteError(f"{page} has no section for results: add the lines {begin} and {end}")
    with replacing(page) as temporary:
        temporary.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")

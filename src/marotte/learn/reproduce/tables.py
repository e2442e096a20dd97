"""Tables as Markdown: figures and costs in, a page with the paper's figures for comparison out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import mean, stdev

from marotte.learn.measure.card import markdown_table
from marotte.learn.metrics import CLOSED_MM
from marotte.learn.reproduce.results import CLEAN, LANGUAGES, NOT_DEGRADED, OTHER, Costs, Figures
from marotte.learn.reproduce.rows import TEACHER, Row

SPLITS = (CLEAN, OTHER, LANGUAGES)
FIXED = ("pbm", "false_closure")
OWN = ("own_pbm", "own_false_closure")


def select(
    figures: Iterable[Figures],
    label: str,
    split: str,
    degradation: str = NOT_DEGRADED,
    who: str = "all",
) -> list[Figures]:
    """Return the figures of a row on a test set, one per seed.

    Args:
        figures: the lines of a table.
        label: the row's label.
        split: the test set.
        degradation: the name of a degradation, or `NOT_DEGRADED`.
        who: a speaker, a language or `all`.
    """
    return [
        each
        for each in figures
        if (each.row, each.split, each.heard, each.who) == (label, split, degradation, who)
    ]


def mean_and_deviation(values: Sequence[float], show: Callable[[float], str]) -> str:
    """Return the mean of the seeds' values, with the standard deviation of several values.

    Example:
        >>> mean_and_deviation([0.5, 0.7], "{:.2f}".format)
        '0.60 ± 0.14'
    """
    if not values:
        return "–"
    middle = show(mean(values))
    return f"{middle} ± {show(stdev(values)).lstrip('+')}" if len(values) > 1 else middle


def percent(value: float) -> str:
    """Return a share in %.

    Example:
        >>> percent(0.125)
        '12.5'
    """
    return f"{100 * value:.1f}"


def markdown(
    rows: Sequence[Row],
    figures: Sequence[Figures],
    costs: Sequence[Costs],
    comparisons: Sequence[str] = (),
) -> str:
    """Return a table's page: the main table, then costs and further scores, folded.

    Args:
        rows: the table's rows.
        figures: the lines of all rows.
        costs: the costs of all students.
        comparisons: the lines of a table of hybrid rows against plain ones.
    """
    folded = {
        "At the fixed threshold, timing and training": _fixed_threshold(rows, figures),
        "Costs": cost_table(rows, costs),
        "By language": _languages(rows, figures),
        "Degraded sound": _degraded(rows, figures),
    }
    parts = [
        f"{training_sentence(figures)} {speech_sentence(figures)} PBM is the share of /p b m/ with "
        "closed lips; after the stroke stands false closure, the share of open vowels with closed "
        "lips. Each row has its own threshold: the lip gap at or below which 2 % of the open "
        "vowels of `valid` lie. % of T is the row's PBM divided by that of T, clean / other. "
        "[metrics](metrics.md) defines the columns.",
        "\n".join(_quality(rows, figures)),
        "\n".join(comparisons),
        *notes_of(rows),
        *(_folded(title, lines) for title, lines in folded.items() if lines),
    ]
    return "\n\n".join(part for part in parts if part)


def _folded(title: str, lines: Sequence[str]) -> str:
    """Return lines that a reader can unfold."""
    text = "\n".join(lines)
    return f"<details markdown><summary>{title}</summary>\n\n{text}\n\n</details>"


def training_sentence(figures: Sequence[Figures]) -> str:
    """Return a sentence on how much the students of a table have learnt from."""
    amounts = sorted({each.trained_frames for each in figures if each.seed >= 0})
    if not amounts:
        return "No student was trained for this table."
    least, most = (f"{frames / 1e6:.2f}" for frames in (amounts[0], amounts[-1]))
    heard = least if least == most else f"{least} to {most}"
    return f"Every student heard {heard} million frames of speech."


def speech_sentence(figures: Sequence[Figures]) -> str:
    """Return a sentence on how much speech was scored."""
    minutes = {each.split: each.minutes for each in figures if each.who == "all"}
    amounts = ", ".join(
        f"{minutes[split]:.1f} of `{split}`" for split in SPLITS if split in minutes
    )
    return f"Minutes of speech scored: {amounts}."


def _quality(rows: Sequence[Row], figures: Sequence[Figures]) -> list[str]:
    lines: list[list[str]] = []
    for row in rows:
        clean = select(figures, row.label, CLEAN)
        jitter = mean_and_deviation([e.jitter / e.taught_jitter for e in clean], "{:.2f}".format)
        lines.append(
            [
                row.label,
                *(_pair(select(figures, row.label, split), OWN) for split in SPLITS),
                " / ".join(_share_of_teacher(figures, row.label, s) for s in (CLEAN, OTHER)),
                *(_pair(select(figures, row.label, split)) for split in (CLEAN, OTHER)),
                mean_and_deviation([e.auc for e in clean], "{:.4f}".format),
                mean_and_deviation([1000 * e.mse for e in clean], "{:.2f}".format),
                jitter,
                seeds_and_frames(clean),
                paper_pbm(row),
            ]
        )
    columns = (
        "model",
        *(f"{name}: PBM / false %" for name in ("clean", "other", "languages")),
        "% of T",
        *(f"{name} at {CLOSED_MM:g} mm" for name in ("clean", "other")),
        "AUC clean",
        "MSE clean × 1000",
        "jitter / T's",
        "seeds × frames M",
        "paper's PBM clean / other",
    )
    return markdown_table(columns, lines)


def _share_of_teacher(figures: Sequence[Figures], label: str, split: str) -> str:
    """Return a row's PBM at its own threshold in % of the teacher's."""
    teacher = select(figures, TEACHER, split)
    if not teacher:
        return "–"
    shares = [each.own_pbm / teacher[0].own_pbm for each in select(figures, label, split)]
    return mean_and_deviation(shares, percent)


def _fixed_threshold(rows: Sequence[Row], figures: Sequence[Figures]) -> list[str]:
    """Return a table of what does not fit into the main one."""
    lines: list[list[str]] = []
    for row in rows:
        clean, other = (select(figures, row.label, split) for split in (CLEAN, OTHER))
        contact = [e.contact_ms / e.taught_contact_ms for e in clean]
        minutes = [e.trained_minutes for e in clean if e.seed >= 0]
        lines.append(
            [
                row.label,
                _pair(select(figures, row.label, LANGUAGES)),
                mean_and_deviation([e.own_mm for e in clean], "{:.2f}".format),
                mean_and_deviation([e.auc for e in other], "{:.4f}".format),
                mean_and_deviation([1000 * e.mse for e in other], "{:.2f}".format),
                mean_and_deviation([e.timing_ms for e in clean], "{:+.0f}".format),
                mean_and_deviation(contact, "{:.2f}".format),
                mean_and_deviation(minutes, "{:.0f}".format),
            ]
        )
    columns = (
        "model",
        f"languages at {CLOSED_MM:g} mm: PBM / false %",
        "own threshold mm",
        "AUC other",
        "MSE other × 1000",
        "timing ms",
        "contact / T's",
        "minutes of training",
    )
    return markdown_table(columns, lines)


def paper_pbm(row: Row) -> str:
    """Return the paper's PBM accuracies of a row.

    Example:
        >>> paper_pbm(Row("S0", "s0", paper_pbm=(94.5, 84.7)))
        '94.5 / 84.7'
    """
    return "–" if row.paper_pbm is None else "{:.1f} / {:.1f}".format(*row.paper_pbm)


def seeds_and_frames(figures: Sequence[Figures]) -> str:
    """Return the number of seeds of a row, and the million frames that each was trained on."""
    students = [each for each in figures if each.seed >= 0]
    if not students:
        return "–"
    return f"{len(students)} × {mean(each.trained_frames for each in students) / 1e6:.2f}"


def cost_table(rows: Sequence[Row], costs: Sequence[Costs]) -> list[str]:
    """Return the lines of a Markdown table of the students' costs."""
    lines: list[list[str]] = []
    for row in rows:
        of_row = [each for each in costs if each.row == row.label]
        if not of_row:
            continue
        first = of_row[0]
        open_shares = ("open_silence", "open_noise", "open_tones", "open_music", "open_clicks")
        lines.append(
            [
                row.label,
                f"{first.parameters / 1e6:.3f}",
                f"{first.macs / 1e6:.1f}",
                "–" if first.streamed_macs < 0 else f"{first.streamed_macs / 1e6:.2f}",
                f"{first.paper_memory_mib:.2f}",
                f"{first.peak_memory_mib:.0f}",
                f"{first.lookahead_ms:.0f}",
                f"{first.ms_a_frame:.2f}",
                *(
                    mean_and_deviation([100 * getattr(e, name) for e in of_row], "{:.0f}".format)
                    for name in open_shares
                ),
            ]
        )
    columns = (
        "model",
        "parameters M",
        "MACs M per frame",
        "streamed",
        "memory MiB, paper's formula",
        "process peak MiB",
        "look-ahead ms",
        "ms per frame",
        *(f"open in {sound} %" for sound in ("silence", "noise", "tones", "music", "clicks")),
    )
    return markdown_table(columns, lines) if lines else []


def _languages(rows: Sequence[Row], figures: Sequence[Figures]) -> list[str]:
    names = sorted({e.who for e in figures if e.split == LANGUAGES and e.who != "all"})
    lines = [
        [
            row.label,
            *(_pair(select(figures, row.label, LANGUAGES, who=name)) for name in (*names, "all")),
        ]
        for row in rows
        if select(figures, row.label, LANGUAGES)
    ]
    heads = [f"{name} PBM / false closure %" for name in (*names, "all languages")]
    return markdown_table(("model", *heads), lines) if names else []


def _degraded(rows: Sequence[Row], figures: Sequence[Figures]) -> list[str]:
    names = sorted({each.heard for each in figures}, key=lambda name: (name != NOT_DEGRADED, name))
    lines = [
        [row.label, *(_pair(select(figures, row.label, CLEAN, name)) for name in names)]
        for row in rows
        if row.recipe and select(figures, row.label, CLEAN)
    ]
    heads = [f"clean, {name}: PBM / false closure %" for name in names]
    return markdown_table(("model", *heads), lines) if len(names) > 1 else []


def _pair(figures: Sequence[Figures], names: tuple[str, str] = FIXED) -> str:
    """Return a cell with PBM and false closure in %."""
    return " / ".join(
        mean_and_deviation([getattr(each, name) for each in figures], percent) for name in names
    )


def notes_of(rows: Sequence[Row]) -> list[str]:
    """Return the rows' notes as one Markdown list, or an empty list without notes."""
    notes = [f"- {row.label}: {row.note}." for row in rows if row.note]
    return ["\n".join(notes)] if notes else []

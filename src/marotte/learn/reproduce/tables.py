"""Tables as Markdown: figures and costs in, a page with the paper's figures for comparison out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import mean, stdev

from marotte.learn.measure.card import markdown_table
from marotte.learn.metrics import CLOSED_MM
from marotte.learn.reproduce.results import CLEAN, LANGUAGES, NOT_DEGRADED, OTHER, Costs, Figures
from marotte.learn.reproduce.rows import Row

SPLITS = (CLEAN, OTHER, LANGUAGES)


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


def markdown(rows: Sequence[Row], figures: Sequence[Figures], costs: Sequence[Costs]) -> str:
    """Return a table's page: scores, costs, scores by language and scores on degraded sound."""
    parts = [
        f"{budget_sentence(figures)} {speech_sentence(figures)} Lips count as closed at a gap of "
        f"{CLOSED_MM:g} mm or less. PBM is always shown with false closure. [metrics](metrics.md) "
        "defines the columns.",
        "\n".join(_quality(rows, figures)),
        "\n".join(cost_table(rows, costs)),
        "\n".join(_languages(rows, figures)),
        "\n".join(_degraded(rows, figures)),
        *notes_of(rows),
    ]
    return "\n\n".join(part for part in parts if part)


def budget_sentence(figures: Sequence[Figures]) -> str:
    """Return a sentence on the training budget of a table's students."""
    budgets = sorted({each.budget_minutes for each in figures if each.seed >= 0})
    if not budgets:
        return "No student was trained for this table."
    minutes = " or ".join(f"{budget:g}" for budget in budgets)
    return (
        f"Every student was trained for {minutes} minutes on this machine. The table lists the "
        "seeds and the number of training steps of each seed."
    )


def speech_sentence(figures: Sequence[Figures]) -> str:
    """Return a sentence on how much speech was scored."""
    minutes = {each.split: each.minutes for each in figures if each.who == "all"}
    amounts = ", ".join(
        f"{minutes[split]:.1f} of `{split}`" for split in SPLITS if split in minutes
    )
    return f"Minutes of speech scored: {amounts}."


def _quality(rows: Sequence[Row], figures: Sequence[Figures]) -> list[str]:
    def cell(label: str, split: str, name: str, show: Callable[[float], str]) -> str:
        values = [getattr(each, name) for each in select(figures, label, split)]
        return mean_and_deviation(values, show)

    lines: list[list[str]] = []
    for row in rows:
        clean = select(figures, row.label, CLEAN)
        contact = [e.contact_ms / e.taught_contact_ms for e in clean]
        lines.append(
            [
                row.label,
                *(cell(row.label, split, "pbm", percent) for split in SPLITS),
                *(cell(row.label, split, "false_closure", percent) for split in SPLITS),
                cell(row.label, CLEAN, "auc", "{:.4f}".format),
                cell(row.label, CLEAN, "mse", "{:.5f}".format),
                mean_and_deviation([e.jitter / e.taught_jitter for e in clean], "{:.2f}".format),
                cell(row.label, CLEAN, "timing_ms", "{:+.0f}".format),
                mean_and_deviation(contact, "{:.2f}".format),
                seeds_and_steps(clean),
                paper_pbm(row),
            ]
        )
    names = ("clean", "other", "languages")
    columns = (
        "model",
        *(f"PBM {name} %" for name in names),
        *(f"false closure {name} %" for name in names),
        "AUC clean",
        "MSE clean",
        "jitter / teacher's",
        "timing ms",
        "contact / teacher's",
        "seeds: steps",
        "paper's PBM clean / other",
    )
    return markdown_table(columns, lines)


def paper_pbm(row: Row) -> str:
    """Return the paper's PBM accuracies of a row.

    Example:
        >>> paper_pbm(Row("S0", "s0", paper_pbm=(94.5, 84.7)))
        '94.5 / 84.7'
    """
    return "–" if row.paper_pbm is None else "{:.1f} / {:.1f}".format(*row.paper_pbm)


def seeds_and_steps(figures: Sequence[Figures]) -> str:
    """Return the seeds of a row with the training steps of each."""
    return ", ".join(f"{each.seed}: {each.steps}" for each in figures if each.seed >= 0) or "–"


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


def _pair(figures: Sequence[Figures]) -> str:
    pbm = mean_and_deviation([each.pbm for each in figures], percent)
    return f"{pbm} / {mean_and_deviation([each.false_closure for each in figures], percent)}"


def notes_of(rows: Sequence[Row]) -> list[str]:
    """Return the rows' notes as one Markdown list, or an empty list without notes."""
    notes = [
        f"- {row.label}: {row.note}"
        f"{'; scored on a quarter of the speech' if row.hard_to_score else ''}."
        for row in rows
        if row.note
    ]
    return ["\n".join(notes)] if notes else []

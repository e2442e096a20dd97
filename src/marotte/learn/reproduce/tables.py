"""Figures and costs in; Table 2 as Markdown out, with the paper's own figures beside ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import mean, stdev

from marotte.learn.measure.card import markdown_table
from marotte.learn.metrics import CLOSED_MM
from marotte.learn.reproduce.results import CLEAN, Costs, Figures
from marotte.learn.reproduce.rows import Row

OTHER, LANGUAGES = "test_other", "test_languages"
SPLITS = (CLEAN, OTHER, LANGUAGES)


def of_row(
    figures: Iterable[Figures], label: str, split: str, heard: str = "as it is", who: str = "all"
) -> list[Figures]:
    """The figures of a row on a test set, one a seed."""
    return [
        each
        for each in figures
        if (each.row, each.split, each.heard, each.who) == (label, split, heard, who)
    ]


def spread(values: Sequence[float], show: Callable[[float], str]) -> str:
    """The mean of some seeds' values, with their standard deviation where there are several."""
    if not values:
        return "–"
    middle = show(mean(values))
    return f"{middle} ± {show(stdev(values)).lstrip('+')}" if len(values) > 1 else middle


def percent(value: float) -> str:
    """A share in %."""
    return f"{100 * value:.1f}"


def markdown(rows: Sequence[Row], figures: Sequence[Figures], costs: Sequence[Costs]) -> str:
    """A table's page: how good the rows are, what they cost, by language, and degraded."""
    parts = [
        f"{budget_of(figures)} {speech_of(figures)} Lips count as closed at a gap of "
        f"{CLOSED_MM:g} mm or less; PBM is never shown without false closure. What the words mean: "
        "[metrics](metrics.md).",
        "\n".join(_quality(rows, figures)),
        "\n".join(costs_lines(rows, costs)),
        "\n".join(_languages(rows, figures)),
        "\n".join(_degraded(rows, figures)),
        *notes_of(rows),
    ]
    return "\n\n".join(part for part in parts if part)


def budget_of(figures: Sequence[Figures]) -> str:
    """What the students of a table were given, in a sentence."""
    budgets = sorted({each.budget_minutes for each in figures if each.seed >= 0})
    if not budgets:
        return "No student was trained for this table."
    said = " or ".join(f"{budget:g}" for budget in budgets)
    return (
        f"Every student was trained for {said} minutes of this machine, from the seeds in the "
        "table; the steps it took in them stand there too."
    )


def speech_of(figures: Sequence[Figures]) -> str:
    """How much speech was scored, in a sentence."""
    minutes = {each.split: each.minutes for each in figures if each.who == "all"}
    said = ", ".join(f"{minutes[split]:.1f} of `{split}`" for split in SPLITS if split in minutes)
    return f"Minutes of speech scored: {said}."


def _quality(rows: Sequence[Row], figures: Sequence[Figures]) -> list[str]:
    def cell(label: str, split: str, name: str, show: Callable[[float], str]) -> str:
        return spread([getattr(each, name) for each in of_row(figures, label, split)], show)

    lines: list[list[str]] = []
    for row in rows:
        clean = of_row(figures, row.label, CLEAN)
        ratio = [each.jitter / each.taught_jitter for each in clean]
        lines.append(
            [
                row.label,
                *(cell(row.label, split, "pbm", percent) for split in SPLITS),
                *(cell(row.label, split, "false_closure", percent) for split in SPLITS),
                cell(row.label, CLEAN, "auc", "{:.4f}".format),
                cell(row.label, CLEAN, "mse", "{:.5f}".format),
                spread(ratio, "{:.2f}".format),
                cell(row.label, CLEAN, "timing_ms", "{:+.0f}".format),
                spread([e.contact_ms / e.taught_contact_ms for e in clean], "{:.2f}".format),
                seeds_of(clean),
                "–" if row.paper_pbm is None else "{:.1f} / {:.1f}".format(*row.paper_pbm),
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


def seeds_of(figures: Sequence[Figures]) -> str:
    """The seeds of a row, and the steps its runs took."""
    return ", ".join(f"{each.seed}: {each.steps}" for each in figures if each.seed >= 0) or "–"


def costs_lines(rows: Sequence[Row], costs: Sequence[Costs]) -> list[str]:
    """What the rows' students cost, as a table."""
    lines: list[list[str]] = []
    for row in rows:
        mine = [each for each in costs if each.row == row.label]
        if not mine:
            continue
        first = mine[0]
        still = ("open_silence", "open_noise", "open_tones", "open_music", "open_clicks")
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
                    spread([100 * getattr(e, name) for e in mine], "{:.0f}".format)
                    for name in still
                ),
            ]
        )
    columns = (
        "model",
        "parameters M",
        "MACs M a frame",
        "streamed",
        "memory MiB, paper's count",
        "process peak MiB",
        "look-ahead ms",
        "ms a frame",
        *(f"open in {what} %" for what in ("silence", "noise", "tones", "music", "clicks")),
    )
    return markdown_table(columns, lines) if lines else []


def _languages(rows: Sequence[Row], figures: Sequence[Figures]) -> list[str]:
    names = sorted({e.who for e in figures if e.split == LANGUAGES and e.who != "all"})
    lines = [
        [
            row.label,
            *(_pair(of_row(figures, row.label, LANGUAGES, who=name)) for name in (*names, "all")),
        ]
        for row in rows
        if of_row(figures, row.label, LANGUAGES)
    ]
    heads = [f"{name} PBM / false closure %" for name in (*names, "all languages")]
    return markdown_table(("model", *heads), lines) if names else []


def _degraded(rows: Sequence[Row], figures: Sequence[Figures]) -> list[str]:
    ways = sorted({each.heard for each in figures}, key=lambda how: (how != "as it is", how))
    lines = [
        [row.label, *(_pair(of_row(figures, row.label, CLEAN, how)) for how in ways)]
        for row in rows
        if row.recipe and of_row(figures, row.label, CLEAN)
    ]
    heads = [f"clean, {how}: PBM / false closure %" for how in ways]
    return markdown_table(("model", *heads), lines) if len(ways) > 1 else []


def _pair(figures: Sequence[Figures]) -> str:
    pbm = spread([each.pbm for each in figures], percent)
    return f"{pbm} / {spread([each.false_closure for each in figures], percent)}"


def notes_of(rows: Sequence[Row]) -> list[str]:
    """What a reader has to know of the rows, as a list."""
    notes = [
        f"- {row.label}: {row.note}"
        f"{'; scored on a quarter of the speech' if row.hard_to_score else ''}."
        for row in rows
        if row.note
    ]
    return ["\n".join(notes)] if notes else []

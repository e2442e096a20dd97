"""`marotte evaluate`: students or a teacher, and held-out speech, in; tables of scores out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import completion, options
from marotte.cli.progress_bars import bar, progress_bars
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from rich.table import Table

    from marotte.learn.data.store import Store
    from marotte.learn.measure.evaluate import Score
    from marotte.learn.measure.predictors import Predictor

EXAMPLES = (
    "marotte evaluate CORPUS --student my-student.onnx",
    "marotte evaluate CORPUS --student live --student offline --speech 8",
    "marotte evaluate CORPUS --teacher phonetic --split test_clean",
)


def evaluate(
    corpus: options.CorpusFolder,
    student: Annotated[
        list[str] | None,
        typer.Option(
            help="A student: a name, an ONNX file or a run folder. May be given several times.",
            show_default="live",
            autocompletion=completion.students,
        ),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            help="Score this teacher instead of a student.", autocompletion=completion.teachers
        ),
    ] = None,
    against: Annotated[
        str,
        typer.Option(
            help="The teacher whose labels the error is measured against.",
            autocompletion=completion.teachers,
        ),
    ] = "phonetic",
    split: Annotated[
        list[str] | None,
        typer.Option(
            help="A split of held-out speech. May be given several times.",
            show_default="all test sets of the corpus",
        ),
    ] = None,
    speech: options.SpeechMinutes = None,
    ensemble: options.Ensemble = False,
    workers: options.Workers = None,
    card: Annotated[
        Path | None, typer.Option(help="A model card whose results section is rewritten.")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(help="A page whose results section is rewritten, in short.")
    ] = None,
) -> None:
    """Score students, or a teacher, on held-out speech, speaker by speaker."""
    from rich.console import Console

    from marotte.learn.data.store import Store
    from marotte.learn.measure import card as pages
    from marotte.learn.measure import predictors
    from marotte.learn.measure.evaluate import held_out_splits
    from marotte.learn.processes import process_pool

    store = Store.open(corpus)
    students = [] if teacher else open_students(student or [None], ensemble)
    if card and len(students) > 1:
        raise MarotteError(f"a card is of one student, got {len(students)}: give --card for each")
    compared = {name: predictor for name, predictor, _ in students}
    splits = split or held_out_splits(store) or ["test_clean"]
    if teacher or card or summary:  # a page compares the student with its teacher
        compared["teacher"] = predictors.open_predictor(store, teacher or against, splits)
    console = Console()
    tables: dict[str, list[Score]] = {}
    with process_pool(workers or os.cpu_count() or 1) as pool:
        for name in splits:
            tables[name] = score_split(store, name, compared, against, speech, pool)
            console.print(score_table(name, tables[name]))
    if teacher:
        return
    lines: list[str] = []
    for name, predictor, source in students:
        prefix = f"{name}: " if len(students) > 1 else ""
        lines += [prefix + line for line in cost_lines(predictor, source)]
    for line in lines:
        typer.echo(line)
    if card:
        pages.replace_section(card, pages.card_results(tables, lines))
    if summary:
        pages.replace_section(summary, pages.readme_results(tables, lines))


def score_split(
    store: Store,
    split: str,
    predictors: dict[str, Predictor],
    against: str,
    minutes: float | None,
    pool: Executor | None,
) -> list[Score]:
    """Score predictors on a split: the first one speaker by speaker, the others as a whole."""
    from marotte.learn.measure.evaluate import evaluate

    scores: list[Score] = []
    for title, predictor in predictors.items():
        with progress_bars() as bars:
            progress = bar(bars, split)
            rows = evaluate(
                predictor, store, split, title, against, progress, minutes=minutes, pool=pool
            )
        scores += rows[-1:] if scores else rows
    return scores


def open_students(
    sources: Sequence[str | None], ensemble: bool
) -> list[tuple[str, Predictor, str | None]]:
    """Return the name, the predictor and the source of each student.

    Raises:
        MarotteError: a student can't be opened, or two have one name.
    """
    from marotte.learn.measure.predictors import open_student

    students = [(*open_student(source, ensemble), source) for source in sources]
    names = [name for name, _, _ in students]
    if len(set(names)) < len(names):
        raise MarotteError(f"students need names of their own, got {', '.join(names)}")
    return students


def cost_lines(predictor: Predictor, source: str | None) -> list[str]:
    """Return lines on a student's cost, and on whether its mouth stays shut without speech."""
    from marotte.learn.measure.card import nonspeech_line, student_cost_lines
    from marotte.learn.measure.nonspeech import open_shares_by_sound

    with progress_bars() as bars:
        shares = open_shares_by_sound(predictor, bar(bars, "non-speech sounds"))
    return [*student_cost_lines(source), nonspeech_line(shares)]


def score_table(split: str, scores: list[Score]) -> Table:
    """Return the scores of a split as a table for the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    from marotte.learn.measure.card import SHORT_COLUMNS, short_score_cells

    speaker, *figures = SHORT_COLUMNS
    columns = [Column(speaker, no_wrap=True), *(Column(each, justify="right") for each in figures)]
    table = Table(*columns, title=split, box=SIMPLE_HEAD, padding=0, pad_edge=False)
    for score in scores:
        table.add_row(*short_score_cells(score))
    return table

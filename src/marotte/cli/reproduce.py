"""`marotte reproduce`: a labelled corpus in; a table or figure of the paper out."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import options, paper_table
from marotte.cli.requirements import need_torch
from marotte.cli.search import grid
from marotte.errors import MarotteError

EXAMPLES = (
    "marotte reproduce table2 CORPUS --minutes 40 --speech 5",
    "marotte reproduce claims",
)
GRID_RECIPE = "s1"  # gives the losses of the frontier's students


class Target(str, Enum):
    """What can be reproduced."""

    table2 = "table2"
    table3 = "table3"
    table4 = "table4"
    hybrid = "hybrid"
    teacher_window = "teacher-window"
    frontier = "frontier"
    claims = "claims"


def reproduce(
    target: Annotated[Target, typer.Argument(metavar="TARGET", help="The table or figure.")],
    corpus: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CORPUS]",
            help="The corpus folder, labelled by `marotte label`; not needed for claims.",
            show_default=False,
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="Training budget of each run, in minutes.", show_default="each recipe's own"
        ),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(help="Only these rows, separated by commas, e.g. S2,S2+.", show_default="all"),
    ] = None,
    speech: options.SpeechMinutes = None,
    output: options.OutputFolder = Path("reproduced"),
    recipes: Annotated[
        Path | None,
        typer.Option(
            help="The folder of the rows' recipes.",
            show_default="recipes/table2, or recipes/TARGET for table4 and hybrid",
        ),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="A page in which the table is rewritten too.")
    ] = None,
    train: options.TrainMissing = True,
    videos: Annotated[bool, typer.Option(help="Write videos; needs the extra `video`.")] = True,
    workers: options.Workers = None,
    threads: options.Threads = None,
) -> None:
    """Reproduce a table of the paper: train what is missing, score it, write it and draw it."""
    from marotte.learn.reproduce import report

    if target is Target.claims:
        text = report.check_claims(output)
        if page:
            from marotte.learn.measure.card import replace_section

            replace_section(page, text, *report.section_markers("claims"))
        typer.echo(text)
        return
    need_torch()
    from marotte.learn.reproduce.rows import TABLES, choose_rows
    from marotte.learn.reproduce.runs import TablePlan

    if corpus is None:
        raise MarotteError("this needs a labelled corpus: marotte reproduce TARGET CORPUS")
    own_recipes = target in (Target.table4, Target.hybrid)
    recipes = recipes or Path("recipes", target.value if own_recipes else "table2")
    all_rows = grid(GRID_RECIPE) if target is Target.frontier else TABLES[target.value]
    chosen = choose_rows(all_rows, rows.split(",") if rows else ())
    plan = TablePlan.of(corpus, recipes, minutes)
    table = report.Table(target.value, chosen, plan, output)
    with_videos = videos and target is Target.table2
    paper_table.make_table(
        table, paper_table.TableOptions(speech, train, workers, threads, page, with_videos)
    )
    typer.echo(
        f"{target.value}: {output / f'{target.value}.md'}, with its figures as CSV next to it"
    )
    if target not in (Target.frontier, Target.table4, Target.hybrid):
        report.check_claims(output)
        typer.echo(f"claims: {output / 'claims.md'}")

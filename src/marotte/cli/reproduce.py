"""`marotte reproduce`: a labelled corpus in; a table or figure of the paper out."""

from __future__ import annotations

import math
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from marotte.cli import options, paper_table
from marotte.cli.progress_bars import bar, progress_bars
from marotte.cli.requirements import need_torch
from marotte.cli.search import grid
from marotte.errors import MarotteError
from marotte.paths import make_folder

EXAMPLES = (
    "marotte reproduce table2 CORPUS --minutes 40 --speech 5",
    "marotte reproduce claims",
    "marotte reproduce pack CORPUS -o packed --hours queen=2.5,fillets=1",
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
    pack = "pack"


def reproduce(
    target: Annotated[
        Target, typer.Argument(metavar="TARGET", help="The table or figure; or pack.")
    ],
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
    hours: Annotated[
        str | None,
        typer.Option(
            help="For pack: hours by source, e.g. queen=2.5,fillets=1.",
            show_default="the same share of all, 48 MB together",
        ),
    ] = None,
    train: options.TrainMissing = True,
    videos: Annotated[bool, typer.Option(help="Write videos; needs the extra `video`.")] = True,
    workers: options.Workers = None,
    threads: options.Threads = None,
) -> None:
    """Reproduce a table of the paper: train what is missing, score it, write it and draw it.

    `pack` writes a folder with speech, labels, recipes and a script that trains all rows on another
    machine, which needs no corpus and no network.
    """
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
    if target is Target.pack:
        _pack(corpus, output, recipes or Path("recipes"), hours)
        return
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


def _pack(corpus: Path, output: Path, recipes: Path, hours: str | None) -> None:
    from marotte.face.rig import ARKIT_52
    from marotte.learn.data.dataset import load_speech
    from marotte.learn.data.store import Store
    from marotte.learn.reproduce.equal_data.device_script import (
        SCRIPT_FILE,
        packed_recipes,
        write_package,
    )

    by_source = None if hours is None else _hours_by_source(hours)
    teacher = packed_recipes(recipes)[0].teacher
    with progress_bars() as bars:
        reading = bar(bars, "reading")
        speech = load_speech(Store.open(corpus), teacher, "train", ARKIT_52.speech, reading)
    make_folder(output)
    packed = write_package(output, speech, recipes, by_source)
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    typer.echo(
        f"{packed:.1f} h of speech, {size / 1e6:.0f} MB: {output}. There, run "
        f"bash {output.name}/{SCRIPT_FILE} SECONDS OUT; then, here, python -m "
        "marotte.learn.reproduce.equal_data unpack OUT/weights-*.pt --runs RUNS"
    )


def _hours_by_source(text: str) -> dict[str, float]:
    """Return hours by source.

    Raises:
        MarotteError: the text is not SOURCE=HOURS, separated by commas, with hours above 0.

    Example:
        >>> _hours_by_source("queen=2.5,fillets=1")
        {'queen': 2.5, 'fillets': 1.0}
    """
    try:
        pairs = [each.split("=") for each in text.split(",")]
        hours = {source.strip(): float(value) for source, value in pairs}
    except ValueError:
        hours = {}
    if not hours or not all(0 < each < math.inf for each in hours.values()):
        raise MarotteError(
            f"--hours must be SOURCE=HOURS, separated by commas, e.g. queen=2.5: got {text!r}"
        )
    return hours

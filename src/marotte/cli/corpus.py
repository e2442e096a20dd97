"""`marotte corpus`: a recipe in, a corpus of speech out; show a corpus, and check its alignment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import options
from marotte.cli.group import examples

if TYPE_CHECKING:
    from rich.console import Console

    from marotte.learn.corpora.build import BuildPlan, BuiltPart
    from marotte.learn.data.store import ManifestRow

app = typer.Typer(help="Build a corpus of speech, and show what is in it.", no_args_is_help=True)


@app.command(epilog=examples("marotte corpus build recipes/corpus.toml"))
def build(
    recipe: Annotated[
        Path, typer.Argument(metavar="RECIPE", help="A corpus recipe, a .toml file.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The corpus folder to write.",
            show_default="corpora/NAME in Marotte's cache",
        ),
    ] = None,
    workers: options.Workers = None,
    ray: Annotated[
        str | None,
        typer.Option(
            help="Build on a Ray cluster whose machines share the folder: its address, 'auto' for "
            "the cluster that this machine belongs to, or 'local' for a new one on this machine.",
            show_default="this machine, without Ray",
        ),
    ] = None,
) -> None:
    """Build the corpus of a recipe. Finished parts are kept, so the command can be run again."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from marotte.errors import MarotteError
    from marotte.learn.corpora.build import plan_build
    from marotte.learn.corpora.recipe import load_recipe

    loaded = load_recipe(recipe)
    folder = output or _default_folder(loaded.name)
    console = Console()
    plan = plan_build(loaded, folder)
    for name, reason in plan.unusable.items():
        console.print(f"[yellow]without {name}:[/] {escape(reason)}")
    if not plan.n_parts:
        raise MarotteError(f"no source of {recipe} can be used: fix what is printed above")
    minutes = 0.0
    columns = (TextColumn("parts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        done = plan.n_parts - len(plan.missing)
        task = progress.add_task("", total=plan.n_parts, completed=done)

        for part in _built_parts(plan, folder, workers, ray):
            minutes += part.seconds / 60
            progress.update(task, advance=1, description=f"{minutes:.0f} min of speech")
            if not console.is_terminal:
                left_out = f", {part.skipped} left out" if part.skipped else ""
                console.print(f"{part.name}: {part.utterances} utterances{left_out}")
    _print_corpus(console, folder)


def _built_parts(
    plan: BuildPlan, folder: Path, workers: int | None, ray: str | None
) -> Iterator[BuiltPart]:
    """Make the missing parts of a plan, on this machine or on a Ray cluster."""
    if ray:
        from marotte.learn.jobs.on_cluster import build_on_cluster
        from marotte.learn.jobs.ray_cluster import Cluster

        return build_on_cluster(Cluster(ray, workers), plan, folder)
    from marotte.learn.corpora.build import build as build_here

    return build_here(plan, folder, workers or os.cpu_count() or 1)


@app.command(epilog=examples("marotte corpus show recipes/corpus.toml"))
def show(
    corpus: Annotated[
        Path,
        typer.Argument(
            metavar="CORPUS", help="A corpus folder, or the recipe that it was built from."
        ),
    ],
) -> None:
    """Show how much speech a corpus has, by split, source and language."""
    from rich.console import Console

    _print_corpus(Console(), _default_folder(corpus.stem) if corpus.suffix == ".toml" else corpus)


@app.command(epilog=examples("marotte corpus fetch recipes/corpus.toml"))
def fetch(
    recipe: Annotated[
        Path, typer.Argument(metavar="RECIPE", help="The recipe whose sources need packages.")
    ],
) -> None:
    """Download the Debian packages that a recipe's sources read; needs apt-get and dpkg."""
    from rich.console import Console

    from marotte.errors import MarotteError
    from marotte.learn.corpora import debian
    from marotte.learn.corpora.recipe import class_of, load_recipe

    console = Console()
    sources = [class_of(*each) for each in load_recipe(recipe).sources.items()]
    for package in dict.fromkeys(each for source in sources for each in source.packages):
        try:
            root = debian.root_of(package)
        except MarotteError:
            console.print(f"{package.name}: {package.megabytes} MB, licence: {package.licence}")
            root = debian.fetch(package)
        console.print(f"{package.name} is in {root}", markup=False)


@app.command(epilog=examples("marotte corpus check-alignment hibari --count 20"))
def check_alignment(
    voice: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="Sources that come with phones.",
            show_default="hibari and espeak",
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Sentences per source.")] = 100,
) -> None:
    """Align sentences of sources that come with phones, and compare the onsets with theirs."""
    from rich.console import Console

    from marotte.learn.corpora.agreement import measure_agreement
    from marotte.learn.corpora.recipe import configure

    console = Console()
    for name in voice or ["hibari", "espeak"]:
        agreement = measure_agreement(configure(name, {}), count)
        console.print(
            f"{name}: {agreement.utterances} sentences aligned, {agreement.failed} not; "
            f"{agreement.phones} onsets, {agreement.matched:.0%} of all: "
            f"median error {agreement.median_ms:.0f} ms (bias {agreement.bias_ms:+.0f} ms), "
            f"{agreement.within_20_ms:.0%} within 20 ms, {agreement.within_50_ms:.0%} within 50 ms"
        )


def _default_folder(recipe_name: str) -> Path:
    from marotte.names import check_name
    from marotte.paths import cache_folder

    return cache_folder() / "corpora" / check_name(recipe_name, "the recipe")


def _sums(rows: list[ManifestRow]) -> tuple[str, str, str]:
    """Return the speakers, utterances and minutes of some rows of the manifest, as text."""
    utterances = sum(row.utterances for row in rows)
    return str(len(rows)), str(utterances), f"{sum(row.minutes for row in rows):.1f}"


def _print_corpus(console: Console, folder: Path) -> None:
    from rich.markup import escape
    from rich.table import Table

    from marotte.learn.corpora.build import skip_reasons
    from marotte.learn.corpora.totals import totals
    from marotte.learn.data.store import Store

    rows = Store.open(folder).manifest()
    table = Table("split", "source", "language", "speakers", "utterances", "minutes")
    for key, group in groupby(rows, key=lambda row: (row.split, row.source, row.language)):
        table.add_row(*map(escape, key), *_sums(list(group)))
    table.add_section()
    table.add_row("all", "", "", *_sums(rows))
    console.print(table)
    for kind, each in totals(rows, folder).items():
        people = f" of {each.people} people or more" if each.people else ""
        console.print(
            f"{kind}: {each.hours:.1f} h, {each.speakers} speakers{people}, "
            f"{len(each.languages)} languages ({' '.join(each.languages)})",
            markup=False,
        )
    for source, reasons in skip_reasons(folder).items():
        for reason, count in reasons.most_common():
            console.print(f"{source}: {count} left out: {reason}", markup=False)
    console.print(f"{folder}", markup=False)

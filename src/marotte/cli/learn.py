"""`marotte label`, `export`, `evaluate`: the learning path from the command line."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import options
from marotte.cli.progress import bar, progress
from marotte.errors import MarotteError, missing_extra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from marotte.learn.measure.evaluate import Score
    from marotte.learn.measure.predictors import Predictor

FAULTS_SAID = 5  # of perhaps thousands


def label(
    corpus: Annotated[str, typer.Argument(help="The corpus folder, as `corpus build` says it.")],
    teacher: Annotated[str, typer.Option(help="Who labels.")] = "phonetic",
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Only speech without phones ('untranscribed'), or by source=NAME[,NAME], "
            "speaker=, language= or split=; repeated, all must hold.",
            show_default="all speech",
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Label anew what another version of the teacher labelled, and try again what was "
            "left out.",
        ),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes.", show_default="one a core")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            help="Work on a Ray cluster: its address, 'auto' for the one this machine belongs to, "
            "or 'local' for one of this run's own.",
            show_default="this machine",
        ),
    ] = None,
    gpus: Annotated[
        float, typer.Option(min=0, help="GPUs of the Ray cluster for each process.")
    ] = 0.0,
    curves: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder of the curves that the teacher 'imported' reads.", show_default=False
        ),
    ] = None,
) -> None:
    """Let a teacher label a corpus; what it labelled before is kept."""
    from marotte.learn.data.filters import Filter
    from marotte.learn.jobs.label import LabelJob, LabelTotals, plan_labels
    from marotte.learn.jobs.label import label as label_parts
    from marotte.learn.jobs.ray_cluster import Cluster, label_on_cluster

    job = LabelJob(corpus, teacher, tuple(curves or ()), Filter.parse(only or ()), again)
    plan = plan_labels(job)
    found = LabelTotals(failed=list(plan.failed))
    with progress() as bars:
        task = bars.add_task("labelling", total=plan.seconds)

        began = time.perf_counter()
        if ray:
            results = label_on_cluster(Cluster(ray, workers, gpus), job, plan)
        else:
            results = label_parts(job, plan, workers or os.cpu_count() or 1)
        for done in results:
            found.add(done, time.perf_counter() - began)
            said = f"{found.seconds / 60:.0f} of {plan.seconds / 60:.0f} min"
            said += f" of speech, {found.speed:.0f} × real time"
            bars.update(task, completed=found.seconds, description=said)
    for reason, count in found.left_out.most_common():
        typer.echo(f"{count} left out: {reason}")
    typer.echo(
        f"{teacher} labelled {found.parts} parts of {corpus} ({found.labelled} utterances, "
        f"{found.seconds / 60:.1f} min of speech, {found.speed:.0f} × real time); "
        f"{plan.n_parts} in all"
    )
    if found.failed:
        raise MarotteError(
            f"{len(found.failed)} could not be labelled, which the same command will try again: "
            + "; ".join(found.failed[:FAULTS_SAID])
            + ("; ..." if found.failed[FAULTS_SAID:] else "")
        )


def export(
    run: options.TrainedRun,
    output: Annotated[Path, typer.Option("--output", "-o", help="The student file, .onnx.")],
    version: Annotated[str, typer.Option(help="The student's version.")] = "1",
    half: Annotated[
        bool, typer.Option("--half", help="Round its weights to 16 bits: half of the file.")
    ] = False,
) -> None:
    """Write a trained student as an ONNX file that carries its contract."""
    need_torch()
    from marotte.learn.data.mesh_pca import mesh_of
    from marotte.learn.export.onnx import export as write
    from marotte.learn.train.checkpoint import FILE, load_net
    from marotte.paths import check_writable

    check_writable(output)
    net, state = load_net(run / FILE)
    recipe = state["recipe"]
    contract = write(
        net,
        output,
        name=output.stem,
        version=version,
        rig=state["rig"],
        teacher=recipe["teacher"],
        mesh=mesh_of(run),
        half=half,
    )
    size_kb = output.stat().st_size / 1000
    typer.echo(f"{output}: {len(contract.names)} controls, {size_kb:.0f} kB")


def evaluate(
    corpus: options.CorpusFolder,
    student: Annotated[
        list[str] | None,
        typer.Option(
            help="A student's name or file, or a run's folder. May be given several times.",
            show_default="the shipped one",
        ),
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(help="Score this teacher itself, not a student.")
    ] = None,
    against: Annotated[
        str, typer.Option(help="Whose labels the error is measured against.")
    ] = "phonetic",
    split: Annotated[
        list[str] | None,
        typer.Option(help="Which held-out speech.", show_default="all test sets of the corpus"),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="At most so much of each; always the same speech.", show_default="all"),
    ] = None,
    smooth: Annotated[
        bool, typer.Option("--smooth", help="The mean of three frames, eq. 8 of the paper.")
    ] = False,
    workers: options.Workers = None,
    card: Annotated[
        Path | None, typer.Option(help="A model card whose results section to rewrite.")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(help="A page whose results section to rewrite, in short.")
    ] = None,
) -> None:
    """Score a student, or a teacher, on held-out speech, by speaker."""
    from rich.console import Console

    from marotte.learn.data.store import Store
    from marotte.learn.measure import card as pages
    from marotte.learn.measure import evaluate as scoring
    from marotte.learn.measure import predictors as who_is
    from marotte.learn.processes import process_pool

    store = Store.open(corpus)
    students = [] if teacher else _opened(student or [None], smooth)
    if card and len(students) > 1:
        raise MarotteError(f"a card is of one student, got {len(students)}: give --card for each")
    faces = {name: face for name, face, _ in students}
    if teacher or card or summary:  # a page shows the student beside who taught it
        faces["teacher"] = who_is.open_predictor(store, teacher or against)
    console = Console()
    tables: dict[str, list[Score]] = {}
    with process_pool(workers or os.cpu_count() or 1) as pool:
        for name in split or scoring.held_out_splits(store) or ["test_clean"]:
            tables[name] = []
            for who, face in faces.items():
                with progress() as bars:
                    told = bar(bars, name)
                    rows = scoring.evaluate(
                        face, store, name, who, against, told, minutes=minutes, pool=pool
                    )
                tables[name] += rows if len(tables[name]) == 0 else rows[-1:]
            console.print(_score_table(name, tables[name]))
    if teacher:
        return
    lines: list[str] = []
    for name, face, source in students:
        whose = f"{name}: " if len(students) > 1 else ""
        lines += [whose + line for line in _about(face, source)]
    for line in lines:
        typer.echo(line)
    if card:
        pages.replace_section(card, pages.card_results(tables, lines))
    if summary:
        pages.replace_section(summary, pages.readme_results(tables, lines))


def _opened(sources: Sequence[str | None], smooth: bool) -> list[tuple[str, Predictor, str | None]]:
    """Students by name, with their faces and where they are from."""
    from marotte.learn.measure.predictors import open_student

    students = [(*open_student(source, smooth), source) for source in sources]
    names = [name for name, _, _ in students]
    if len(set(names)) < len(names):
        raise MarotteError(f"students need names of their own, got {', '.join(names)}")
    return students


def _about(face: Predictor, source: str | None) -> list[str]:
    """What a student costs and whether its mouth stays shut, a line each."""
    from marotte.learn.measure.card import nonspeech_line, student_cost_lines
    from marotte.learn.measure.nonspeech import open_shares_by_sound

    with progress() as bars:
        shares = open_shares_by_sound(face, bar(bars, "non-speech sounds"))
    return [*student_cost_lines(source), nonspeech_line(shares)]


def _score_table(split: str, scores: list[Score]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    from marotte.learn.measure.card import SHORT_COLUMNS, short_score_cells

    who, *figures = SHORT_COLUMNS
    columns = [Column(who, no_wrap=True), *(Column(each, justify="right") for each in figures)]
    table = Table(*columns, title=split, box=SIMPLE_HEAD, padding=0, pad_edge=False)
    for score in scores:
        table.add_row(*short_score_cells(score))
    return table


def need_torch() -> None:
    """Refuse to begin without what trains and runs networks.

    Raises:
        MarotteError: the extra `train` is missing.
    """
    from importlib.util import find_spec

    for package in ("torch", "lightning_fabric"):
        if find_spec(package) is None:
            raise missing_extra(package, "train")

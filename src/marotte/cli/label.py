"""`marotte label`: a corpus and a teacher in; labels, frame by frame, written into the corpus."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from marotte.cli import completion, options
from marotte.cli.progress_bars import progress_bars
from marotte.errors import MarotteError

if TYPE_CHECKING:
    from marotte.learn.jobs.label import LabelJob, LabelPlan, LabelTotals

EXAMPLES = (
    "marotte label CORPUS",
    "marotte label CORPUS --teacher voice2face --only untranscribed",
    "marotte label CORPUS --teacher imported --curves FOLDER",
)
FAILURES_SHOWN = 5  # of perhaps thousands
CLUSTER = "Ray cluster"


def label(
    corpus: Annotated[
        str,
        typer.Argument(
            metavar="CORPUS", help="The corpus folder, as printed by `marotte corpus build`."
        ),
    ],
    teacher: Annotated[
        str, typer.Option(help="The teacher.", autocompletion=completion.teachers)
    ] = "phonetic",
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Label only a part of the speech: 'untranscribed' (without phones), or "
            "source=NAME,NAME, speaker=, language= or split=. May be given several times; then "
            "all conditions must hold.",
            show_default="all speech",
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Replace labels by other versions of the teacher, and retry what was left out.",
        ),
    ] = False,
    curves: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder of curves, which the teacher 'imported' reads. May be given several "
            "times.",
            show_default=False,
        ),
    ] = None,
    workers: options.Workers = None,
    ray: Annotated[
        str | None,
        typer.Option(
            help="Label on a Ray cluster: its address, 'auto' for the cluster that this machine "
            "belongs to, or 'local' for a new one on this machine.",
            show_default="this machine, without Ray",
            rich_help_panel=CLUSTER,
        ),
    ] = None,
    gpus: Annotated[
        float,
        typer.Option(
            min=0, help="GPUs of the Ray cluster per worker process.", rich_help_panel=CLUSTER
        ),
    ] = 0.0,
) -> None:
    """Label a corpus with a teacher.

    Existing labels are kept, so an interrupted command can be run again.
    """
    from marotte.learn.data.filters import Filter
    from marotte.learn.jobs.label import LabelJob, LabelTotals, plan_labels
    from marotte.learn.jobs.label import label as label_parts
    from marotte.learn.jobs.on_cluster import label_on_cluster
    from marotte.learn.jobs.ray_cluster import Cluster

    job = LabelJob(corpus, teacher, tuple(curves or ()), Filter.parse(only or ()), again)
    plan = plan_labels(job)
    totals = LabelTotals(failed=list(plan.failed))
    with progress_bars() as bars:
        task = bars.add_task("labelling", total=plan.seconds)
        start_s = time.perf_counter()
        if ray:
            results = label_on_cluster(Cluster(ray, workers, gpus), job, plan)
        else:
            results = label_parts(job, plan, workers or os.cpu_count() or 1)
        for result in results:
            totals.add(result, time.perf_counter() - start_s)
            description = f"{totals.seconds / 60:.0f} of {plan.seconds / 60:.0f} min"
            description += f" of speech, {totals.speed:.0f} × real time"
            bars.update(task, completed=totals.seconds, description=description)
    print_totals(job, plan, totals)


def print_totals(job: LabelJob, plan: LabelPlan, totals: LabelTotals) -> None:
    """Print what was labelled and what was left out.

    Raises:
        MarotteError: some of it could not be labelled.
    """
    for reason, count in totals.left_out.most_common():
        typer.echo(f"{count} left out: {reason}")
    typer.echo(
        f"{job.teacher} labelled {totals.parts} parts of {job.folder} ({totals.labelled} "
        f"utterances, {totals.seconds / 60:.1f} min of speech, {totals.speed:.0f} × real time); "
        f"{plan.n_parts} in all"
    )
    if totals.failed:
        raise MarotteError(
            f"{len(totals.failed)} could not be labelled; the same command will try them again: "
            + "; ".join(totals.failed[:FAILURES_SHOWN])
            + ("; ..." if totals.failed[FAILURES_SHOWN:] else "")
        )

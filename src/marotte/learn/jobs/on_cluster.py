"""Building and labelling on a Ray cluster: a plan in, each part's result out.

Only the names of parts and their results pass through Ray. Workers read and write the corpus
themselves, in a folder that all machines share; labels may also be at a URL.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from marotte.errors import MarotteError
from marotte.learn.corpora.build import BuildPlan, BuiltPart, PartToBuild, make_part, prepare_folder
from marotte.learn.data.storage import is_url
from marotte.learn.errors import reason_of
from marotte.learn.jobs.label import (
    LabelJob,
    LabelledPart,
    LabelPlan,
    cached_teacher,
    label_part,
    removing_leftovers,
)
from marotte.learn.jobs.ray_cluster import Cluster, killed, map_on_cluster
from marotte.version import __version__


def build_on_cluster(cluster: Cluster, plan: BuildPlan, folder: Path) -> Iterator[BuiltPart]:
    """Make the missing parts of a plan on a cluster; yield each part's result.

    What the sources read must be installed on all machines.

    Args:
        cluster: the cluster and the resources to use.
        plan: from `plan_build` for the same folder.
        folder: the corpus folder, which all machines must reach.

    Raises:
        MarotteError: the folder can't be created, a part could not be made, or see
            `map_on_cluster`.
    """
    folder = folder.absolute()
    prepare_folder(plan, folder)
    parts = [replace(part, folder=folder) for part in plan.missing]
    for part, text in map_on_cluster(cluster, functools.partial(_built, __version__), parts):
        result: dict[str, Any] = {"error": killed(part.name)} if text is None else json.loads(text)
        if "error" in result:
            raise MarotteError(f"{result['error']} (run the same command again to go on)")
        yield BuiltPart(**result)


def _built(version: str, part: PartToBuild) -> str:
    """Make a part; return its `BuiltPart`, or the error, as JSON."""
    try:
        _check_version("Marotte", __version__, version)
        return json.dumps(asdict(make_part(part)))
    except Exception as error:  # Ray would lose its text
        return json.dumps({"error": f"{part.name}: {reason_of(error)}"})


def label_on_cluster(cluster: Cluster, job: LabelJob, plan: LabelPlan) -> Iterator[LabelledPart]:
    """Label the parts of a plan on a cluster; yield each part's result.

    Raises:
        MarotteError: see `map_on_cluster`.
    """
    folder = job.folder if is_url(job.folder) else Path(job.folder).absolute()
    job = replace(job, folder=folder, curves=tuple(map(Path.absolute, job.curves)))
    function = functools.partial(_labelled, job, cached_teacher(job).version)
    with removing_leftovers(job):
        for part, text in map_on_cluster(cluster, function, plan.parts):
            if text is None:
                yield _failed(part, killed(part))
                continue
            values = json.loads(text)
            counts = {"left_out": Counter(values["left_out"]), "failed": tuple(values["failed"])}
            yield LabelledPart(**values | counts)


def _labelled(job: LabelJob, version: str, part: str) -> str:
    """Label a part, with one teacher per process; return its `LabelledPart` as JSON."""
    try:
        _check_version("the teacher", cached_teacher(job).version, version)
        result = label_part(job, part)
    except MarotteError as error:
        result = _failed(part, f"{part}: {error}")
    return json.dumps(asdict(result))


def _check_version(what: str, here: str, there: str) -> None:
    if here != there:
        raise MarotteError(
            f"a worker has version {here} of {what}, but the run was started with version "
            f"{there}: install the same Marotte on all machines"
        )


def _failed(part: str, reason: str) -> LabelledPart:
    return LabelledPart(part, 0, 0.0, Counter(), (reason,))

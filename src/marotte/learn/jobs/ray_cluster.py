"""Labelling on a Ray cluster: parts in, labels beside them, one teacher in each worker.

What travels through Ray are names of parts and what came of them. Workers read and write the corpus
themselves, at a URL or in a folder that all machines see.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from marotte.errors import MarotteError, missing_extra
from marotte.learn.data.storage import is_url
from marotte.learn.jobs.label import (
    LabelJob,
    LabelledPart,
    LabelPlan,
    cached_teacher,
    label_part,
    removing_leftovers,
)

LOCAL, AUTO = "local", "auto"
TRIES = 3  # more, of a part whose worker is ended from outside: it may be what ends it
ANSWER_S = 10.0  # within which a cluster has to take a connection
STORE_BYTES = 100_000_000  # of a local cluster's object store, which holds names only


@dataclass(frozen=True)
class Cluster:
    """Where to run, and on how much of it.

    Attributes:
        address: `HOST:PORT` or `ray://...` of a running cluster; `auto` for the one that this
            machine belongs to; `local` for one that lasts as long as the run.
        workers: how many processes; one a CPU of the cluster if None.
        gpus: how many GPUs each of them gets; shares are allowed.
    """

    address: str
    workers: int | None = None
    gpus: float = 0.0


def label_on_cluster(cluster: Cluster, job: LabelJob, plan: LabelPlan) -> Iterator[LabelledPart]:
    """Label the parts of a plan on a cluster; gives what came of each.

    A part whose worker is killed is given to another.

    Raises:
        MarotteError: Ray is not installed, or there is no such cluster, or it fails.
    """
    job = replace(job, folder=_absolute(job.folder), curves=tuple(map(Path.absolute, job.curves)))
    with removing_leftovers(job), _connected(cluster) as ray:
        results = _results(ray, cluster, job, plan)
        unheard = set(plan.parts)
        for row in results.iter_rows():
            done = json.loads(row["done"])
            unheard.discard(done["part"])
            counts = {"left_out": Counter(done["left_out"]), "failed": tuple(done["failed"])}
            yield LabelledPart(**done | counts)
        for part in sorted(unheard):
            reason = f"{part}: its worker was ended {1 + TRIES} times, perhaps for want of memory"
            yield LabelledPart(part, 0, 0.0, Counter(), (reason,))


def _results(ray: Any, cluster: Cluster, job: LabelJob, plan: LabelPlan) -> Any:
    """The data set of what comes of each part; it is made when it is iterated."""
    parts = ray.data.from_items(
        [{"part": part} for part in plan.parts], override_num_blocks=len(plan.parts)
    )
    workers = cluster.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    with warnings.catch_warnings():
        # Without a limit of tries a part that ends its worker would do so for ever. Ray 2.64 takes
        # this parameter away, and no other has replaced it yet.
        warnings.filterwarnings("ignore", ".*ray_remote_args.*")
        return parts.map_batches(
            _Worker,
            fn_constructor_args=(job, cached_teacher(job).version),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
            num_gpus=cluster.gpus or None,
            max_task_retries=TRIES,
        )


class _Worker:
    """Lives in one process of the cluster, where the teacher is opened once."""

    def __init__(self, job: LabelJob, version: str) -> None:
        self.job, self.version = job, version

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Label a batch {"part": names [n]}; gives {"done": `LabelledPart` as JSON [n]}."""
        results = [json.dumps(asdict(self._label(str(part)))) for part in batch["part"]]
        return {"done": np.array(results)}

    def _label(self, part: str) -> LabelledPart:
        try:
            version = cached_teacher(self.job).version
            if version != self.version:
                raise MarotteError(
                    f"a worker has version {version} of the teacher, the run was started with "
                    f"version {self.version}: install the same Marotte on all machines"
                )
            return label_part(self.job, part)
        except MarotteError as error:
            return LabelledPart(part, 0, 0.0, Counter(), (f"{part}: {error}",))


@contextmanager
def _connected(cluster: Cluster) -> Iterator[Any]:
    """The module ray, connected; whatever it says beside errors is kept off the terminal."""
    local = cluster.address == LOCAL
    _check_reachable(cluster.address)
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
    if local:  # or every port of it would listen to the network; read when ray is imported
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray
        import ray.data
        from ray.exceptions import RayError
    except ImportError as error:
        raise missing_extra("ray[data]", "cluster") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    how: dict[str, Any] = {"address": cluster.address, "logging_level": logging.ERROR}
    if local:
        how |= {"num_cpus": cluster.workers, "include_dashboard": False}
        how |= {"_node_ip_address": "127.0.0.1", "object_store_memory": STORE_BYTES}
    try:
        ray.init(log_to_driver=False, **how)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.max_errored_blocks = -1  # a part that can't be done ends no other
        yield ray
    except (RayError, ConnectionError, ValueError) as error:
        raise MarotteError(
            f"the Ray cluster {cluster.address!r} can't be reached or failed ({error}): start one "
            f"by `ray start --head`, or give --ray {LOCAL} for one that lasts as long as the run"
        ) from error
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Refuse a HOST:PORT that does not answer, to which Ray would go on to knock for minutes."""
    if address == AUTO:
        address = os.environ.get("RAY_ADDRESS", address)
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=ANSWER_S).close()
    except OSError as error:
        raise MarotteError(
            f"the Ray cluster at {address} does not answer ({error}): start one by "
            f"`ray start --head`, or give --ray {LOCAL} for one that lasts as long as the run"
        ) from error


def _absolute(folder: Path | str) -> Path | str:
    return folder if is_url(folder) else Path(folder).absolute()

"""Labelling on a Ray cluster: a plan in, each part's result out, with one teacher per worker.

Only the names of parts and their results pass through Ray. Workers read and write the corpus
themselves, at a URL or in a folder that all machines share.
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
MAX_RETRIES = 3  # of a part whose worker was killed; the part itself may be the cause
CONNECT_TIMEOUT_S = 10.0
OBJECT_STORE_BYTES = 100_000_000  # of a local cluster's object store, which holds names only


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster and the resources to use.

    Attributes:
        address: `HOST:PORT` or `ray://...` of a running cluster; `auto` for the cluster that this
            machine belongs to; `local` for a cluster that exists only during the run.
        workers: number of processes; one per CPU of the cluster if None.
        gpus: GPUs per process; fractions are allowed.
    """

    address: str
    workers: int | None = None
    gpus: float = 0.0


def label_on_cluster(cluster: Cluster, job: LabelJob, plan: LabelPlan) -> Iterator[LabelledPart]:
    """Label the parts of a plan on a cluster; yield each part's result.

    A part whose worker is killed is given to another worker.

    Raises:
        MarotteError: Ray is not installed, or the cluster can't be reached or fails.
    """
    job = replace(job, folder=_absolute(job.folder), curves=tuple(map(Path.absolute, job.curves)))
    with removing_leftovers(job), _connected(cluster) as ray:
        results = _results(ray, cluster, job, plan)
        missing = set(plan.parts)
        for row in results.iter_rows():
            values = json.loads(row["result"])
            missing.discard(values["part"])
            counts = {"left_out": Counter(values["left_out"]), "failed": tuple(values["failed"])}
            yield LabelledPart(**values | counts)
        for part in sorted(missing):
            reason = f"{part}: its worker was killed {1 + MAX_RETRIES} times; is memory too small?"
            yield LabelledPart(part, 0, 0.0, Counter(), (reason,))


def _results(ray: Any, cluster: Cluster, job: LabelJob, plan: LabelPlan) -> Any:
    """Return the data set of the parts' results; Ray computes it when it is iterated."""
    parts = ray.data.from_items(
        [{"part": part} for part in plan.parts], override_num_blocks=len(plan.parts)
    )
    workers = cluster.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    with warnings.catch_warnings():
        # Without a limit, a part that kills its worker would be retried forever. Ray 2.64 removes
        # this parameter without a replacement.
        warnings.filterwarnings("ignore", ".*ray_remote_args.*")
        return parts.map_batches(
            _Worker,
            fn_constructor_args=(job, cached_teacher(job).version),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
            num_gpus=cluster.gpus or None,
            max_task_retries=MAX_RETRIES,
        )


class _Worker:
    """Labels parts in one process of the cluster, where the teacher is opened once."""

    def __init__(self, job: LabelJob, version: str) -> None:
        self.job, self.version = job, version

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Label a batch {"part": names [n]}; return {"result": `LabelledPart` as JSON [n]}."""
        results = [json.dumps(asdict(self._label(str(part)))) for part in batch["part"]]
        return {"result": np.array(results)}

    def _label(self, part: str) -> LabelledPart:
        try:
            version = cached_teacher(self.job).version
            if version != self.version:
                raise MarotteError(
                    f"a worker has version {version} of the teacher, but the run was started with "
                    f"version {self.version}: install the same Marotte on all machines"
                )
            return label_part(self.job, part)
        except MarotteError as error:
            return LabelledPart(part, 0, 0.0, Counter(), (f"{part}: {error}",))


@contextmanager
def _connected(cluster: Cluster) -> Iterator[Any]:
    """Connect to the cluster and give the module ray; only its errors reach the terminal."""
    local = cluster.address == LOCAL
    _check_reachable(cluster.address)
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would send usage statistics
    if local:  # keeps Ray's ports off the network; Ray reads this when it is imported
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray
        import ray.data
        from ray.exceptions import RayError
    except ImportError as error:
        raise missing_extra("ray[data]", "cluster") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    options: dict[str, Any] = {"address": cluster.address, "logging_level": logging.ERROR}
    if local:
        options |= {"num_cpus": cluster.workers, "include_dashboard": False}
        options |= {"_node_ip_address": "127.0.0.1", "object_store_memory": OBJECT_STORE_BYTES}
    try:
        ray.init(log_to_driver=False, **options)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.max_errored_blocks = -1  # a part that fails must not stop the others
        yield ray
    except (RayError, ConnectionError, ValueError) as error:
        raise MarotteError(
            f"the Ray cluster {cluster.address!r} can't be reached or failed ({error}): start one "
            f"with `ray start --head`, or give --ray {LOCAL} for a temporary one"
        ) from error
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raise if a HOST:PORT does not answer; Ray itself would try for minutes."""
    if address == AUTO:
        address = os.environ.get("RAY_ADDRESS", address)
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise MarotteError(
            f"the Ray cluster at {address} does not answer ({error}): start one with "
            f"`ray start --head`, or give --ray {LOCAL} for a temporary one"
        ) from error


def _absolute(folder: Path | str) -> Path | str:
    return folder if is_url(folder) else Path(folder).absolute()

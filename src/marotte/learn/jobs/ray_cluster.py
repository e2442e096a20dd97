"""A function applied to many inputs on a Ray cluster: inputs in, texts out."""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from marotte.errors import MarotteError, missing_extra

LOCAL, AUTO = "local", "auto"
MAX_RETRIES = 3  # of an input whose worker was killed; the input itself may be the cause
CONNECT_TIMEOUT_S = 10.0
OBJECT_STORE_BYTES = 100_000_000  # of a local cluster's object store, which holds names only

Input = TypeVar("Input")


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


def map_on_cluster(
    cluster: Cluster, function: Callable[[Input], str], inputs: Sequence[Input]
) -> Iterator[tuple[Input, str | None]]:
    """Apply a function to each input on a cluster; yield inputs with their results, as they come.

    An input whose worker is killed is given to another worker; its result is None if that happens
    four times. The function should not raise.

    Args:
        cluster: the cluster and the resources to use.
        function: a function that can be pickled. It runs in a process with one CPU.
        inputs: values that can be pickled.

    Raises:
        MarotteError: Ray is not installed, or the cluster can't be reached or fails.
    """
    with _connected(cluster) as ray:
        missing = set(range(len(inputs)))
        for row in _results(ray, cluster, function, list(inputs)).iter_rows():
            missing.discard(int(row["index"]))
            yield inputs[int(row["index"])], str(row["result"])
        for index in sorted(missing):
            yield inputs[index], None


def killed(name: str) -> str:
    """Return why an input without a result failed.

    Example:
        >>> from marotte.learn.jobs.ray_cluster import killed
        >>> killed("queen-00003")
        'queen-00003: its worker was killed 4 times; is memory too small?'
    """
    return f"{name}: its worker was killed {1 + MAX_RETRIES} times; is memory too small?"


def _results(
    ray: Any, cluster: Cluster, function: Callable[[Input], str], inputs: list[Input]
) -> Any:
    """Return the data set of the results; Ray computes it when it is iterated."""
    numbers = ray.data.from_items(
        [{"index": index} for index in range(len(inputs))], override_num_blocks=max(1, len(inputs))
    )
    workers = cluster.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    with warnings.catch_warnings():
        # Without a limit, an input that kills its worker would be retried forever. Ray 2.64
        # removes this parameter without a replacement.
        warnings.filterwarnings("ignore", ".*ray_remote_args.*")
        return numbers.map_batches(
            _Worker,
            fn_constructor_args=(function, inputs),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
            num_gpus=cluster.gpus or None,
            max_task_retries=MAX_RETRIES,
        )


class _Worker:
    """Applies the function in one process of the cluster."""

    def __init__(self, function: Callable[[Any], str], inputs: list[Any]) -> None:
        self.function, self.inputs = function, inputs

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return {"index": as given [n], "result": texts [n]} for a batch {"index": [n]}."""
        results = [self.function(self.inputs[int(index)]) for index in batch["index"]]
        return {"index": batch["index"], "result": np.array(results)}


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

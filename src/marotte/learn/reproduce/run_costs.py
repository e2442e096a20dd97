"""Costs of a trained run: its checkpoint in; parameters, memory and time of the student out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from marotte.learn.export.cost import (
    cost_of,
    milliseconds_per_frame,
    process_memory_mib,
    streamed_macs,
)
from marotte.learn.reproduce.result_cache import read_cached, write_cached
from marotte.learn.reproduce.results import Costs
from marotte.learn.reproduce.rows import Row
from marotte.model.smoothing import EQUATION_8


def run_costs(
    row: Row, seed: int, folder: Path, open_shares: Mapping[str, float], key: dict[str, Any]
) -> Costs:
    """Return the costs of a run's student; those of the network are measured once and cached.

    Args:
        row: the table's row; its smoothing adds to the look-ahead.
        seed: the run's seed.
        folder: the run's folder.
        open_shares: see `nonspeech.open_shares`.
        key: see `result_cache.cache_key`.
    """
    path = folder / "costs.json"
    network_costs = read_cached(path, key)
    if network_costs is None:
        network_costs = _measure_network(folder)
        write_cached(path, key, network_costs)
    network_costs["lookahead_ms"] += EQUATION_8.delay_ms if row.smooth else 0
    return Costs(
        row=row.label,
        seed=seed,
        open_silence=open_shares["silence"],
        open_noise=_mean(open_shares[name] for name in ("white noise", "brown noise", "hum")),
        open_tones=_mean(share for name, share in open_shares.items() if "sine" in name),
        open_music=open_shares["music"],
        open_clicks=open_shares["clicks"],
        **network_costs,
    )


def _measure_network(folder: Path) -> dict[str, Any]:
    """Measure a run's exported network; that of a mesh includes the decoder to its vertices."""
    from marotte.learn.data.mesh_pca import mesh_of
    from marotte.learn.export.onnx import export
    from marotte.learn.train.checkpoint import CHECKPOINT_FILE, load_net
    from marotte.model.session import load_student

    net, state = load_net(folder / CHECKPOINT_FILE)
    mesh = mesh_of(folder)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "student.onnx"
        export(net, path, name=state["recipe"]["name"], mesh=mesh)
        cost, streamed = cost_of(path), streamed_macs(path)
        if mesh and streamed is not None:  # a stream decodes each frame
            streamed += mesh.components.size
        return {
            **asdict(cost),
            "streamed_macs": -1 if streamed is None else streamed,
            "peak_memory_mib": process_memory_mib(path),
            "ms_a_frame": milliseconds_per_frame(path),
            "lookahead_ms": load_student(path, rig=None).delay_ms,
        }


def _mean(values: Iterable[float]) -> float:
    each = list(values)
    return sum(each) / len(each)

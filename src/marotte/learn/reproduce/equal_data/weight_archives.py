"""Trained weights in files of limited size: runs in, archives out, and runs again.

Matrices are stored in 16 bits, norms and biases as they are. Optimizer state is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from marotte.errors import MarotteError
from marotte.learn.models.factory import build_network
from marotte.learn.models.student import StudentConfig
from marotte.learn.train.checkpoint import (
    CHECKPOINT_FILE,
    damage_refused,
    read_checkpoint,
    read_tensors,
    save_tensors,
)
from marotte.names import check_name

STORED_KEYS = ("recipe", "rig", "names", "progress")  # of a checkpoint
LIMIT_BYTES = 15 * 2**20
OVERHEAD_BYTES = 20_000  # of a run, besides its weights


def write_archives(runs: Sequence[Path], folder: Path, limit: int = LIMIT_BYTES) -> list[Path]:
    """Write the weights of runs into as few files as possible, the largest run first.

    Raises:
        MarotteError: a run is larger than the limit of a file, in bytes.
    """
    packed = {run.name: _pack(run / CHECKPOINT_FILE) for run in runs}
    sizes = {name: _size_bytes(run) for name, run in packed.items()}
    archives: list[dict[str, Any]] = []
    used: list[int] = []
    for name in sorted(packed, key=lambda each: -sizes[each]):
        if sizes[name] > limit:
            raise MarotteError(
                f"the weights of {name} need {sizes[name]} bytes, but a file may have {limit}"
            )
        index = next((i for i, n in enumerate(used) if n + sizes[name] <= limit), len(used))
        if index == len(used):
            archives.append({})
            used.append(0)
        archives[index][name] = packed[name]
        used[index] += sizes[name]
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"weights-{index}.pt" for index in range(len(archives))]
    for path, archive in zip(paths, archives, strict=True):
        save_tensors(path, archive)
    return paths


def read_archives(paths: Sequence[Path], runs: Path) -> list[Path]:
    """Write runs from archives and return their folders: checkpoints without an optimizer."""
    folders: list[Path] = []
    for path in paths:
        for name, run in _read_archive(path).items():
            with damage_refused(path):
                weights = {key: _to_32_bits(value) for key, value in run["net"].items()}
                config = StudentConfig(names=tuple(run["names"]), **run["recipe"]["student"])
                build_network(config).load_state_dict(weights)  # raises if they do not fit
            target = runs / check_name(name, f"a run in {path}") / CHECKPOINT_FILE
            target.parent.mkdir(parents=True, exist_ok=True)
            save_tensors(target, {**run, "net": weights, "training": weights})
            folders.append(target.parent)
    return folders


def _read_archive(path: Path) -> dict[str, Any]:
    with damage_refused(path):
        return dict(read_tensors(path))


def _pack(path: Path) -> dict[str, Any]:
    stored = read_checkpoint(path)
    net: dict[str, Tensor] = stored["net"]
    small = {key: value.half() if value.dim() > 1 else value for key, value in net.items()}
    on_cpu = {key: value.cpu().clone() for key, value in small.items()}
    return {**{key: stored[key] for key in STORED_KEYS}, "net": on_cpu}


def _size_bytes(run: dict[str, Any]) -> int:
    weights = run["net"].values()
    return OVERHEAD_BYTES + sum(each.numel() * each.element_size() for each in weights)


def _to_32_bits(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value

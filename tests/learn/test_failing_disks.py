"""Every writer of the learning path on a disk that fails: one sentence, and no half file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from faults import DISKS, REASONS, files_in
from label_files import write_labels
from synthetic import make_voice

from marotte.errors import MarotteError
from marotte.face.mesh import Mesh
from marotte.learn.corpora.build import BuildPlan, prepare_folder
from marotte.learn.data.csv_io import write_csv
from marotte.learn.data.store import ManifestRow, Store
from marotte.learn.train.checkpoint import save_tensors
from marotte.learn.utterance import Phone, Utterance


def _speech(n: int) -> list[Utterance]:
    sound, phones = make_voice(0.2, 16_000), (Phone("m", 0.05, 0.1),)
    return [
        Utterance(f"a/b/{k}", "a", "b", "en", "MIT", "", sound, 16_000, phones) for k in range(n)
    ]


def _part(folder: Path) -> None:
    Store(folder).write_part("a-00000", _speech(3))


def _labels(folder: Path) -> None:
    curves = {f"a/b/{k}": np.random.default_rng(k).random((600, 3)) for k in range(3)}
    write_labels(Store(folder), "t", "a-00000", curves, 60, ["x", "y", "z"], {"version": "1"})


def _origin(folder: Path) -> None:
    prepare_folder(BuildPlan((), 0, {"sources": {"a": {"options": ["x" * 500]}}}), folder)


def _mesh(folder: Path) -> None:
    components = np.eye(2, 300, dtype=np.float32)
    mesh = Mesh("two", np.zeros(300, np.float32), components, 30.0, 0.9, 1.0, (0, 1), (0, 1, 2))
    mesh.save(folder / "mesh.npz")


def _table(folder: Path) -> None:
    row = ManifestRow("train", "a", "en", "b", 3, 0.1)
    write_csv(folder / "rows.csv", [row] * 50, ManifestRow)


def _checkpoint(folder: Path) -> None:
    save_tensors(folder / "checkpoint.pt", {"net": torch.zeros(1000)})


WRITERS = (_part, _labels, _origin, _mesh, _table, _checkpoint)


@pytest.mark.parametrize("disk", DISKS)
@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__.strip("_"))
def test_a_failing_disk_leaves_no_half_file(
    tmp_path: Path, write: Callable[[Path], None], disk: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with DISKS[disk](), pytest.raises(MarotteError, match=REASONS) as raised:
        write(folder)
    assert "\n" not in str(raised.value)
    assert files_in(folder) == {}


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__.strip("_"))
def test_a_full_disk_keeps_the_old_files(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path)
    before = files_in(tmp_path)
    with DISKS["full"](), pytest.raises(MarotteError):
        write(tmp_path)
    assert files_in(tmp_path) == before

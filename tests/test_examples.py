"""The notebook in examples/ runs from top to bottom, and its outputs are not committed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "examples" / "animate.ipynb"


def code_cells() -> list[dict[str, Any]]:
    """Return the code cells of the notebook, in order."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_notebook_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    plt = pytest.importorskip("matplotlib.pyplot")
    (tmp_path / "samples").mkdir()
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "samples" / "hello.wav", tmp_path / "samples")
    monkeypatch.chdir(tmp_path / "examples")
    names: dict[str, Any] = {}
    for cell in code_cells():
        exec(compile("".join(cell["source"]), str(NOTEBOOK), "exec"), names)
    assert "7.8 s, 471 frames, 52 controls" in capsys.readouterr().out
    assert len(plt.get_fignums()) == 2
    plt.close("all")
    assert {path.name for path in Path.cwd().iterdir()} == {"hello.csv", "hello.html"}


def test_notebook_is_committed_without_outputs() -> None:
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code_cells())

"""The examples run, and the outputs of the notebook are not committed."""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import marotte

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


def test_talking_agent_paces_pauses_and_can_be_interrupted() -> None:
    module = runpy.run_path(str(ROOT / "examples" / "talking_agent.py"))
    now_s = [0.0]
    rate = 16_000
    face = module["TalkingFace"](marotte.load("live"), rate, clock=lambda: now_s[0])
    sound = marotte.open_recording(ROOT / "samples" / "hello.wav").read()[: 3 * rate]
    jaw = face.stream.rig.index["jawOpen"]
    heard, opened = [], []
    for picture in range(180):
        now_s[0] = (picture + 1) / 60
        if picture in (30, 31):  # two bursts of 1.5 s after a pause
            face.speak(sound[(picture - 30) * 24_000 :][:24_000])
            left_s = face.flush()
        if picture == 120:
            face.interrupt()
        samples, frames = face.advance()
        heard.append(samples)
        opened += [(frame.time_s, float(frame.controls[jaw])) for frame in frames]
    assert left_s == pytest.approx(3.0, abs=0.15)
    played, times = np.concatenate(heard), np.array(opened)
    start = 30 * rate // 60 + round(rate * face.stream.delay_ms / 1000)  # in step with the frames
    stop = 120 * rate // 60
    np.testing.assert_allclose(played[start:stop], sound[: stop - start], atol=1e-6)
    assert not played[stop:].any()
    assert times[(times[:, 0] > 0.6) & (times[:, 0] < 1.9), 1].max() > 0.1
    assert times[times[:, 0] > 2.3, 1].max() < 0.03
    assert np.diff(times[:, 0]) == pytest.approx(1 / 60)  # it moves on in pauses

"""The four plug-ins of CONTRIBUTING.md are installed and used as the page describes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from synthetic import make_voice

from marotte.learn.data.store import Store

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports]

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w/]+\.\w+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^(marotte .*)$", PAGE, re.MULTILINE)
MODULES = [name for name in FILES if name.endswith(".py")]
MAX_LINES = 40


def install(folder: Path) -> None:
    """Write the package of the examples in the layout of an installed package."""
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    metadata = folder / "marotte_extras-0.1.dist-info"
    metadata.mkdir()
    name = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (metadata / "METADATA").write_text(name, encoding="utf-8")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "marotte_extras").mkdir()
    for module in ("marotte_extras/__init__.py", *MODULES):
        (folder / module).write_text(FILES.get(module, ""), encoding="utf-8")


def write_common_voice(folder: Path) -> None:
    """Write two clips and their list in the layout of Mozilla Common Voice."""
    (folder / "clips").mkdir(parents=True)
    rows = ["client_id\tpath\tsentence\tlocale"]
    for clip in ("one.wav", "two.wav"):
        soundfile.write(folder / "clips" / clip, make_voice(1.5), 24_000)
        rows.append(f"anna\t{clip}\tHello.\ten")
    (folder / "validated.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Run the commands of the page; return their folder, and the output of each command."""
    folder, packages = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("packages")
    install(packages)
    (folder / "samples").mkdir()
    shutil.copy(ROOT / "samples" / "hello.wav", folder / "samples")
    (folder / "voices.toml").write_text(FILES["voices.toml"], encoding="utf-8")
    write_common_voice(folder / "cv-corpus" / "en")
    environment = {**os.environ, "PYTHONPATH": str(packages), "PYTHONUTF8": "1", "COLUMNS": "100"}
    outputs = {}
    for command in COMMANDS:
        result = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)],
            cwd=folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
        outputs[" ".join(shlex.split(command)[1:3])] = result.stdout
    return folder, outputs


@pytest.mark.parametrize("module", MODULES)
def test_example_is_short(module: str) -> None:
    assert len(FILES[module].splitlines()) < MAX_LINES


def test_every_kind_of_plug_in_has_an_example() -> None:
    groups = tomllib.loads(FILES["pyproject.toml"])["project"]["entry-points"]
    assert {group.removeprefix("marotte.") for group in groups} == {
        "formats", "outputs", "corpora", "teachers"
    }  # fmt: skip


def test_format_is_written(outputs: tuple[Path, dict[str, str]]) -> None:
    header, *rows = (outputs[0] / "hello.tsv").read_text(encoding="utf-8").splitlines()
    assert header.split("\t")[0] == "time_s"
    assert "jawOpen" in header
    assert len(rows) == 471
    assert {len(row.split("\t")) for row in rows} == {53}


def test_output_gets_every_frame(outputs: tuple[Path, dict[str, str]]) -> None:
    lines = outputs[1]["live --input"].splitlines()
    assert len(lines) == 471
    assert max(line.count("#") for line in lines) > 5


def test_source_is_built(outputs: tuple[Path, dict[str, str]]) -> None:
    rows = Store.open(outputs[0] / "corpus").manifest()
    assert {(row.source, row.speaker) for row in rows} == {("commonvoice", "anna")}
    assert sum(row.utterances for row in rows) == 2
    assert "commonvoice" in outputs[1]["corpus show"]


def test_teacher_labels(outputs: tuple[Path, dict[str, str]]) -> None:
    store = Store.open(outputs[0] / "corpus")
    [part] = store.parts()
    labels = store.labels("loudness", part)
    assert [curves.shape for curves in labels.curves.values()] == [(90, 52)] * 2
    jaw = labels.curves["commonvoice/anna/one.wav"][:, labels.names.index("jawOpen")]
    assert jaw.max() > 0.1

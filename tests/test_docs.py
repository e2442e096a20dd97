"""What README and docs say is so: links lead somewhere, commands and options exist, code runs."""

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer

from marotte.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


def commands():
    """Every `marotte ...` in a shell block of a page."""
    for page in PAGES:
        for block in SHELL.findall(page.read_text(encoding="utf-8")):
            for line in block.splitlines():
                for part in line.split("&&"):
                    words = shlex.split(part, comments=True)
                    if words[:1] == ["marotte"]:
                        yield pytest.param(words[1:], id=f"{page.name}: {' '.join(words)}")


@pytest.mark.parametrize("words", list(commands()))
def test_commands_and_their_options_exist(words):
    command = typer.main.get_command(app)
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        assert words[0] in command.commands
        command, words = command.commands[words[0]], words[1:]
    options = [option for p in command.params for option in (*p.opts, *p.secondary_opts)]
    known = {*options, "--help", "-"}
    assert {word for word in words if word.startswith("-")} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "samples").mkdir()
    shutil.copy(ROOT / "samples" / "hello.wav", tmp_path / "samples")
    monkeypatch.chdir(tmp_path)
    names = {"blocks": np.zeros((10, 4800))}  # one second of sound for the stream
    for code in PYTHON.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        exec(code, names)
    assert "(471, 52)" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"samples", "face.csv", "face.glb"}
    assert names["frames"][-1].time_s < 1


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_design_page_names_every_package():
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    home = ROOT / "src" / "marotte"
    for folder in (home, home / "learn"):
        for path in folder.iterdir():
            name = path.stem if path.suffix == ".py" else path.name
            if not name.startswith("_") and (
                path.suffix == ".py" or (path / "__init__.py").exists()
            ):
                prefix = "learn." if folder.name == "learn" else ""
                assert f"`{prefix}{name}`" in page or name == "learn", name

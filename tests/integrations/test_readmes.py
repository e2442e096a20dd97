"""Each integration has a version, a licence and a short start; the commands in it exist."""

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from marotte.cli import app

ROOT = Path(__file__).parents[2] / "integrations"
HOSTS = ("blender", "godot", "maya", "unity", "unreal", "web")
VERSION = re.compile(r"""version"?\S* ?[=:] ?"(.+?)"|__version__ = "(.+?)\"""")


@cache
def commands() -> dict[str, Any]:
    return typer.main.get_command(app).commands


def page(host: str) -> str:
    return (ROOT / host / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("host", HOSTS)
def test_version_and_licence(host: str) -> None:
    found = re.search(r"^Version (\S+), MIT licence\.", page(host), re.MULTILINE)
    assert found is not None
    for pattern in ("*.py", "plugin.cfg", "package.json"):
        for path in (ROOT / host).rglob(pattern):
            if path.parent.name == "tests":
                continue
            for version in VERSION.findall(path.read_text(encoding="utf-8")):
                assert found[1] in version, path
    assert list((ROOT / host).rglob("LICENSE*"))


@pytest.mark.parametrize("host", HOSTS)
def test_the_start_has_five_steps(host: str) -> None:
    start = page(host).split("## Start\n")[1].split("\n## ")[0]
    assert re.findall(r"^(\d)\. ", start, re.MULTILINE) == list("12345")


@pytest.mark.parametrize("host", HOSTS)
def test_commands_exist(host: str) -> None:
    lines = re.findall(r"`(marotte \w+[^`]*)`", page(host))
    assert lines
    for line in lines:
        name, *words = shlex.split(line.replace("\n", " "))[1:]
        command = commands()[name]
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        assert {word for word in words if word.startswith("-")} <= known, line


@pytest.mark.parametrize("host", HOSTS)
def test_links_lead_to_files(host: str) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page(host)):
        assert (ROOT / host / link).exists(), link

"""Help, completion and old option names: what the command line says about itself."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from marotte.cli import app
from marotte.cli.group import RENAMED

ROOT = Path(__file__).parents[2]


def load_tool() -> Any:
    spec = importlib.util.spec_from_file_location(
        "write_cli_docs", ROOT / "tools/write_cli_docs.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = load_tool()
COMMANDS = {
    name.removeprefix("marotte "): command
    for name, command, _ in TOOL.leaves(typer.main.get_command(app), "marotte")
}


@pytest.mark.parametrize("columns", ["40", "200"])
def test_the_page_of_the_command_line_is_up_to_date(
    monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert TOOL.write_page() == page, "run: python tools/write_cli_docs.py"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_an_example_and_explains_its_parameters(name: str) -> None:
    command = COMMANDS[name]
    assert f"marotte {name}" in command.epilog
    for parameter in command.params:
        assert parameter.help, parameter.name
        assert parameter.help[0].isupper(), parameter.help
        assert parameter.help.endswith("."), parameter.help
    result = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="marotte")
    assert result.exit_code == 0
    assert "Example" in result.stdout


def test_help_lists_the_commands_in_groups() -> None:
    text = CliRunner().invoke(app, ["--help"], prog_name="marotte").stdout
    places = [text.index(f"─ {title} ─") for title in ("Animate", "Corpus", "Train", "Measure")]
    assert places == sorted(places)


@pytest.mark.parametrize(("command", "option"), RENAMED)
def test_an_old_option_name_gives_the_new_one(command: str, option: str) -> None:
    known = [name for p in COMMANDS[command].params for name in (*p.opts, *p.secondary_opts)]
    assert option not in known
    result = CliRunner().invoke(app, [*command.split(), option, "x"], prog_name="marotte")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"marotte: no option {option}: ")
    assert result.stderr.count("\n") == 1
    new = result.stderr.split(" called ")[1].split() if " called " in result.stderr else ["CORPUS"]
    assert new[0] in [*known, "CORPUS"]
    if new == ["CORPUS"]:
        assert f"marotte {command} [OPTIONS] " in result.stderr
        assert "CORPUS" in result.stderr


def test_another_unknown_option_is_named() -> None:
    result = CliRunner().invoke(app, ["train", "--corpse", "x"], prog_name="marotte")
    assert result.exit_code == 2
    assert "--corpse" in result.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("marotte ani", ["animate"]),
        ("marotte corpus b", ["build"]),
        ("marotte animate --student o", ["offline"]),
        ("marotte animate --format csv,gl", ["csv,glb"]),
        ("marotte live -o vm", ["vmc", "vmc-vrm0"]),
        ("marotte label CORPUS --teacher ph", ["phonetic"]),
        ("marotte animate --idle", ["--idle-motion"]),
    ],
)
def test_the_shell_completes(words: str, expected: list[str]) -> None:
    environment = {
        "_MAROTTE_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    result = CliRunner().invoke(app, [], prog_name="marotte", env=environment)
    assert result.stdout.split() == expected


def test_files_are_completed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from marotte.cli.completion import students

    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.onnx").touch()
    (tmp_path / "mine" / "a.txt").touch()
    assert students("m") == ["mine/"]
    assert students("mine/") == ["mine/a.onnx"]
    assert students("l") == ["live"]
    assert students("none/x") == []


def test_shared_parameters_have_one_meaning() -> None:
    """An option of the same name has the same type everywhere."""
    kinds: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for parameter in command.params:
            for name in parameter.opts:
                if name.startswith("--"):
                    kinds.setdefault(name, set()).add(parameter.type.name)
    kinds.pop("--output")  # a file, a folder, or an output such as vmc
    assert {name: types for name, types in kinds.items() if len(types) > 1} == {}


def test_commands_are_functions_with_a_docstring() -> None:
    for command in COMMANDS.values():
        assert inspect.getdoc(command.callback), command.name

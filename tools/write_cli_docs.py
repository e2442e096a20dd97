"""Write docs/cli.md, the reference of the command line, from the commands themselves.

python tools/write_cli_docs.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from marotte.cli import app

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
HEAD = """\
# The command line

<!-- Written by tools/write_cli_docs.py from the commands themselves: change their help instead. -->

`marotte COMMAND --help` shows the same on the terminal. `marotte --install-completion` installs
completion for your shell: commands, options, and the names of students, formats, outputs and
teachers.

**Exit codes**: 0, done; 1, some of many recordings failed; 2, an input or an option can't be used,
and one sentence says why; 130, interrupted.
"""


def write_page() -> str:
    """Return the page: an overview of the commands, and a section per command."""
    root = typer.main.get_command(app)
    commands = list(leaves(root, "marotte"))
    parts = [HEAD, *overview(commands)]
    parts += [section(name, command) for name, command, _ in commands]
    return "\n".join(parts)


def leaves(group: Any, name: str, panel: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield the full name of each command, the command, and the title of its group."""
    for child_name, child in group.commands.items():
        child_panel = panel or child.rich_help_panel
        if hasattr(child, "commands"):
            yield from leaves(child, f"{name} {child_name}", child_panel)
        else:
            yield f"{name} {child_name}", child, child_panel


def overview(commands: list[tuple[str, Any, str]]) -> Iterator[str]:
    """Yield a table of commands per group, in the order of `marotte --help`."""
    for panel in dict.fromkeys(panel for _, _, panel in commands):
        yield f"| {panel} | |\n|---|---|"
        for name, command, its_panel in commands:
            if its_panel == panel:
                link = name.replace(" ", "-")
                yield f"| [`{name}`](#{link}) | {paragraphs(command.help)[0]} |"
        yield ""


def section(name: str, command: Any) -> str:
    """Return the section of one command: what it does, usage, arguments, options, examples."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]
    usage = " ".join([name, "[OPTIONS]", *(argument_name(p) for p in arguments)])
    parts = [f"## `{name}`", *paragraphs(command.help), f"```text\n{usage}\n```"]
    if arguments:
        parts.append(table("Argument", ((argument_name(p), p) for p in arguments)))
    for panel in dict.fromkeys(panel_of(p) for p in options):
        rows = ((option_name(p), p) for p in options if panel_of(p) == panel)
        parts.append(table(panel, rows))
    _, *examples = paragraphs(command.epilog)
    parts.append("```sh\n" + "\n".join(examples).replace("\\[", "[") + "\n```\n")
    return "\n\n".join(parts)


def table(title: str, rows: Iterator[tuple[str, Any]]) -> str:
    """Return a table of arguments or options."""
    lines = [f"| {title} | |", "|---|---|"]
    lines += [f"| `{name}` | {explanation(parameter)} |" for name, parameter in rows]
    return "\n".join(lines)


def argument_name(argument: Any) -> str:
    """Return an argument as the usage shows it, e.g. `RECORDING...`, or `[CORPUS]` if optional."""
    return argument.metavar


def option_name(option: Any) -> str:
    """Return an option with its short form and its value, e.g. `--output, -o PATH`."""
    names = ", ".join(option.opts)
    if option.secondary_opts:
        return f"{names} / {', '.join(option.secondary_opts)}"
    return names if option.is_flag else f"{names} {value_name(option.type)}"


def value_name(kind: Any) -> str:
    """Return what kind of value an option takes, e.g. `NUMBER`."""
    for start, name in (("path", "PATH"), ("float", "NUMBER"), ("int", "INTEGER")):
        if kind.name.startswith(start):
            return name
    return "TEXT"


def explanation(parameter: Any) -> str:
    """Return the help of a parameter, its choices, whether it is required, and its default."""
    words = [paragraphs(parameter.help)[0]]
    if choices := getattr(parameter.type, "choices", None):
        words.append("One of " + ", ".join(f"`{choice}`" for choice in choices) + ".")
    if parameter.param_type_name == "option" and parameter.required:
        words.append("Required.")
    default = default_of(parameter)
    if default:
        words.append(f"Default: {default}.")
    return " ".join(words).replace("|", "\\|")


def default_of(parameter: Any) -> str:
    """Return the default as text, or nothing where there is none to show."""
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    default = parameter.default
    if parameter.required or not parameter.show_default or default is None or default is False:
        return ""
    if default is True:
        return f"`{parameter.opts[0]}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def panel_of(option: Any) -> str:
    """Return the title of the option's group."""
    return getattr(option, "rich_help_panel", None) or "Option"


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text, each on one line."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]


if __name__ == "__main__":
    PAGE.write_text(write_page(), encoding="utf-8")

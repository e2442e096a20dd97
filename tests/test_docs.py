"""In README and docs, links lead to files, commands and options exist, and code runs."""

import importlib.util
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer

import marotte
from marotte.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("src/marotte/students/*.md")]
)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


def commands():
    """Yield each `marotte ...` in a shell block of a page, as words."""
    for page in PAGES:
        for block in SHELL.findall(page.read_text(encoding="utf-8")):
            for line in block.splitlines():
                for part in line.split("&&"):
                    words = shlex.split(part, comments=True)
                    if words[:1] == ["marotte"]:
                        yield pytest.param(
                            words[1:], id=f"{page.relative_to(ROOT)}: {' '.join(words)}"
                        )


@pytest.mark.parametrize("words", list(commands()))
def test_commands_and_their_options_exist(words):
    command = typer.main.get_command(app)
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        assert words[0] in command.commands
        command, words = command.commands[words[0]], words[1:]
    options = [option for p in command.params for option in (*p.opts, *p.secondary_opts)]
    known = {*options, "--help", "-"}
    assert {word for word in words if word.startswith("-")} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


def test_python_code_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "samples").mkdir()
    shutil.copy(ROOT / "samples" / "hello.wav", tmp_path / "samples")
    monkeypatch.chdir(tmp_path)
    names = {"blocks": np.zeros((10, 4800))}  # one second of sound for the stream
    for code in PYTHON.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        exec(code, names)
    assert "(471, 52)" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"samples", "face.csv", "face.glb"}
    assert names["frames"][-1].time_s < 1


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_design_page_names_every_package():
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "marotte"
    for folder in (package, package / "learn"):
        for path in folder.iterdir():
            name = path.stem if path.suffix == ".py" else path.name
            if not name.startswith("_") and (
                path.suffix == ".py" or (path / "__init__.py").exists()
            ):
                prefix = "learn." if folder.name == "learn" else ""
                assert f"`{prefix}{name}`" in page or name == "learn", name


def test_every_page_is_in_the_navigation_of_the_site():
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} | set(site_hooks().PAGES)
    in_navigation = re.findall(r"^ +- .+: (\S+\.md)$", site, re.MULTILINE)
    assert sorted(in_navigation) == sorted(pages)


def test_api_page_has_every_public_name():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: marotte\.(\w+)$", page, re.MULTILINE)) == sorted(
        marotte.__all__
    )


@pytest.mark.parametrize(
    ("page", "link", "on_the_site"),
    [
        ("index.md", "[a](docs/live.md#delay)", "[a](live.md#delay)"),
        ("index.md", "![a](docs/images/a.png)", "![a](images/a.png)"),
        ("index.md", "[a](https://example.org/a.md)", "[a](https://example.org/a.md)"),
        ("live.md", "[a](../CONTRIBUTING.md)", "[a](contributing.md)"),
        ("live.md", "[a](../src/marotte/students/live.md)", "[a](models/live.md)"),
        ("live.md", "[a](#delay)", "[a](#delay)"),
        ("live.md", "[the recipe](../recipes/live.toml)", "the recipe (`recipes/live.toml`)"),
        ("live.md", "[`recipes`](../recipes)", "`recipes`"),
        ("models/live.md", "[a](../../../docs/live.md)", "[a](../live.md)"),
    ],
)
def test_links_between_files_are_rewritten_for_the_site(page, link, on_the_site):
    names = {"live.md", "images/a.png", *site_hooks().PAGES}
    assert site_hooks().rewrite_links(link, page, names) == on_the_site


def test_version_is_the_same_everywhere():
    for name, pattern in (
        ("pyproject.toml", r'^version = "(.+)"$'),
        ("CITATION.cff", r"^version: (.+)$"),
        ("CHANGELOG.md", r"^## \[(\d.+)\]"),
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert re.findall(pattern, text, re.MULTILINE)[0] == marotte.__version__, name


def site_hooks():
    """Load the hooks that build the docs site."""
    spec = importlib.util.spec_from_file_location("docs_site", ROOT / "tools" / "docs_site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

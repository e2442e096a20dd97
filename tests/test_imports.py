"""The live path never imports the learning path, and heavy packages only when it needs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

IMPORT_ALL = """
import importlib, pathlib, sys
import marotte
package = pathlib.Path(marotte.__file__).parent
for path in package.rglob("*.py"):
    parts = ("marotte", *path.relative_to(package).with_suffix("").parts)
    if parts[1] not in ("learn", "__main__"):
        importlib.import_module(".".join(parts).removesuffix(".__init__"))
"""

ANIMATE = """
from typer.testing import CliRunner
from marotte.cli import app
result = CliRunner().invoke(app, ["animate", *sys.argv[1:]], catch_exceptions=False)
assert result.exit_code == 0, result.output
"""

HEAVY = {"onnxruntime", "soundfile", "soxr", "av", "moderngl", "PIL", "pyarrow", "onnx"}
LEARNING = {"torch", "lightning", "marotte.learn"}


def modules_after(code: str, *args: object) -> set[str]:
    """Return the modules that a new Python process has imported after running the code."""
    code += "\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout))


def test_importing_the_live_path_imports_nothing_heavy() -> None:
    modules = modules_after(IMPORT_ALL)
    assert "marotte.infer.offline" in modules
    assert not modules & (HEAVY | LEARNING)


def test_animating_does_not_import_the_learning_path(
    tmp_path: Path, write_sound: Callable[..., Path], tiny_student: Path
) -> None:
    outputs = [f"-o{tmp_path / name}" for name in ("a.csv", "a.json", "a.npz", "a.html", "a.glb")]
    path = write_sound("voice.wav")
    modules = modules_after(IMPORT_ALL + ANIMATE, path, *outputs, "--student", tiny_student)
    assert "onnxruntime" in modules
    assert not modules & LEARNING


# What a recording to a CSV file does not need: each takes 10 ms or more to import.
NEEDLESS = LEARNING | {
    "asyncio", "av", "concurrent.futures.process", "email.message", "importlib.metadata",
    "marotte.audio.media", "marotte.realtime", "marotte.render", "marotte.web", "matplotlib",
    "moderngl", "multiprocessing.pool", "numpy.ma", "numpy.random", "pygments", "rich.markdown",
    "scipy", "ssl", "unittest", "urllib.request",
}  # fmt: skip


def test_animating_imports_only_what_it_needs(tmp_path: Path) -> None:
    sample = Path(__file__).parents[1] / "samples" / "hello.wav"
    code = "import contextlib, io, sys\nfrom marotte.__main__ import main\n"
    code += "sys.argv = ['marotte', 'animate', *sys.argv[1:]]\n"
    code += "with contextlib.redirect_stdout(io.StringIO()):\n    try: main()\n"
    code += "    except SystemExit as end: assert not end.code"
    modules = modules_after(code, sample, "-o", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").is_file()
    assert not modules & NEEDLESS


def test_the_version_is_said_without_the_command_line() -> None:
    code = "import contextlib, io, sys\nfrom marotte.__main__ import main\n"
    code += "sys.argv = ['marotte', '--version']\n"
    code += "with contextlib.redirect_stdout(io.StringIO()): main()"
    assert not modules_after(code) & {"typer", "rich", "numpy", "marotte.cli"}


def test_importing_marotte_does_not_import_numpy() -> None:
    assert "numpy" not in modules_after("import marotte")


def test_help_does_not_import_numpy() -> None:
    code = "import sys; from marotte.cli import main; sys.argv[1:] = ['--help']\n"
    quiet = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n"
    modules = modules_after(code + quiet + "    try: main()\n    except SystemExit: pass")
    assert "typer" in modules
    assert "numpy" not in modules


def test_modules_do_not_hide_the_public_names() -> None:
    code = IMPORT_ALL + "assert callable(marotte.load), marotte.load\n"
    code += "for name in marotte.__all__: getattr(marotte, name)"
    modules_after(code)


def test_unknown_public_name_is_an_attribute_error() -> None:
    import marotte

    assert not hasattr(marotte, "mouth")

"""Every example in a docstring runs, and every public name has an example."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest
import soundfile
from synthetic import make_voice

import marotte

PACKAGE = Path(marotte.__file__).parent
MODULES = [
    ".".join(("marotte", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    )
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]
NO_EXAMPLE = {"ARKIT_52", "__version__"}  # values have no docstring


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "voice.wav", make_voice(1.5, 16_000), 16_000)
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    failures, attempts = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert attempts
    assert not failures


@pytest.mark.parametrize("name", sorted(set(marotte.__all__) - NO_EXAMPLE))
def test_public_names_have_an_example(name: str) -> None:
    value = getattr(marotte, name)
    assert ">>> " in (inspect.getdoc(value) or "")
    if inspect.isclass(value):
        for method, function in inspect.getmembers(value, inspect.isfunction):
            if not method.startswith("_") and function.__qualname__.startswith(value.__name__):
                assert function.__doc__, method


def test_public_names_are_listed_for_tab_completion() -> None:
    assert set(marotte.__all__) <= set(dir(marotte))
    assert np.isclose(marotte.load().lookahead_ms, 81, atol=1)

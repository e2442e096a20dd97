"""`marotte corpus`: build, show, and check the alignment."""

import pytest
from typer.testing import CliRunner

from marotte.cli.corpus import app
from marotte.errors import MarotteError


def run(*arguments):
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    monkeypatch.setenv("MAROTTE_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "tiny.toml"
    path.write_text("[sources.espeak]\nvoices = ['en-us', 'xx-none']\nsentences = 2\n", "utf-8")
    return path


def test_build_show_and_build_again(recipe, tmp_path):
    built = run("build", recipe, "--workers", 1)
    assert "espeak-00000: 2 utterances, 2 left out" in built
    shown = run("show", recipe)
    assert "espeak: 2 left out: espeak-ng has no voice 'xx-none'" in " ".join(shown.split())
    assert str(tmp_path / "cache" / "corpora" / "tiny") in shown.replace("\n", "")
    assert run("show", tmp_path / "cache" / "corpora" / "tiny") == shown
    assert "espeak-00000:" not in run("build", recipe, "--workers", 1)


def test_build_into_another_folder(recipe, tmp_path):
    run("build", recipe, "-o", tmp_path / "there", "--workers", 1)
    assert (tmp_path / "there" / "audio" / "espeak-00000.parquet").is_file()


def test_build_without_a_usable_source_writes_nothing(tmp_path):
    recipe = tmp_path / "r.toml"
    recipe.write_text("[sources.anna]\nkind = 'folder'\nfolder = '/none'\n", "utf-8")
    with pytest.raises(MarotteError, match=r"no source of .* can be used"):
        run("build", recipe, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_show_refuses_a_folder_without_a_corpus(tmp_path):
    with pytest.raises(MarotteError, match="corpus build"):
        run("show", tmp_path)


def test_check_alignment():
    output = " ".join(run("check-alignment", "--count", 3).split())
    assert "hibari: 3 sentences aligned, 0 not" in output
    assert "espeak: 3 sentences aligned, 0 not" in output
    assert "within 50 ms" in output

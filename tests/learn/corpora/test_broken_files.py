"""Damaged files of a source: their items are skipped, counted and reported, and others are read."""

import dataclasses
import re
from collections import Counter
from zipfile import BadZipFile

import numpy as np
import pytest
from layouts import LAYOUTS, put, put_folder
from typer.testing import CliRunner

from marotte.cli.corpus import app
from marotte.errors import MarotteError
from marotte.learn.corpora import build as builder
from marotte.learn.corpora.recipe import CorpusRecipe
from marotte.learn.corpora.sources.beat import Beat
from marotte.learn.corpora.sources.folder import Folder
from marotte.learn.data.captured import read_controls
from marotte.learn.errors import Skip

DAMAGES = {
    "empty": lambda data: b"",
    "cut to half": lambda data: data[: len(data) // 2],
    "cut to a tenth": lambda data: data[: len(data) // 10],
    "cut by little": lambda data: data[:-20],
    "another file": lambda data: b"something else\n" * 40,
    "no text": lambda data: b"\xff\xfe\xfd\x00" * 100,
    "noise within": lambda data: data[:60] + np.random.default_rng(3).bytes(80) + data[140:],
    "gone": None,
}


def read(source):
    """Return the utterances of a new source, and how often it gave each reason for a skip."""
    source = dataclasses.replace(source)
    utterances, reasons = [], Counter()
    try:
        keys = source.items()
    except MarotteError as error:
        return utterances, Counter([str(error)])
    for key in keys:
        try:
            utterances.append(source.utterance(key))
        except MarotteError as error:
            reasons[str(error)] += 1
    return utterances, reasons


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__[4:])
def test_a_broken_file_affects_its_own_utterance_only(layout, debroot):
    debroot.mkdir()
    source = layout(debroot)
    whole, reasons = read(source)
    assert whole
    for path in [path for path in debroot.rglob("*") if path.is_file()]:
        data = path.read_bytes()
        for name, damage in DAMAGES.items():
            if damage is None:
                path.unlink()
            else:
                path.write_bytes(damage(data))
            left, reasons_now = read(source)
            where = f"{path.name}, {name}: {dict(reasons_now)}"
            assert len(left) <= len(whole) + len(reasons), where
            assert all(reason and "\n" not in reason for reason in reasons_now), where
            assert all(np.isfinite(each.samples).all() for each in left), where
        path.write_bytes(data)


def test_show_reports_skipped_items(tmp_path):
    put_folder(tmp_path / "mine")
    put(tmp_path / "mine" / "bert" / "three.ogg", b"OggS")
    recipe = CorpusRecipe("r", {"folder": {"folder": str(tmp_path / "mine")}})
    plan = builder.plan_build(recipe, tmp_path / "out")
    (tmp_path / "out").mkdir()
    for work in plan.missing:
        builder.make_part(work)
    shown = CliRunner().invoke(app, ["show", str(tmp_path / "out")], catch_exceptions=False)
    assert "folder: 1 left out: a sound file that can't be read" in shown.output


@pytest.mark.parametrize(
    "content",
    [
        '{"names": ["jawOpen"], "frames": [{"weights": [1' + "0" * 400 + '], "time": 0}]}',
        '{"names": ["jawOpen"], "frames": [{"weights": [1' + "0" * 9000 + '], "time": 0}]}',
        '{"names": ["jawOpen"], "frames": [{"weights": [0], "time": Infinity}]}',
        '{"facsNames": ["jawOpen"], "weightMat": [[0]], "exportFps": 0}',
        '{"facsNames": ["jawOpen"], "weightMat": [[[0]]], "exportFps": 1e-320}',
        "[" * 100_000,
        "5",
        "",
    ],
)
def test_curves_that_are_damaged_in_any_way_are_a_reason_to_skip(tmp_path, content):
    path = tmp_path / "curves.json"
    path.write_text(content)
    with pytest.raises(Skip, match=r"^curves: "):
        read_controls(path, 1.0, 30.0)


@pytest.mark.parametrize(
    "error", [OverflowError, RecursionError, MemoryError, BadZipFile, KeyError]
)
def test_any_error_of_a_reader_leaves_its_item_out_and_says_where(tmp_path, monkeypatch, error):
    put_folder(tmp_path / "mine")
    read_utterance = Folder.utterance

    def utterance(self, key):
        if key.endswith("three"):
            raise error("broken")
        return read_utterance(self, key)

    monkeypatch.setattr(Folder, "utterance", utterance)
    recipe = CorpusRecipe("r", {"folder": {"folder": str(tmp_path / "mine")}})
    plan = builder.plan_build(recipe, tmp_path / "out")
    (tmp_path / "out").mkdir()
    builder._source.cache_clear()
    built = [builder.make_part(work) for work in plan.missing]
    assert sum(each.skipped for each in built) == 1
    assert sum(each.utterances for each in built) > 0
    (reason,) = builder.skip_reasons(tmp_path / "out")["folder"]
    assert re.fullmatch(
        rf"{error.__name__}: .*broken.* \(test_broken_files\.py, line \d+\)", reason
    )


def test_a_source_that_fails_does_not_end_the_build_of_others(tmp_path, monkeypatch):
    put_folder(tmp_path / "mine")
    monkeypatch.setattr(Beat, "items", lambda self: 1 / 0)
    sources = {name: {"folder": str(tmp_path / "mine")} for name in ("folder", "beat")}
    plan = builder.plan_build(CorpusRecipe("r", sources), tmp_path / "out")
    assert plan.unusable["beat"].startswith("ZeroDivisionError: division by zero (")
    assert plan.n_parts == 1


def test_brackets_in_a_reason_are_printed_as_they_are(tmp_path):
    put_folder(tmp_path / "mine")
    (tmp_path / "r.toml").write_text(
        f'[sources.folder]\nfolder = "{(tmp_path / "mine").as_posix()}"\n'
        '[sources.beat]\nfolder = "none[/]"\n'
    )
    built = CliRunner().invoke(
        app, ["build", str(tmp_path / "r.toml"), "-o", str(tmp_path / "out"), "--workers", "1"]
    )
    assert built.exit_code == 0, built.output
    assert "none[/]" in built.output

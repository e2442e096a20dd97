"""Damaged files of a source: their items are skipped, counted and reported, and others are read."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
from layouts import LAYOUTS, put, put_folder
from typer.testing import CliRunner

from marotte.cli.corpus import app
from marotte.errors import MarotteError
from marotte.learn.corpora import build as builder
from marotte.learn.corpora.recipe import CorpusRecipe

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

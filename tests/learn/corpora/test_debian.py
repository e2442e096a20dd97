"""Debian packages: missing ones are reported, and `marotte corpus fetch` gets them once."""

import pytest
from layouts import put
from typer.testing import CliRunner

from marotte.cli.corpus import app
from marotte.errors import MarotteError
from marotte.learn.corpora import debian
from marotte.learn.corpora.sources.asterisk import (
    AsteriskEn,
    AsteriskEs,
    AsteriskFr,
    AsteriskIt,
    AsteriskRu,
)
from marotte.learn.corpora.sources.drascula import DrasculaEn, DrasculaEs
from marotte.learn.corpora.sources.espeak import EspeakLanguages
from marotte.learn.corpora.sources.fillets import Fillets
from marotte.learn.corpora.sources.klettres import KLettres
from marotte.learn.corpora.sources.ktuberling import KTuberling
from marotte.learn.corpora.sources.queen import Queen
from marotte.learn.corpora.sources.tuxpaint import TuxPaint

SOURCES = (
    Queen(), AsteriskEn(),
    TuxPaint(), Fillets(), EspeakLanguages(), DrasculaEn(), DrasculaEs(), KLettres(), KTuberling(),
    AsteriskEs(), AsteriskFr(), AsteriskIt(), AsteriskRu(),
)  # fmt: skip


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_missing_package_is_an_error(source, debroot):
    with pytest.raises(
        MarotteError, match=r"package .* is not found: run `marotte corpus fetch RECIPE`"
    ):
        source.items()


def test_fetch_needs_apt_get(debroot, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(MarotteError, match="needs the program apt-get"):
        debian.fetch(debian.QUEEN)


def test_fetch_downloads_missing_packages_once(debroot, tmp_path, monkeypatch):
    fetched = []
    monkeypatch.setattr(debian, "fetch", lambda package: fetched.append(package) or debroot)
    recipe = tmp_path / "r.toml"
    recipe.write_text("[sources.fillets]\n[sources.espeak_languages]\n[sources.hibari]", "utf-8")
    put(debroot / debian.FILLETS.probe, b"")
    result = CliRunner().invoke(app, ["fetch", str(recipe)], catch_exceptions=False)
    assert fetched == [debian.FILLETS_TEXT]
    assert "fillets-ng-data: 71 MB, licence: GPL-2.0-only" in result.output

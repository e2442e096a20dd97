"""Debian packages: missing ones are reported, and `marotte corpus fetch` gets them once."""

import hashlib
import subprocess
from types import SimpleNamespace

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
from marotte.paths import PARTIAL_FOLDER, partial_folder

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


@pytest.fixture
def apt(debroot, monkeypatch):
    """Replace apt-get and dpkg: the package is one file, `content`, and its hash is in an index."""
    programs = SimpleNamespace(content=b"package", hash=hashlib.sha256(b"package").hexdigest())

    def run(command, cwd, **options):
        output = ""
        if command[:3] == ["apt-get", "download", "--print-uris"]:
            output = f"'https://mirror/k_1.deb' k_1.deb 7 SHA256:{programs.hash}\n"
        elif command[0] == "apt-get":
            put(cwd / "k_1.deb", programs.content)
        else:
            put(cwd / command[-1] / debian.KLETTRES.probe, b"sounds")
        return subprocess.CompletedProcess(command, 0, output, "")

    monkeypatch.undo()
    monkeypatch.setenv("MAROTTE_CACHE", str(debroot.parent / "cache"))
    monkeypatch.delenv("MAROTTE_DEBROOT", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr("subprocess.run", run)
    return programs


def test_a_fetched_package_is_unpacked_into_its_folder(apt):
    root = debian.fetch(debian.KLETTRES)
    assert root == debian.unpacked_folder() / "klettres-data.deb"
    assert (root / debian.KLETTRES.probe).read_bytes() == b"sounds"
    assert debian.fetch(debian.KLETTRES) == root
    assert [path.name for path in debian.unpacked_folder().iterdir()] == ["klettres-data.deb"]


def test_what_a_killed_fetch_left_is_removed(apt):
    left = debian.unpacked_folder() / PARTIAL_FOLDER / "left"
    put(left / "k_1.deb", b"half")
    with partial_folder(debian.unpacked_folder()) as used:
        debian.fetch(debian.KLETTRES)
        assert used.is_dir(), "another run downloads into it"
    assert [path.name for path in debian.unpacked_folder().iterdir()] == ["klettres-data.deb"]


def test_a_package_that_is_not_the_index_s_is_refused(apt):
    apt.content = b"another"
    with pytest.raises(MarotteError, match="not the file of the package index: its SHA-256"):
        debian.fetch(debian.KLETTRES)
    assert not list(debian.unpacked_folder().iterdir())


def test_an_index_without_a_hash_is_refused(apt):
    apt.hash = ""
    with pytest.raises(MarotteError, match="no SHA-256 of klettres-data"):
        debian.fetch(debian.KLETTRES)


def test_fetch_downloads_missing_packages_once(debroot, tmp_path, monkeypatch):
    fetched = []
    monkeypatch.setattr(debian, "fetch", lambda package: fetched.append(package) or debroot)
    recipe = tmp_path / "r.toml"
    recipe.write_text("[sources.fillets]\n[sources.espeak_languages]\n[sources.hibari]", "utf-8")
    put(debroot / debian.FILLETS.probe, b"")
    result = CliRunner().invoke(app, ["fetch", str(recipe)], catch_exceptions=False)
    assert fetched == [debian.FILLETS_TEXT]
    assert "fillets-ng-data: 71 MB, licence: GPL-2.0-only" in result.output

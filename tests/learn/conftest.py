import pytest
import torch
from spoken import run, write_corpus

from marotte.learn.corpora import debian


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Networks this small only wait for each other on several threads."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """The folder of a small corpus, labelled by the command a person gives."""
    store = write_corpus(tmp_path_factory.mktemp("corpus"))
    result = run("label", store.folder, "--workers", 1)
    assert result.exit_code == 0, result.output
    assert "labelled 3 parts" in result.output
    return store.folder


@pytest.fixture
def debroot(tmp_path, monkeypatch):
    """The only place where Debian packages are looked for: empty."""
    monkeypatch.setenv("MAROTTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(debian, "roots", lambda: [tmp_path / "root"])
    return tmp_path / "root"

import pytest
import torch
from spoken import labelled

from marotte.learn.corpora import debian

__all__ = ["debroot", "labelled", "one_thread"]


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Networks this small only wait for each other on several threads."""
    torch.set_num_threads(1)


@pytest.fixture
def debroot(tmp_path, monkeypatch):
    """The only place where Debian packages are looked for: empty."""
    monkeypatch.setenv("MAROTTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(debian, "roots", lambda: [tmp_path / "root"])
    return tmp_path / "root"

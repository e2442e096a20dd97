"""Fixtures of the learning path."""

import pytest
import torch
from spoken import labelled

from marotte.learn.corpora import debian

__all__ = ["debroot", "labelled", "one_thread"]


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Use one thread: for networks this small, more threads are slower."""
    torch.set_num_threads(1)


@pytest.fixture
def debroot(tmp_path, monkeypatch):
    """Return an empty folder, the only one that is searched for Debian packages."""
    monkeypatch.setenv("MAROTTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(debian, "roots", lambda: [tmp_path / "root"])
    return tmp_path / "root"

"""The model is found, named when it is missing, and downloaded only on demand."""

import hashlib
import io
from urllib.error import URLError

import pytest

from marotte import MarotteError
from marotte.learn.capture import face_model
from marotte.learn.capture.face_model import FILE, find_model


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MAROTTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(face_model, "urlopen", refuse)
    return tmp_path / "cache/models" / FILE


def refuse(*_, **__):
    raise AssertionError("downloaded without being asked")


def test_without_a_model_one_sentence_says_where_it_comes_from(cache):
    with pytest.raises(MarotteError) as caught:
        find_model()
    for part in (FILE, "Google", "3.8 MB", "Apache-2.0", "--download", "--model"):
        assert part in str(caught.value)


def test_a_path_and_the_cache_are_used(cache, tmp_path):
    own = tmp_path / "own.task"
    with pytest.raises(MarotteError, match="no such file"):
        find_model(own)
    own.touch()
    assert find_model(own) == own
    cache.parent.mkdir(parents=True)
    cache.touch()
    assert find_model(download=True) == cache


def test_a_download_is_checked(cache, monkeypatch):
    monkeypatch.setattr(face_model, "urlopen", lambda *_, **__: io.BytesIO(b"model"))
    with pytest.raises(MarotteError, match="SHA-256"):
        find_model(download=True)
    assert not cache.exists()
    monkeypatch.setattr(face_model, "SHA256", hashlib.sha256(b"model").hexdigest())
    assert find_model(download=True) == cache
    assert cache.read_bytes() == b"model"


def test_a_failed_download_says_what_to_do(cache, monkeypatch):
    def fail(*_, **__):
        raise URLError("no network")

    monkeypatch.setattr(face_model, "urlopen", fail)
    with pytest.raises(MarotteError, match="download it by other means"):
        find_model(download=True)

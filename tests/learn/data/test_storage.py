"""Tests of corpora at URLs."""

import numpy as np
import pytest
from label_files import write_labels

from marotte.errors import MarotteError
from marotte.learn.data.storage import LocalStorage, open_storage
from marotte.learn.data.store import Store
from marotte.learn.jobs.label import LabelJob, label, plan_labels
from marotte.learn.utterance import Phone, Utterance

fsspec = pytest.importorskip("fsspec", reason="the extra 'cluster' is not installed")


@pytest.fixture
def bucket():
    url = "memory://bucket/corpus"
    yield url
    fsspec.filesystem("memory").store.clear()
    open_storage.cache_clear()


def hum(number):
    sound = np.full(8_000, 0.1, np.float32)
    phones = (Phone("m", 0.1, 0.2), Phone("ɑ", 0.2, 0.4))
    return Utterance(f"queen/joe/{number}", "queen", "joe", "en", "MIT", "", sound, 16_000, phones)


def test_a_corpus_at_a_url_is_written_labelled_and_read(bucket):
    store = Store(bucket)
    store.write_part("queen-00000", [hum(n) for n in range(3)])
    job = LabelJob(bucket, "phonetic")
    [result] = label(job, plan_labels(job), workers=1)
    assert (result.labelled, result.failed) == (3, ())
    assert plan_labels(job).parts == ()
    assert store.teachers() == ["phonetic"]
    assert set(store.labels("phonetic", "queen-00000").curves) == {
        f"queen/joe/{n}" for n in (0, 1, 2)
    }
    assert [each.id for each in store.utterances()] == [hum(n).id for n in range(3)]


def test_a_failed_write_leaves_no_file_at_a_url(bucket):
    with pytest.raises(MarotteError, match="NaN"):
        write_labels(Store(bucket), "x", "p-00000", {"u": np.full((1, 1), np.nan)}, 60, ["a"], {})
    assert Store(bucket).teachers() == []


def test_a_damaged_file_is_reported_with_its_url(bucket):
    fs = fsspec.filesystem("memory")
    fs.pipe("/bucket/corpus/audio/queen-00000.parquet", b"no Parquet")
    with pytest.raises(MarotteError, match=r"memory://bucket/.*queen-00000\.parquet is damaged"):
        list(Store(bucket).utterances())


def test_a_file_url_is_a_local_folder(tmp_path):
    storage = open_storage((tmp_path / "my corpus").as_uri())
    assert isinstance(storage, LocalStorage)
    assert storage.root == tmp_path / "my corpus"


@pytest.mark.parametrize(
    ("url", "message"),
    [("moon://corpus", "can't open moon://corpus.*fsspec knows"), ("memory://empty", "no speech")],
)
def test_invalid_urls_are_refused(url, message):
    with pytest.raises(MarotteError, match=message):
        Store.open(url)

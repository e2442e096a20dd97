"""Tests of building and labelling on a Ray cluster of two workers on this machine."""

import os
import signal
import subprocess

import numpy as np
import pytest
import soundfile
from building import build_corpus

from marotte.errors import MarotteError
from marotte.learn.corpora.build import plan_build
from marotte.learn.corpora.recipe import CorpusRecipe
from marotte.learn.data.store import Store
from marotte.learn.jobs.label import LabelJob, label_part, plan_labels
from marotte.learn.jobs.on_cluster import build_on_cluster, label_on_cluster
from marotte.learn.jobs.ray_cluster import Cluster
from marotte.learn.utterance import Phone, Utterance

pytest.importorskip("ray.data", reason="the extra 'cluster' is not installed")
# Ray's own deprecation warnings, and the resources that its processes leave open.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PARTS = 5


def murmur(number):
    sound = 0.1 * np.random.default_rng(number).standard_normal(32_000)
    phones = tuple(Phone(p, 0.1 * i, 0.1 * i + 0.1) for i, p in enumerate("mɑpimɑbu"))
    id = f"queen/joe/{number:04d}"
    return Utterance(id, "queen", "joe", "en", "MIT", "", np.float32(sound), 16_000, phones)


def write_speech(folder):
    for part in range(PARTS):
        utterances = [murmur(100 * part + n) for n in range(30)]
        Store(folder).write_part(f"queen-{part:05d}", utterances)


def processes():
    """Return the pid, the parent's pid and the name of each process."""
    result = subprocess.run(
        ["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True
    )
    rows = (line.split(maxsplit=2) for line in result.stdout.splitlines()[1:])
    return [(int(pid), int(parent), name) for pid, parent, name in rows]


def ray_workers():
    raylets = {pid for pid, parent, _ in processes() if parent == os.getpid()}
    workers = [each for each in processes() if "MapWorker" in each[2]]
    return [pid for pid, parent, _ in workers if parent in raylets]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")
def test_every_utterance_is_labelled_after_a_worker_is_killed(tmp_path):
    write_speech(tmp_path / "cluster")
    write_speech(tmp_path / "here")
    job = LabelJob((tmp_path / "cluster").as_uri(), "phonetic")
    labelled = 0
    for result in label_on_cluster(Cluster("local", workers=2), job, plan_labels(job)):
        if not labelled:
            os.kill(ray_workers()[0], signal.SIGKILL)
        assert result.failed == ()
        labelled += result.labelled
    assert labelled == PARTS * 30
    for part in plan_labels(LabelJob(tmp_path / "here", "phonetic")).parts:
        label_part(LabelJob(tmp_path / "here", "phonetic"), part)
    folders = [tmp_path / name / "labels" / "phonetic" for name in ("cluster", "here")]
    files, expected = ({f.name: f.read_bytes() for f in folder.iterdir()} for folder in folders)
    assert len(expected) == PARTS
    assert files == expected


@pytest.mark.slow
def test_a_build_on_a_cluster_gives_the_same_corpus(tmp_path, monkeypatch):
    monkeypatch.setattr("marotte.learn.corpora.build.PART_ITEMS", 2)
    (tmp_path / "sounds").mkdir()
    for number in range(5):
        path = tmp_path / "sounds" / f"{number}.wav"
        soundfile.write(path, murmur(number).samples, 16_000)
    (tmp_path / "sounds" / "broken.wav").write_bytes(b"RIFF")
    recipe = CorpusRecipe("own", {"folder": {"folder": str(tmp_path / "sounds")}})
    _, here = build_corpus(recipe, tmp_path / "here")
    plan = plan_build(recipe, tmp_path / "cluster")
    parts = list(build_on_cluster(Cluster("local", workers=2), plan, tmp_path / "cluster"))
    assert sorted(part.name for part in parts) == [part.name for part in here]
    assert sum(part.utterances for part in parts) == 5
    for path in (tmp_path / "here").rglob("*.*"):
        other = tmp_path / "cluster" / path.relative_to(tmp_path / "here")
        assert other.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("address", ["auto", "127.0.0.1:1"])
def test_an_unreachable_cluster_is_reported(tmp_path, monkeypatch, address):
    monkeypatch.setenv("RAY_ADDRESS", "ray://127.0.0.1:1")
    Store(tmp_path).write_part("queen-00000", [murmur(0)])
    job = LabelJob(tmp_path, "phonetic")
    with pytest.raises(MarotteError, match=r"127.0.0.1:1 does not answer.*--ray local"):
        list(label_on_cluster(Cluster(address), job, plan_labels(job)))

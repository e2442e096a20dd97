"""Tests of labelling: plans, label files, failures, and runs that are stopped and resumed."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from spoken import run

from marotte.errors import MarotteError
from marotte.face.rig import ARKIT_52
from marotte.learn.data.filters import Filter
from marotte.learn.data.storage import open_storage
from marotte.learn.data.store import Store
from marotte.learn.errors import Skip
from marotte.learn.jobs import label as labelling
from marotte.learn.jobs.label import LabelJob, label, label_part, plan_labels
from marotte.learn.teachers import Teacher, open_teacher
from marotte.learn.utterance import Phone, Utterance

needs_sigkill = pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")


def hum(number, source="queen", speaker="joe", seconds=0.5, phones=True):
    samples = 0.1 * np.random.default_rng(number).standard_normal(int(16_000 * seconds))
    timed = tuple(Phone(p, 0.1 * i, 0.1 * i + 0.1) for i, p in enumerate("mɑpi")) if phones else ()
    id = f"{source}/{speaker}/{number:04d}"
    sound = samples.astype(np.float32)
    return Utterance(id, source, speaker, "en", "MIT", "", sound, 16_000, timed)


@pytest.fixture
def corpus(tmp_path):
    """Return a corpus of two parts; every third utterance has no phones."""
    for part, source in (("hibari-00000", "hibari"), ("queen-00000", "queen")):
        utterances = [hum(n, source, phones=n % 3 != 2) for n in range(6)]
        Store(tmp_path).write_part(part, utterances)
    return tmp_path


class FakeTeacher(Teacher):
    """Gives a half-open jaw, or the result or error in `outcomes` for an utterance's number."""

    name, version, fps, rig, needs_phones = "fake", "1", 60.0, ARKIT_52, False

    def __init__(self):
        self.calls, self.outcomes = [], {}

    def curves(self, utterance):
        self.calls.append(utterance.id)
        outcome = self.outcomes.get(int(utterance.id[-4:]))
        if isinstance(outcome, Exception):
            raise outcome
        return np.full((30, 52), 0.5, np.float32) if outcome is None else outcome


@pytest.fixture
def fake_teacher(monkeypatch):
    teacher = FakeTeacher()
    monkeypatch.setattr(labelling, "open_teacher", lambda *_: teacher)
    labelling._teacher.cache_clear()
    yield teacher
    labelling._teacher.cache_clear()


def label_here(job):
    """Label as a run does, in this process."""
    return [label_part(job, part) for part in plan_labels(job).parts]


def processed(folder, teacher):
    """Return the ids in all label files, with repetitions."""
    store = Store(folder)
    rows = (
        row for part in store.labelled_parts(teacher) for row in store.label_rows(teacher, part)
    )
    return sorted(id for id, _, _ in rows)


def ids(folder):
    return sorted(entry.id for entry in Store(folder).entries())


def test_every_utterance_is_labelled_or_left_out_with_a_reason(corpus):
    [hibari, queen] = label_here(LabelJob(corpus, "phonetic"))
    assert (hibari.labelled, hibari.left_out) == (4, {"no phones": 2})
    assert (queen.labelled, queen.seconds, queen.failed) == (4, 3.0, ())
    labels = Store(corpus).labels("phonetic", "queen-00000")
    assert sorted([*labels.curves, *labels.left_out]) == [f"queen/joe/{n:04d}" for n in range(6)]
    assert labels.left_out["queen/joe/0002"] == "no phones"
    assert labels.provenance["version"] == open_teacher("phonetic").version
    assert {"teacher", "rig", "marotte"} <= set(labels.provenance)
    assert plan_labels(LabelJob(corpus, "phonetic")).parts == ()


def test_a_partly_labelled_part_is_completed(corpus, fake_teacher):
    label_here(LabelJob(corpus, "fake", filter=Filter.parse(["untranscribed", "source=queen"])))
    assert fake_teacher.calls == ["queen/joe/0002", "queen/joe/0005"]
    assert Store(corpus).labelled_parts("fake") == ["queen-00000"]
    label_here(LabelJob(corpus, "fake", filter=Filter.parse(["split=train"])))
    label_here(LabelJob(corpus, "fake"))
    assert sorted(fake_teacher.calls) == processed(corpus, "fake") == ids(corpus)


@pytest.mark.parametrize(
    ("only", "message"),
    [("moon", "'untranscribed', or"), ("source=", "can't filter"), ("source=moon", "no speech in")],
)
def test_invalid_filters_are_refused(corpus, only, message):
    result = run("label", corpus, "--only", only)
    assert result.exit_code == 2
    assert message in result.output


def test_labels_by_another_version_are_replaced_only_with_again(corpus, fake_teacher):
    label_here(LabelJob(corpus, "fake", filter=Filter.parse(["source=queen"])))
    fake_teacher.version, fake_teacher.calls = "2", []
    with pytest.raises(MarotteError, match=r"version 1: 1 parts\).*version 2: give --again"):
        plan_labels(LabelJob(corpus, "fake"))
    # Old labels that the filter excludes are replaced too: a label file has only one version.
    label_here(LabelJob(corpus, "fake", filter=Filter.parse(["untranscribed"]), again=True))
    assert sorted(fake_teacher.calls) == processed(corpus, "fake")
    assert len(fake_teacher.calls) == 6 + 2
    assert Store(corpus).label_format("fake", "queen-00000").version == "2"
    label_here(LabelJob(corpus, "fake"))
    assert sorted(fake_teacher.calls) == processed(corpus, "fake") == ids(corpus)


def test_left_out_utterances_are_retried_with_again(corpus, fake_teacher):
    fake_teacher.outcomes = {3: Skip("too odd")}
    assert [result.left_out for result in label_here(LabelJob(corpus, "fake"))] == [
        {"too odd": 1}
    ] * 2
    fake_teacher.outcomes, fake_teacher.calls = {}, []
    assert label_here(LabelJob(corpus, "fake")) == []
    assert [result.labelled for result in label_here(LabelJob(corpus, "fake", again=True))] == [
        1,
        1,
    ]
    assert fake_teacher.calls == ["hibari/joe/0003", "queen/joe/0003"]
    assert processed(corpus, "fake") == ids(corpus)


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (ValueError("no idea"), r"'fake' failed at hibari/joe/0003: ValueError: no idea \(.*line"),
        (MarotteError("no file"), "hibari/joe/0003: no file"),
        (np.full((30, 52), np.nan), "labels of hibari/joe/0003 hold NaN"),
        (np.zeros((30, 51)), "shape"),
    ],
)
def test_a_failure_is_reported_and_retried(corpus, fake_teacher, outcome, message):
    fake_teacher.outcomes = {3: outcome}
    [result, _] = label_here(LabelJob(corpus, "fake"))
    assert (result.labelled, len(result.failed)) == (5, 1)
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(result.failed[0])
    fake_teacher.outcomes, fake_teacher.calls = {}, []
    label_here(LabelJob(corpus, "fake"))
    assert fake_teacher.calls == ["hibari/joe/0003", "queen/joe/0003"]
    assert processed(corpus, "fake") == ids(corpus)


def test_no_file_is_created_if_all_utterances_fail(corpus, fake_teacher):
    fake_teacher.outcomes = dict.fromkeys(range(6), ValueError("broken"))
    assert [len(result.failed) for result in label_here(LabelJob(corpus, "fake"))] == [6, 6]
    assert Store(corpus).labelled_parts("fake") == []


@pytest.mark.parametrize("damage", ["truncated", "in the middle"])
def test_a_damaged_part_is_reported_and_the_others_are_labelled(corpus, damage):
    path = corpus / "audio" / "hibari-00000.parquet"
    whole = path.read_bytes()
    middle = whole[:200] + bytes(5_000) + whole[5_200:]
    path.write_bytes(whole[:-100] if damage == "truncated" else middle)
    result = run("label", corpus, "--workers", 1)
    assert result.exit_code == 2
    assert "hibari" in result.stderr
    assert "damaged" in result.stderr
    assert "Traceback" not in result.output
    path.write_bytes(whole)
    assert run("label", corpus, "--workers", 1).exit_code == 0
    assert processed(corpus, "phonetic") == ids(corpus)


def test_a_duplicate_utterance_is_labelled_once(tmp_path, fake_teacher):
    Store(tmp_path).write_part("queen-00000", [hum(0), hum(0)])
    label_here(LabelJob(tmp_path, "fake"))
    assert processed(tmp_path, "fake") == ["queen/joe/0000"]


def test_labels_are_written_in_row_groups(tmp_path, fake_teacher):
    import pyarrow.parquet as pq

    Store(tmp_path).write_part("queen-00000", [hum(n, seconds=0.01) for n in range(70)])
    label_here(LabelJob(tmp_path, "fake"))
    path = tmp_path / "labels" / "fake" / "queen-00000.parquet"
    assert pq.read_metadata(path).num_row_groups == 3
    assert len(Store(tmp_path).labels("fake", "queen-00000").curves) == 70


def test_leftovers_are_removed_except_files_being_written(tmp_path):
    storage = open_storage(tmp_path)
    with storage.replacing("labels/x/p-00000.parquet") as temporary:
        killed = tmp_path / "labels" / "x" / ".p-00001.marotte-0123456789abcdef.parquet"
        killed.touch()
        storage.remove_leftovers("labels/x")
        temporary.write_bytes(b"whole")
    assert [path.name for path in (tmp_path / "labels" / "x").iterdir()] == ["p-00000.parquet"]


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """Return a labelled corpus of four parts of 80 s."""
    folder = tmp_path_factory.mktemp("speech")
    for part in range(4):
        utterances = [hum(100 * part + n, seconds=4) for n in range(20)]
        Store(folder).write_part(f"queen-{part:05d}", utterances)
    label_here(LabelJob(folder, "phonetic"))
    return folder


def label_files(folder):
    return {path.name: path.read_bytes() for path in (folder / "labels" / "phonetic").iterdir()}


def copy_audio(speech, folder):
    (folder / "audio").mkdir()
    for path in (speech / "audio").iterdir():
        (folder / "audio" / path.name).hardlink_to(path)
    return folder


def start_command(corpus, workers=1):
    words = [sys.executable, "-m", "marotte", "label", str(corpus), "--workers", str(workers)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_an_unfinished_file(folder):
    deadline = time.monotonic() + 60
    while not any((folder / "labels").glob("phonetic/.*")):
        assert time.monotonic() < deadline
        time.sleep(0.002)


@needs_sigkill
@pytest.mark.parametrize("workers", [1, 2])
def test_a_resumed_run_gives_the_same_files(speech, tmp_path, workers):
    corpus = copy_audio(speech, tmp_path)
    with start_command(corpus, workers) as process:
        wait_for_an_unfinished_file(corpus)
        process.kill()
    first = set(Store(corpus).labelled_parts("phonetic"))
    assert len(first) < 4
    with start_command(corpus) as again:
        output, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    assert "4 in all" in output
    assert label_files(corpus) == label_files(speech)


@needs_sigkill
def test_a_run_with_a_killed_worker_stops_and_is_resumed(speech, tmp_path):
    corpus = copy_audio(speech, tmp_path)
    job = LabelJob(corpus, "phonetic")
    results = label(job, plan_labels(job), workers=2)
    next(results)
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
    with pytest.raises(MarotteError, match="a worker process was killed"):
        list(results)
    list(label(job, plan_labels(job), workers=1))
    assert label_files(corpus) == label_files(speech)


def test_two_simultaneous_runs_give_the_same_files(speech, tmp_path):
    corpus = copy_audio(speech, tmp_path)
    with start_command(corpus) as one, start_command(corpus) as other:
        assert one.wait(60) == other.wait(60) == 0
    assert label_files(corpus) == label_files(speech)


def test_plain_pyarrow_reads_the_reasons(corpus):
    import pyarrow.parquet as pq

    label_here(LabelJob(corpus, "phonetic"))
    table = pq.read_table(corpus / "labels" / "phonetic" / "queen-00000.parquet")
    rows = {row["id"]: row for row in table.to_pylist()}
    assert rows["queen/joe/0002"]["left_out"] == "no phones"
    assert rows["queen/joe/0000"]["left_out"] is None
    assert json.loads(table.schema.metadata[b"provenance"])["teacher"] == "phonetic"
    assert Path(corpus, "labels").is_dir()

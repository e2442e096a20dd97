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

kills = pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")


def hum(number, source="queen", speaker="joe", seconds=0.5, phones=True):
    samples = 0.1 * np.random.default_rng(number).standard_normal(int(16_000 * seconds))
    said = tuple(Phone(p, 0.1 * i, 0.1 * i + 0.1) for i, p in enumerate("mɑpi")) if phones else ()
    id = f"{source}/{speaker}/{number:04d}"
    sound = samples.astype(np.float32)
    return Utterance(id, source, speaker, "en", "MIT", "", sound, 16_000, said)


@pytest.fixture
def corpus(tmp_path):
    """Two parts; of every three utterances one has no phones."""
    for part, source in (("hibari-00000", "hibari"), ("queen-00000", "queen")):
        said = [hum(n, source, phones=n % 3 != 2) for n in range(6)]
        Store(tmp_path).write_part(part, said)
    return tmp_path


class Drone(Teacher):
    """Gives half open jaws, unless it is told to do something else for a number."""

    name, version, fps, rig, needs_phones = "drone", "1", 60.0, ARKIT_52, False

    def __init__(self):
        self.asked, self.faults = [], {}

    def curves(self, utterance):
        self.asked.append(utterance.id)
        fault = self.faults.get(int(utterance.id[-4:]))
        if isinstance(fault, Exception):
            raise fault
        return np.full((30, 52), 0.5, np.float32) if fault is None else fault


@pytest.fixture
def drone(monkeypatch):
    teacher = Drone()
    monkeypatch.setattr(labelling, "open_teacher", lambda *_: teacher)
    labelling._teacher.cache_clear()
    yield teacher
    labelling._teacher.cache_clear()


def label_here(job):
    """What a run does, in this process."""
    return [label_part(job, part) for part in plan_labels(job).parts]


def settled(folder, teacher):
    """Every id that is settled, as often as it stands there."""
    store = Store(folder)
    rows = (
        row for part in store.labelled_parts(teacher) for row in store.label_rows(teacher, part)
    )
    return sorted(id for id, _, _ in rows)


def ids(folder):
    return sorted(entry.id for entry in Store(folder).entries())


def test_every_utterance_is_labelled_or_left_out_for_a_reason(corpus):
    [hibari, queen] = label_here(LabelJob(corpus, "phonetic"))
    assert (hibari.labelled, hibari.left_out) == (4, {"no phones": 2})
    assert (queen.labelled, queen.seconds, queen.failed) == (4, 3.0, ())
    labels = Store(corpus).labels("phonetic", "queen-00000")
    assert sorted([*labels.curves, *labels.left_out]) == [f"queen/joe/{n:04d}" for n in range(6)]
    assert labels.left_out["queen/joe/0002"] == "no phones"
    assert labels.provenance["version"] == open_teacher("phonetic").version
    assert {"teacher", "rig", "marotte"} <= set(labels.provenance)
    assert plan_labels(LabelJob(corpus, "phonetic")).parts == ()


def test_a_part_labelled_in_pieces_is_completed(corpus, drone):
    label_here(LabelJob(corpus, "drone", filter=Filter.parse(["untranscribed", "source=queen"])))
    assert drone.asked == ["queen/joe/0002", "queen/joe/0005"]
    assert Store(corpus).labelled_parts("drone") == ["queen-00000"]
    label_here(LabelJob(corpus, "drone", filter=Filter.parse(["split=train"])))
    label_here(LabelJob(corpus, "drone"))
    assert sorted(drone.asked) == settled(corpus, "drone") == ids(corpus)


@pytest.mark.parametrize(
    ("only", "words"),
    [("moon", "'untranscribed', or"), ("source=", "can't filter"), ("source=moon", "no speech in")],
)
def test_only_what_there_is_can_be_chosen(corpus, only, words):
    result = run("label", corpus, "--only", only)
    assert result.exit_code == 2
    assert words in result.output


def test_labels_by_another_version_are_said_and_made_again(corpus, drone):
    label_here(LabelJob(corpus, "drone", filter=Filter.parse(["source=queen"])))
    drone.version, drone.asked = "2", []
    with pytest.raises(MarotteError, match=r"version 1: 1 parts\).*version 2: give --again"):
        plan_labels(LabelJob(corpus, "drone"))
    # What was labelled is labelled anew even where it is not asked for: one file, one version.
    label_here(LabelJob(corpus, "drone", filter=Filter.parse(["untranscribed"]), again=True))
    assert sorted(drone.asked) == settled(corpus, "drone")
    assert len(drone.asked) == 6 + 2
    assert Store(corpus).label_format("drone", "queen-00000").version == "2"
    label_here(LabelJob(corpus, "drone"))
    assert sorted(drone.asked) == settled(corpus, "drone") == ids(corpus)


def test_what_was_left_out_is_tried_again_when_asked(corpus, drone):
    drone.faults = {3: Skip("too odd")}
    assert [done.left_out for done in label_here(LabelJob(corpus, "drone"))] == [{"too odd": 1}] * 2
    drone.faults, drone.asked = {}, []
    assert label_here(LabelJob(corpus, "drone")) == []
    assert [done.labelled for done in label_here(LabelJob(corpus, "drone", again=True))] == [1, 1]
    assert drone.asked == ["hibari/joe/0003", "queen/joe/0003"]
    assert settled(corpus, "drone") == ids(corpus)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ValueError("no idea"), r"'drone' failed at hibari/joe/0003: ValueError: no idea \(.*line"),
        (MarotteError("no file"), "hibari/joe/0003: no file"),
        (np.full((30, 52), np.nan), "labels of hibari/joe/0003 hold NaN"),
        (np.zeros((30, 51)), "shape"),
    ],
)
def test_a_fault_is_named_loses_nothing_else_and_is_tried_again(corpus, drone, fault, words):
    drone.faults = {3: fault}
    [done, _] = label_here(LabelJob(corpus, "drone"))
    assert (done.labelled, len(done.failed)) == (5, 1)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(done.failed[0])
    drone.faults, drone.asked = {}, []
    label_here(LabelJob(corpus, "drone"))
    assert drone.asked == ["hibari/joe/0003", "queen/joe/0003"]
    assert settled(corpus, "drone") == ids(corpus)


def test_where_everything_fails_no_file_is_begun(corpus, drone):
    drone.faults = dict.fromkeys(range(6), ValueError("broken"))
    assert [len(done.failed) for done in label_here(LabelJob(corpus, "drone"))] == [6, 6]
    assert Store(corpus).labelled_parts("drone") == []


@pytest.mark.parametrize("damage", ["cut short", "in the middle"])
def test_a_damaged_part_is_named_and_the_others_are_labelled(corpus, damage):
    path = corpus / "audio" / "hibari-00000.parquet"
    whole = path.read_bytes()
    middle = whole[:200] + bytes(5_000) + whole[5_200:]
    path.write_bytes(whole[:-100] if damage == "cut short" else middle)
    result = run("label", corpus, "--workers", 1)
    assert result.exit_code == 2
    assert "hibari" in result.stderr
    assert "damaged" in result.stderr
    assert "Traceback" not in result.output
    path.write_bytes(whole)
    assert run("label", corpus, "--workers", 1).exit_code == 0
    assert settled(corpus, "phonetic") == ids(corpus)


def test_an_utterance_that_stands_twice_is_labelled_once(tmp_path, drone):
    Store(tmp_path).write_part("queen-00000", [hum(0), hum(0)])
    label_here(LabelJob(tmp_path, "drone"))
    assert settled(tmp_path, "drone") == ["queen/joe/0000"]


def test_labels_are_written_and_read_in_groups(tmp_path, drone):
    import pyarrow.parquet as pq

    Store(tmp_path).write_part("queen-00000", [hum(n, seconds=0.01) for n in range(70)])
    label_here(LabelJob(tmp_path, "drone"))
    path = tmp_path / "labels" / "drone" / "queen-00000.parquet"
    assert pq.read_metadata(path).num_row_groups == 3
    assert len(Store(tmp_path).labels("drone", "queen-00000").curves) == 70


def test_leftovers_are_removed_but_not_from_under_those_at_work(tmp_path):
    place = open_storage(tmp_path)
    with place.replacing("labels/x/p-00000.parquet") as temporary:
        (tmp_path / "labels" / "x" / ".p-00001-killed.parquet").touch()
        place.remove_leftovers("labels/x")
        temporary.write_bytes(b"whole")
    assert [path.name for path in (tmp_path / "labels" / "x").iterdir()] == ["p-00000.parquet"]


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """Four parts of 80 s, and what labelling it undisturbed gives."""
    folder = tmp_path_factory.mktemp("speech")
    for part in range(4):
        said = [hum(100 * part + n, seconds=4) for n in range(20)]
        Store(folder).write_part(f"queen-{part:05d}", said)
    label_here(LabelJob(folder, "phonetic"))
    return folder


def files_of(folder):
    return {path.name: path.read_bytes() for path in (folder / "labels" / "phonetic").iterdir()}


def unlabelled(speech, folder):
    (folder / "audio").mkdir()
    for path in (speech / "audio").iterdir():
        (folder / "audio" / path.name).hardlink_to(path)
    return folder


def command(corpus, workers=1):
    words = [sys.executable, "-m", "marotte", "label", str(corpus), "--workers", str(workers)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_a_begun_file(folder):
    deadline = time.monotonic() + 60
    while not any((folder / "labels").glob("phonetic/.*")):
        assert time.monotonic() < deadline
        time.sleep(0.002)


@kills
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_is_resumed_and_gives_the_same(speech, tmp_path, workers):
    corpus = unlabelled(speech, tmp_path)
    with command(corpus, workers) as process:
        wait_for_a_begun_file(corpus)
        process.kill()
    first = set(Store(corpus).labelled_parts("phonetic"))
    assert len(first) < 4
    with command(corpus) as again:
        said, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    assert "4 in all" in said
    assert files_of(corpus) == files_of(speech)


@kills
def test_a_killed_worker_ends_the_run_which_is_resumed(speech, tmp_path):
    corpus = unlabelled(speech, tmp_path)
    job = LabelJob(corpus, "phonetic")
    results = label(job, plan_labels(job), workers=2)
    next(results)
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
    with pytest.raises(MarotteError, match="a worker process was killed"):
        list(results)
    list(label(job, plan_labels(job), workers=1))
    assert files_of(corpus) == files_of(speech)


def test_two_runs_at_once_spoil_nothing(speech, tmp_path):
    corpus = unlabelled(speech, tmp_path)
    with command(corpus) as one, command(corpus) as other:
        assert one.wait(60) == other.wait(60) == 0
    assert files_of(corpus) == files_of(speech)


def test_plain_pyarrow_reads_what_was_left_out(corpus):
    import pyarrow.parquet as pq

    label_here(LabelJob(corpus, "phonetic"))
    table = pq.read_table(corpus / "labels" / "phonetic" / "queen-00000.parquet")
    rows = {row["id"]: row for row in table.to_pylist()}
    assert rows["queen/joe/0002"]["left_out"] == "no phones"
    assert rows["queen/joe/0000"]["left_out"] is None
    assert json.loads(table.schema.metadata[b"provenance"])["teacher"] == "phonetic"
    assert Path(corpus, "labels").is_dir()

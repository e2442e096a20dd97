"""Tests of the corpus store: utterances and labels, written and read."""

import io
import json
import multiprocessing
import os
import signal
import time

import endless
import numpy as np
import pytest
from label_files import write_labels

from marotte.errors import MarotteError
from marotte.learn.data.dataset import load_speech
from marotte.learn.data.schema import Entry, from_row, to_row
from marotte.learn.data.store import Store
from marotte.learn.teachers.voice2face.examples import select_utterances
from marotte.learn.teachers.voice2face.recipe import SpeechConfig
from marotte.learn.utterance import Phone, Utterance


def utterance(number=0, speaker="ann", seconds=0.5, source="fake"):
    samples = np.random.default_rng(number).uniform(-0.9, 0.9, int(16_000 * seconds))
    return Utterance(
        id=f"{source}/{speaker}/{number:04d}",
        source=source,
        speaker=speaker,
        language="en",
        licence="CC0-1.0",
        text=f"number {number}",
        samples=samples.astype(np.float32),
        rate=16_000,
        phones=(Phone("n", 0.1, 0.2), Phone("ʌ", 0.2, 0.35, stress=1)),
    )


def test_utterances_are_read_as_they_were_written(tmp_path):
    store = Store(tmp_path)
    store.write_part("fake-00000", [utterance(n) for n in range(70)])
    read = list(store.utterances())
    assert [each.id for each in read] == [utterance(n).id for n in range(70)]
    for number, each in enumerate(read):
        written = utterance(number)
        assert np.abs(each.samples - written.samples).max() <= 1 / 2**15  # 16 bits
        assert each.samples.dtype == np.float32
        assert each.phones == written.phones
        assert (each.text, each.rate, each.seconds) == (written.text, written.rate, written.seconds)


def test_entries_have_everything_except_the_sound(tmp_path):
    store = Store(tmp_path)
    store.write_part("fake-00000", [utterance()])
    [entry] = store.entries()
    assert entry == Entry("fake/ann/0000", "fake", "ann", "en", "CC0-1.0", "number 0", 16_000, 0.5)


def test_plain_pyarrow_reads_a_part(tmp_path):
    import pyarrow.parquet as pq
    import soundfile

    Store(tmp_path).write_part("fake-00000", [utterance()])
    [row] = pq.read_table(tmp_path / "audio" / "fake-00000.parquet").to_pylist()
    samples, rate = soundfile.read(io.BytesIO(row["flac"]))
    assert (rate, len(samples)) == (16_000, 8_000)
    assert row["phones"][1] == {"ipa": "ʌ", "start_s": 0.2, "end_s": 0.35, "stress": 1}


def test_sound_beyond_full_scale_is_clipped(tmp_path):
    loud = utterance()
    Store(tmp_path).write_part(
        "fake-00000", [Utterance(**vars(loud) | {"samples": loud.samples * 3})]
    )
    [read] = Store(tmp_path).utterances()
    assert np.abs(read.samples).max() <= 1


def test_labels_are_read_with_their_metadata(tmp_path):
    store = Store(tmp_path)
    rng = np.random.default_rng(0)
    curves = {f"u{n}": rng.uniform(0, 1, (n, 3)) for n in (5, 0, 1, 60)}
    write_labels(store, "rules", "fake-00000", curves, 60.0, ["a", "b", "c"], {"version": 2})
    labels = store.labels("rules", "fake-00000")
    assert list(labels.curves) == ["u5", "u0", "u1", "u60"]
    for id, each in labels.curves.items():
        assert each.dtype == np.float16
        np.testing.assert_array_equal(each, curves[id].astype(np.float16))
    assert (labels.fps, labels.names) == (60.0, ("a", "b", "c"))
    assert labels.provenance == {"version": 2}
    assert store.labelled_parts("rules") == ["fake-00000"]
    assert store.teachers() == ["rules"]


def test_plain_pyarrow_reads_labels(tmp_path):
    import pyarrow.parquet as pq

    write_labels(Store(tmp_path), "rules", "p-00000", {"u": np.ones((2, 3))}, 60, list("abc"), {})
    table = pq.read_table(tmp_path / "labels" / "rules" / "p-00000.parquet")
    [row] = table.to_pylist()
    assert (row["id"], row["fps"], row["n_frames"], row["curves"]) == ("u", 60, 2, [1.0] * 6)
    assert json.loads(table.schema.metadata[b"names"]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("curves", "message"),
    [(np.ones((4, 2)), "shape"), (np.ones(4), "shape"), (np.full((4, 3), np.nan), "NaN")],
)
def test_invalid_labels_are_refused(tmp_path, curves, message):
    with pytest.raises(MarotteError, match=message):
        write_labels(Store(tmp_path), "rules", "p-00000", {"u": curves}, 60, list("abc"), {})
    assert Store(tmp_path).labelled_parts("rules") == []


def test_an_empty_folder_is_not_a_corpus(tmp_path):
    with pytest.raises(MarotteError, match="corpus build"):
        Store.open(tmp_path)


def test_a_damaged_part_is_reported(tmp_path):
    store = Store(tmp_path)
    store.write_part("fake-00000", [utterance()])
    path = tmp_path / "audio" / "fake-00000.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(MarotteError, match=r"fake-00000\.parquet is damaged"):
        list(store.utterances())


def test_missing_parts_and_labels_are_reported(tmp_path):
    store = Store(tmp_path)
    store.write_part("fake-00000", [utterance()])
    with pytest.raises(MarotteError, match="no part 'other'"):
        list(store.utterances(["other"]))
    with pytest.raises(MarotteError, match="no labels by 'rules'"):
        store.labels("rules", "fake-00000")


def test_labels_by_two_versions_are_refused(tmp_path):
    store = Store(tmp_path)
    assert store.version_of("phonetic") == ""
    for part, version in (("a-0", "1"), ("a-1", "1"), ("b-0", "2")):
        store.write_part(part, [utterance()])
        if part == "b-0":
            assert store.version_of("phonetic") == "1"
        curves = {"fake/ann/0": np.zeros((30, 1))}
        write_labels(store, "phonetic", part, curves, 60.0, ["jawOpen"], {"version": version})
    message = r"\(version 1: 2 parts, version 2: 1 parts\): run `marotte label .* --again`"
    with pytest.raises(MarotteError, match=message):
        load_speech(store, "phonetic", "train", ("jawOpen",))
    with pytest.raises(MarotteError, match=message):
        select_utterances(store, "phonetic", "train", SpeechConfig({"fake": 1.0}))


def test_the_manifest_counts_minutes_by_speaker(tmp_path):
    store = Store(tmp_path)
    store.write_part("fake-00000", [utterance(n, "ann", seconds=3) for n in range(4)])
    store.write_part("asterisk_en-00000", [utterance(0, "allison", 6, "asterisk_en")])
    rows = {(r.split, r.speaker): (r.utterances, r.minutes) for r in store.manifest()}
    # Nobody else speaks, so that some of these utterances are held out.
    assert rows.pop(("test_clean", "allison")) == (1, 0.1)
    assert rows == {("train", "ann"): (3, 0.15), ("valid", "ann"): (1, 0.05)}


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a POSIX signal")
def test_a_killed_writer_leaves_no_incomplete_part(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=endless.write, args=(tmp_path,))
    process.start()
    while not any(tmp_path.glob("audio/.fake*")):
        assert process.is_alive()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    store = Store(tmp_path)
    assert all(len(list(store.utterances([part]))) == 20 for part in store.parts())
    store.remove_leftovers("audio")
    assert [path.name for path in (tmp_path / "audio").iterdir()] in ([], ["fake-00000.parquet"])


def test_a_sound_that_promises_billions_of_samples_is_an_error():
    row = to_row(utterance())
    flac = bytearray(row["flac"])
    kept = int.from_bytes(flac[18:26], "big") & ~0xF_FFFF_FFFF
    flac[18:26] = (kept | 2**36 - 1).to_bytes(8, "big")
    with pytest.raises(MarotteError, match="the sound of fake/ann/0000 in the corpus is damaged"):
        from_row({**row, "flac": bytes(flac)})


@pytest.mark.parametrize("teacher", ["../../victim", "a/b", "..", ""])
def test_names_of_teachers_and_parts_stay_in_the_corpus(tmp_path, teacher):
    store = Store(tmp_path)
    for use in (
        lambda: store.label_status(teacher, "fake-00000"),
        lambda: store.labelled_parts(teacher),
        lambda: store.label_status("phonetic", teacher),
        lambda: list(store.rows(teacher)),
        lambda: store.write_part(teacher, []),
    ):
        with pytest.raises(MarotteError, match="has the name"):
            use()
    assert not list(tmp_path.iterdir())

"""VOCASET: pickled tables of sounds and meshes, and pickles that are refused."""

import pickle

import numpy as np
import pytest
from layouts import RATE, entry, noise, skip_reason

from marotte.errors import MarotteError
from marotte.learn.corpora.sources.vocaset import Vocaset
from marotte.learn.errors import Skip


def vocaset(folder, sounds, rows, n_rows=60, protocol=2):
    folder.mkdir(exist_ok=True)
    vertices = np.arange(n_rows * 9, dtype=np.float32).reshape(n_rows, 3, 3)
    np.save(folder / "data_verts.npy", vertices)
    for name, table in (("raw_audio_fixed", sounds), ("subj_seq_to_idx", rows)):
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(table, protocol))
    return Vocaset(folder=str(folder)), vertices


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_sounds_and_vertices(tmp_path, protocol):
    rows = {"FaceTalk_1_TA": {"sentence01": {frame: 59 - frame for frame in range(60)}}}
    source, vertices = vocaset(
        tmp_path, {"FaceTalk_1_TA": {"sentence01": entry()}}, rows, protocol=protocol
    )
    assert source.items() == ["FaceTalk_1_TA/sentence01"]
    utterance = source.utterance("FaceTalk_1_TA/sentence01")
    assert utterance.id == "vocaset/FaceTalk_1_TA/FaceTalk_1_TA_sentence01"
    assert (utterance.speaker, utterance.phones, utterance.rate) == ("FaceTalk_1_TA", (), RATE)
    assert np.allclose(utterance.samples, noise(), atol=1e-4)
    assert np.array_equal(source.vertices("FaceTalk_1_TA/sentence01"), vertices[::-1])


def test_broken_entries_are_skipped(tmp_path):
    sounds = {"a": {"s1": entry(2.0), "s2": {"audio": "none"}, "s3": entry()}}
    frames = {frame: frame for frame in range(60)}
    rows = {"a": {"s1": frames, "s3": dict.fromkeys(frames, 99), "s4": frames}}
    source, _ = vocaset(tmp_path, sounds, rows)
    assert [skip_reason(source, f"a/s{k}") for k in (1, 2, 4)] == [
        "vertices of another length than the sound",
        "a sound that is not an array of samples with a sample rate",
        "no sound for the vertices",
    ]
    with pytest.raises(Skip, match=r"not in data_verts\.npy"):
        source.vertices("a/s3")


class Evil:
    def __reduce__(self):
        return (print, ("a program ran",))


@pytest.mark.parametrize("table", [Evil(), {"a": {"s": Evil()}}, [1], {"a": 1}])
def test_a_pickle_that_is_not_a_plain_table_is_refused(tmp_path, capsys, table):
    source, _ = vocaset(tmp_path, table, {})
    with pytest.raises(
        MarotteError, match=r"raw_audio_fixed.pkl is not a (pickle of plain data|file)"
    ):
        source.items()
    (tmp_path / "raw_audio_fixed.pkl").write_bytes(b"cut")
    with pytest.raises(MarotteError, match="not a pickle of plain data"):
        Vocaset(folder=str(tmp_path)).items()
    assert not capsys.readouterr().out

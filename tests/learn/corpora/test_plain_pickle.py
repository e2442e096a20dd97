"""Pickles of plain data are read without calling anything that they name."""

import os
import pickle
import struct
from contextlib import suppress

import numpy as np
import pytest

from marotte.errors import MarotteError
from marotte.learn.corpora.plain_pickle import read_plain_pickle

SHARED = np.arange(4, dtype=np.int16)
TABLE = {
    "anna": {
        "one": {"audio": np.arange(9, dtype=np.int16), "sample_rate": 22_000},
        "two": {"audio": np.float32([[0.5, -1], [2, 3]]).T, "sample_rate": np.float32(16_000)},
    },
    "texts": ["é", "", b"\xff\n'", "x" * 300, ("a", ("b",), ())],
    "numbers": [0, -1, 70_000, 2**40, -(2**70), 0.25, True, False, None, np.int64(3), np.True_],
    "shared": [SHARED, SHARED, SHARED.dtype, SHARED.dtype],
    7: bytearray(b"seven"),
}


def same(a, b):
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return a == b


def written(folder, content):
    (folder / "table.pkl").write_bytes(content)
    return folder / "table.pkl"


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_is_read_as_python_reads_it(tmp_path, protocol):
    # Protocols below 5 call `bytearray` to make one.
    table = TABLE if protocol == 5 else {key: TABLE[key] for key in TABLE if key != 7}
    assert same(read_plain_pickle(written(tmp_path, pickle.dumps(table, protocol))), table)


def test_texts_of_python_2_are_read(tmp_path):
    # {'s': 'caf\xe9'} with protocol 0, and with protocol 2.
    for content in (b"(dp0\nS's'\nS'caf\\xe9'\ns.", b"\x80\x02}U\x01sT\x04\x00\x00\x00caf\xe9s."):
        assert read_plain_pickle(written(tmp_path, content)) == {"s": "café"}


class Program:
    def __reduce__(self):
        return os.mkdir, ("made",)


POINTER = struct.pack("<Q", 0x41414141)
OBJECT_TYPE = (
    b"cnumpy\ndtype\n(X\x02\x00\x00\x00O8\x89\x88tR(J\x03\x00\x00\x00X\x01\x00\x00\x00|NNN"
    b"J\xff\xff\xff\xffJ\xff\xff\xff\xffJ\x20\x00\x00\x00tb"
)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Program()),
        pickle.dumps({"a": {"b": Program()}}, 0),
        pickle.dumps(np.array([{}], object)),
        pickle.dumps(np.dtype("O")),
        pickle.dumps(np.array(["text"])),
        pickle.dumps({(1, 2): 3}),
        pickle.dumps({1.5}),
        pickle.dumps(print),
        # An object made of bytes of the file, by a type that says that it holds no objects.
        b"\x80\x02cnumpy\nscalar\n" + OBJECT_TYPE + b"B\x08\x00\x00\x00" + POINTER + b"tR.",
        b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00exittR.",
        b"B\xff\xff\xff\xff.",
        b"\x8e" + bytes([255] * 8) + b".",
        b"I" + b"9" * 10_000 + b"\n.",
        b"h\x00.", b"t.", b"s.", b"R.", b"b.", b".", b"", b"N", b"\x97.", b"]]s.", b"}(NNu.",
    ],
)  # fmt: skip
def test_everything_else_is_refused(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, content)
    with pytest.raises(MarotteError, match="is not a pickle of plain data"):
        read_plain_pickle(path)
    assert not (tmp_path / "made").exists()


def test_a_cut_or_damaged_pickle_is_an_error_or_plain_data(tmp_path):
    content = pickle.dumps(TABLE, 2)
    rng = np.random.default_rng(0)
    for n_bytes in range(0, len(content) - 1, 9):
        with pytest.raises(MarotteError):
            read_plain_pickle(written(tmp_path, content[:n_bytes]))
    for _ in range(300):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        with suppress(MarotteError):
            read_plain_pickle(written(tmp_path, bytes(damaged)))

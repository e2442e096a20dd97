"""Archives of arrays: damaged and hostile ones are a `ValueError`, and memory stays small."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from marotte.archives import open_array, read_arrays


def archive(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return path


def header(shape: str, kind: str = "<f8") -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": kind, "fortran_order": False, "shape": (1,)}
    )
    return buffer.getvalue().replace(b"(1,)", shape.encode().ljust(4))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_are_read(tmp_path, save):
    save(tmp_path / "two.npz", a=np.arange(6).reshape(2, 3), b=np.array("name"))
    arrays = read_arrays(tmp_path / "two.npz")
    assert arrays["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert str(arrays["b"]) == "name"


def test_every_cut_file_is_an_error(tmp_path):
    np.savez(tmp_path / "whole.npz", a=np.zeros(50), b=np.zeros(3))
    content = (tmp_path / "whole.npz").read_bytes()
    for n_bytes in range(0, len(content), 7):
        (tmp_path / "cut.npz").write_bytes(content[:n_bytes])
        with pytest.raises(ValueError, match=r"."):
            read_arrays(tmp_path / "cut.npz")


def test_a_header_that_promises_more_than_there_is_is_an_error(tmp_path):
    for shape in ("(2**40,)", "(1099511627776,)", "(-1,)", "[" * 5000):
        path = archive(tmp_path / "lie.npz", {"a.npy": header(shape) + bytes(8)})
        with pytest.raises(ValueError, match=r"."):
            read_arrays(path)


def test_a_file_that_expands_without_end_is_an_error(tmp_path):
    path = archive(tmp_path / "bomb.npz", {"a.npy": bytes(2**27)})
    with pytest.raises(ValueError, match="expands to more than 100 times"):
        read_arrays(path)


def test_pickles_are_never_read(tmp_path):
    np.savez(tmp_path / "objects.npz", a=np.array([{}], object))
    with pytest.raises(ValueError, match="contradicts its header"):
        read_arrays(tmp_path / "objects.npz")


@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_that_are_no_characters_are_refused(tmp_path, order):
    names = np.array(["jaw", "brow"], f"{order}U4")
    np.savez(tmp_path / "names.npz", names=names)
    assert read_arrays(tmp_path / "names.npz")["names"].tolist() == ["jaw", "brow"]
    names.view(f"{order}u4")[1] = 0x110000
    np.savez(tmp_path / "names.npz", names=names)
    np.save(tmp_path / "names.npy", names)
    for read in (read_arrays, open_array):
        with pytest.raises(ValueError, match="not a character"):
            read(tmp_path / f"names.{'npz' if read is read_arrays else 'npy'}")

"""Files are written whole or not at all."""

import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from marotte.errors import MarotteError
from marotte.paths import check_writable, replacing


def test_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "face.csv"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.suffix == ".csv"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_failed_write_keeps_the_old_file(tmp_path: Path, failure: type[BaseException]) -> None:
    path = tmp_path / "face.csv"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise failure

    with pytest.raises(failure):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_full_disk_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="No space left"), replacing(tmp_path / "face.csv"):
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")
def test_file_gets_the_mode_of_any_new_file(tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        with replacing(tmp_path / "face.csv"):
            pass
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "face.csv").stat().st_mode) == 0o644


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="nowhere does not exist"):
        check_writable(tmp_path / "nowhere" / "face.csv")


def test_folder_as_output_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="is a folder"):
        check_writable(tmp_path)


def test_folder_that_is_not_writable_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(MarotteError, match=r"can't write into .*: Permission denied"):
        check_writable(tmp_path / "face.csv")

import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from marotte.errors import MarotteError
from marotte.paths import check_writable, replacing


def test_an_output_takes_its_place_whole(tmp_path: Path) -> None:
    path = tmp_path / "face.csv"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.suffix == ".csv"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_what_was_there(tmp_path: Path, failure: type[BaseException]) -> None:
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


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="No space left"), replacing(tmp_path / "face.csv"):
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_an_output_is_no_more_private_than_other_files(tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        with replacing(tmp_path / "face.csv"):
            pass
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "face.csv").stat().st_mode) == 0o644


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="nowhere does not exist"):
        check_writable(tmp_path / "nowhere" / "face.csv")


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="is a folder"):
        check_writable(tmp_path)


def test_a_folder_that_refuses_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(MarotteError, match=r"can't write into .*: Permission denied"):
        check_writable(tmp_path / "face.csv")

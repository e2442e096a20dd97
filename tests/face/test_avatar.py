"""The user's avatar: what is refused before a page is written."""

import re
from pathlib import Path

import pytest
from avatars import avatar, vrm0, vrm1
from typer.testing import CliRunner

from marotte.batch import Settings
from marotte.cli import app
from marotte.errors import MarotteError
from marotte.face.avatar import read_avatar
from marotte.face.scene import Scene

SAMPLE = Path(__file__).parents[2] / "samples" / "hello.wav"
PLAIN = avatar(["jawOpen"])


@pytest.mark.parametrize("content", [PLAIN, vrm0(), vrm1()])
def test_avatars_are_read_as_they_are(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "face.vrm"
    path.write_bytes(content)
    assert read_avatar(path) == content


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a GLB or VRM file"),
        (b"<html>", "is not a GLB or VRM file"),
        (PLAIN[:400], "is damaged or cut short"),
        (PLAIN[:20] + b"x" + PLAIN[21:], "is damaged or cut short"),
        (re.sub(rb'"buffers":\[{"byte', b'"buffers":[{"uri":0,"byte', PLAIN), "damaged"),
        (avatar([]), "has no morph targets"),
        (
            avatar(["jawOpen"], extensionsRequired=["EXT_meshopt_compression"]),
            "without compression",
        ),
        (avatar(["jawOpen"], meshes=[3]), "is damaged or cut short"),
    ],
)
def test_a_bad_avatar_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "face.glb"
    path.write_bytes(content)
    with pytest.raises(MarotteError, match=sentence):
        read_avatar(path)


def test_a_missing_avatar_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MarotteError, match="can't read the avatar"):
        read_avatar(tmp_path / "none.glb")


def test_an_avatar_is_for_pages(tmp_path: Path) -> None:
    (tmp_path / "face.glb").write_bytes(PLAIN)
    for output in ("face.csv", "faces/"):
        command = ["animate", str(SAMPLE), "--head", str(tmp_path / "face.glb")]
        result = CliRunner().invoke(app, [*command, "-o", str(tmp_path / output)])
        assert result.exit_code == 2
        assert "--head is for pages" in result.stderr


def test_a_bad_avatar_stops_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "face.glb").write_bytes(b"?")
    command = ["animate", str(SAMPLE), "--head", str(tmp_path / "face.glb")]
    result = CliRunner().invoke(app, [*command, "-o", str(tmp_path / "face.html")])
    assert result.exit_code == 2
    assert "is not a GLB" in result.stderr
    assert not (tmp_path / "face.html").exists()


def test_another_avatar_makes_files_out_of_date(tmp_path: Path) -> None:
    path = tmp_path / "face.glb"
    path.write_bytes(PLAIN)
    settings = Settings(scene=Scene(avatar=path))
    before = settings.fingerprint()
    path.write_bytes(vrm1())
    assert settings.fingerprint() != before

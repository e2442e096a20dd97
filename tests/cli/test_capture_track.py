"""`marotte capture track`, with a stand-in in place of MediaPipe."""

import pytest
from face_videos import StandInTracker, speaking, write_video
from typer.testing import CliRunner

from marotte.cli import app
from marotte.learn.capture import tracker

pytest.importorskip("av", reason="reading videos needs the extra 'capture'")


def invoke(*arguments):
    return CliRunner().invoke(app, ["capture", "track", *map(str, arguments)])


def test_without_mediapipe_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(tracker, "find_spec", lambda name: None)
    result = invoke(tmp_path / "a.mp4", "-o", tmp_path / "takes")
    assert result.exit_code == 2
    assert "pip install '.[capture]'" in result.output


def test_videos_become_takes_and_failures_set_the_exit_code(tmp_path, monkeypatch):
    monkeypatch.setattr(tracker, "find_spec", lambda name: True)
    monkeypatch.setattr(tracker, "MediaPipeTracker", StandInTracker)
    model = tmp_path / "face_landmarker.task"
    model.touch()
    video = write_video(tmp_path / "me.mkv", *speaking(20))
    result = invoke(video, "-o", tmp_path / "takes", "--model", model, "--show", "--workers", 1)
    assert result.exit_code == 0, result.output
    assert "jawOpen" in result.output
    assert "0.0% without a face" in result.output
    assert "ms after the sound" in result.output
    assert "not measured by the tracker, and 0: noseSneerLeft" in result.output
    assert "videos tracked: 1 in" in result.output
    assert (tmp_path / "takes/me/curves.csv").is_file()
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    result = invoke(video, broken, "-o", tmp_path / "takes", "--model", model, "--workers", 1)
    assert result.exit_code == 1
    assert "broken.mp4" in result.output
    assert "1 of 2 videos failed" in result.output
    assert "videos tracked: 0 in" in result.output
    assert "and 1 before" in result.output

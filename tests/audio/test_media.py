"""Files are read by their content: libsndfile's kinds by it, others by PyAV where it is there."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import make_voice

from marotte.audio import media
from marotte.audio.kinds import recognise
from marotte.audio.recording import open_recording
from marotte.errors import MarotteError

Write = Callable[..., Path]
RATE = 48_000
VOICE = make_voice(2, RATE)


def encode(path: Path, codec: str, late_s: float = 0.0, pictures: bool = False) -> Path:
    """Write two seconds of stereo voice by PyAV; in a video, it may begin late."""
    av = pytest.importorskip("av")
    packets: list[Any] = []  # muxed when all streams are known
    with av.open(str(path), "w") as out:
        if pictures:
            video = out.add_stream("mpeg4", rate=25)
            video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
            for number in range(60):
                picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
                picture.pts, picture.time_base = number, Fraction(1, 25)
                packets += video.encode(picture)
            packets += video.encode(None)
        stream = out.add_stream(codec, rate=RATE, layout="stereo")
        samples = np.stack([VOICE, VOICE])
        for first in range(0, len(VOICE), 4_800):
            block = np.ascontiguousarray(samples[:, first : first + 4_800])
            frame = av.AudioFrame.from_ndarray(block, "fltp", "stereo")
            frame.sample_rate, frame.pts = RATE, first + round(late_s * RATE)
            frame.time_base = Fraction(1, RATE)
            packets += stream.encode(frame)
        packets += stream.encode(None)
        out.mux(packets)
    return path


def assert_voice(sound: np.ndarray, late_s: float = 0.0) -> None:
    expected = make_voice(2, 16_000)
    start = round(late_s * 16_000)
    assert len(sound) == pytest.approx(start + len(expected), abs=16_000 * 0.08)
    n = min(len(sound) - start, len(expected))
    assert np.corrcoef(sound[start : start + n], expected[:n])[0, 1] > 0.98


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("voice.aiff", {"subtype": "PCM_16"}),
        ("voice.aiff", {"subtype": "FLOAT"}),
        ("voice.caf", {"subtype": "PCM_16"}),
        ("voice.au", {"subtype": "PCM_16"}),
        ("voice.w64", {"subtype": "PCM_24"}),
        ("voice.voc", {"subtype": "PCM_16"}),
        ("voice.ogg", {"subtype": "OPUS", "format": "OGG"}),
    ],
)
def test_kinds_of_libsndfile_are_read_whatever_they_are_called(
    write_sound: Write, name: str, options: dict[str, Any]
) -> None:
    path = write_sound(name, VOICE, RATE, **options)
    assert_voice(open_recording(path).read())
    assert_voice(open_recording(path.rename(path.with_name("voice.txt"))).read())


@pytest.mark.parametrize("name", ["voice.aiff", "voice.au", "voice.w64"])
def test_what_is_left_of_a_file_is_read_with_a_warning(
    write_sound: Write, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    path = write_sound(name, VOICE, RATE, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:-48_000])
    recording = open_recording(path)
    assert recording.seconds == pytest.approx(1.5, abs=0.01)
    assert recording.missing_s == pytest.approx(0.5, abs=0.01)
    assert len(recording.read()) == recording.n_samples
    assert "lacks the last 0.5" in caplog.text


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("voice.m4a", "aac"),
        ("voice.aac", "aac"),
        ("voice.mp4", "aac"),
        ("voice.webm", "libopus"),
        ("voice.mkv", "libopus"),
        ("voice.mov", "aac"),
        ("voice.ts", "aac"),
    ],
)
def test_other_kinds_are_read_by_pyav(tmp_path: Path, name: str, codec: str) -> None:
    path = encode(tmp_path / name, codec)
    recording = open_recording(path.rename(tmp_path / "voice.wav"))
    assert (recording.rate, recording.n_channels) == (RATE, 2)
    sound = recording.read()
    assert len(sound) == recording.n_samples
    # AAC without a container does not say that its codec adds 21 ms at the beginning.
    assert_voice(sound, late_s=1024 / RATE if name.endswith(("aac", "ts")) else 0.0)
    for block_samples in (999, 50_000):
        assert np.array_equal(np.concatenate(list(recording.blocks(block_samples))), sound)


def test_sound_of_a_video_stays_in_step_with_its_pictures(tmp_path: Path) -> None:
    path = encode(tmp_path / "voice.mkv", "libopus", late_s=0.4, pictures=True)
    assert_voice(open_recording(path).read(), late_s=0.401)


def test_file_objects_of_other_kinds_are_read(tmp_path: Path) -> None:
    path = encode(tmp_path / "voice.m4a", "aac")
    recording = open_recording(io.BytesIO(path.read_bytes()))
    assert np.array_equal(recording.read(), open_recording(path).read())


def test_video_without_sound_is_an_error(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        out.mux(stream.encode(None))
    with pytest.raises(MarotteError, match="holds no sound: give a file with a sound track"):
        open_recording(path)


def test_damaged_file_is_an_error(tmp_path: Path) -> None:
    path = encode(tmp_path / "voice.m4a", "aac")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(MarotteError, match="cut short or damaged: it can't be read as MP4"):
        open_recording(path)


def test_without_pyav_one_sentence_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "find_spec", lambda name: None)
    path = tmp_path / "voice.m4a"
    path.write_bytes(b"\0\0\0\x1cftypM4A " + bytes(100))
    with pytest.raises(MarotteError) as error:
        open_recording(path)
    message = str(error.value)
    assert message.startswith(f"{path} is MP4 or M4A: this needs the package 'av'")
    assert "pip install '.[video]'" in message
    assert message.endswith("or convert the file to WAV, e.g. with ffmpeg")


def test_text_and_pictures_are_of_no_kind() -> None:
    for start in (b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(400), b"%PDF-1.4", bytes(400)):
        assert recognise(start) is None


def test_nothing_is_left_of_a_file_that_was_read(tmp_path: Path) -> None:
    path = encode(tmp_path / "folder.m4a", "aac")
    list(open_recording(path).blocks())
    shutil.move(path, tmp_path / "moved.m4a")  # on Windows, an open file can't be moved

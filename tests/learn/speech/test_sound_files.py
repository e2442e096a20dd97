"""Sound files that can't be used, and OGG files without their last page."""

import numpy as np
import pytest
import soundfile
from layouts import RATE, noise, put

from marotte.learn.errors import Skip
from marotte.learn.speech.sound_files import (
    MAX_SECONDS,
    read_at_16_khz,
    read_sound,
    read_unfinished_ogg,
)


def test_unusable_sound_files_are_skipped(tmp_path):
    put(tmp_path / "cut.wav", noise())
    put(tmp_path / "cut.wav", (tmp_path / "cut.wav").read_bytes()[:5000])
    for name in ("cut.flac", "cut.ogg"):
        put(tmp_path / name, noise(3.0))
        whole = (tmp_path / name).read_bytes()
        put(tmp_path / name, whole[: len(whole) // 2])
    put(tmp_path / "text.wav", "no sound")
    put(tmp_path / "empty.mp3", b"")
    soundfile.write(
        tmp_path / "long.flac", np.zeros(int(8000 * MAX_SECONDS) + 8000, np.int16), 8000
    )
    for name, reason in (
        ("none.wav", "no sound file"),
        ("cut.wav", "can't be read"),
        ("cut.flac", "can't be read"),
        ("cut.ogg", "can't be read"),
        ("text.wav", "can't be read"),
        ("empty.mp3", "can't be read"),
        ("long.flac", "longer than 900 s"),
    ):
        for read in (read_sound, read_at_16_khz):
            with pytest.raises(Skip, match=reason):
                read(tmp_path / name)


def test_an_unfinished_ogg_file_is_read_on_request_only(tmp_path):
    path = tmp_path / "unended.ogg"
    put(path, noise(3.0))
    whole = path.read_bytes()
    pages = [at for at in range(len(whole)) if whole.startswith(b"OggS", at)]
    put(path, whole[: pages[-1]])
    with pytest.raises(Skip, match="can't be read"):
        read_at_16_khz(path)
    assert 1.0 < len(read_unfinished_ogg(path)) / RATE < 3.0
    for end in (pages[-1] - 20, pages[1], 0):
        put(path, whole[:end])
        with pytest.raises(Skip, match="can't be read"):
            read_unfinished_ogg(path)
    with pytest.raises(Skip, match="no sound file"):
        read_unfinished_ogg(tmp_path / "none.ogg")

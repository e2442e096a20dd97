"""The Python API: sound in the layouts of soundfile; equal frames for files and streams."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import make_voice

import marotte
from marotte import MarotteError

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def model() -> marotte.Model:
    return marotte.load("live")


VOICE = make_voice(0.5, 16_000)


def test_paths_file_objects_arrays_and_recordings_give_the_same(
    model: marotte.Model, write_sound: Write
) -> None:
    path = write_sound("voice.wav", VOICE, 16_000, subtype="FLOAT")
    expected = model.animate(path).controls
    stereo = np.stack([VOICE, VOICE], axis=1)
    with path.open("rb") as file:
        sounds: list[tuple[Any, int | None]] = [
            (str(path), None),
            (file, None),
            (io.BytesIO(path.read_bytes()), None),
            (marotte.open_recording(path), None),
            (VOICE, 16_000),
            (VOICE.astype(np.float64), 16_000),
            (stereo, 16_000),
        ]
        for sound, rate in sounds:
            np.testing.assert_array_equal(model.animate(sound, rate).controls, expected)


@pytest.mark.parametrize(
    ("sound", "rate", "message"),
    [
        (VOICE, None, "samples need their sample rate: pass rate="),
        (np.stack([VOICE, VOICE]), 16_000, r"must be \[n, channels\], .*: pass samples.T"),
        ((VOICE * 32767).astype(np.int16), 16_000, "must be floats .* int16 .*divide by 32768"),
        (np.zeros(100, bool), 16_000, "must be floats .* bool"),
        (VOICE[None, None], 16_000, "must be floats"),
        (VOICE[:0], 16_000, "0 samples"),
        ("missing.wav", None, "no such file: missing.wav"),
        ("missing.wav", 16_000, "rate= is for samples"),
        (io.StringIO("text"), None, "a file object opened in binary mode.*StringIO"),
        (io.BytesIO(b"text"), None, "sound is not a sound file"),
        ([0.0, 0.1], None, "must be a path, a file object .*got list"),
        (None, None, "must be a path, a file object .*got NoneType"),
    ],
)
def test_ambiguous_sound_is_an_error(
    model: marotte.Model, sound: Any, rate: int | None, message: str
) -> None:
    with pytest.raises(MarotteError, match=message):
        model.animate(sound, rate)


def test_truncated_file_object_is_an_error_with_its_name(
    model: marotte.Model, write_sound: Write
) -> None:
    path = write_sound("voice.flac", VOICE, 16_000)
    path.write_bytes(path.read_bytes()[:-100])
    with path.open("rb") as file, pytest.raises(MarotteError, match=r"^voice\.flac is cut short"):
        model.animate(file)


def test_unknown_names_list_the_valid_ones(model: marotte.Model) -> None:
    with pytest.raises(MarotteError, match=r"there is no student 'lively'.*live, offline, tiny"):
        marotte.load("lively")
    animation = model.animate(VOICE, 16_000)
    with pytest.raises(MarotteError, match="no control 'jawopen': the nearest is 'jawOpen'"):
        animation["jawopen"]


@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize("fps", [60, 30])
def test_stream_equals_animate(model: marotte.Model, tmp_path: Path, rate: int, fps: float) -> None:
    retarget = tmp_path / "face.toml"
    retarget.write_text("gain = 1.2\n[controls.jawOpen]\nname = 'Jaw'\n")
    voice = make_voice(1.0, rate)
    whole = model.animate(voice, rate, fps, retarget=retarget, smooth=False)
    stream = model.stream(rate, fps, retarget=retarget, smooth=False)
    frames = [frame for block in np.array_split(voice, 7) for frame in stream.push(block)]
    frames += stream.flush()
    assert stream.rig.names == whole.names
    assert "Jaw" in whole.names
    np.testing.assert_allclose([frame.controls for frame in frames], whole.controls, atol=1e-5)
    np.testing.assert_allclose([frame.time_s for frame in frames], whole.times)


def test_idle_motion_is_the_same_for_a_stream_and_a_recording(model: marotte.Model) -> None:
    voice = make_voice(4.0, 16_000)
    whole = model.animate(voice, 16_000, idle_motion=True, seed=0)
    stream = model.stream(16_000, idle_motion=True, seed=0)
    frames = stream.push(voice) + stream.flush()
    np.testing.assert_allclose([frame.controls for frame in frames], whole.controls, atol=1e-5)
    assert whole.head is not None
    np.testing.assert_allclose([frame.head for frame in frames], whole.head, atol=1e-6)
    assert whole["eyeBlinkLeft"].max() > 0.9


MOTION = {
    "gain": 1.3,
    "effort": "auto",
    "mood": "happy",
    "intensity": 0.9,
    "gaze": True,
    "idle_motion": True,
    "seed": 4,
}


@pytest.mark.parametrize("block", [37, 1234, 100_000])
def test_motion_is_the_same_for_a_stream_and_a_recording(model: marotte.Model, block: int) -> None:
    voice = np.concatenate([make_voice(1.0, 16_000), 3 * make_voice(0.5, 16_000)])
    whole = model.animate(voice, 16_000, **MOTION)
    plain = model.animate(voice, 16_000)
    stream = model.stream(16_000, **MOTION)
    frames = []
    for first in range(0, len(voice), block):
        frames += stream.push(voice[first : first + block])
    frames += stream.flush()
    np.testing.assert_allclose([frame.controls for frame in frames], whole.controls, atol=1e-5)
    assert whole.head is not None
    np.testing.assert_allclose([frame.head for frame in frames], whole.head, atol=1e-6)
    assert whole["mouthSmileLeft"].max() > plain["mouthSmileLeft"].max() + 0.3


def test_identity_settings_change_no_bit(model: marotte.Model) -> None:
    identity = {"gain": 1.0, "effort": 1.0, "mood": "neutral", "intensity": 1.0, "gaze": False}
    plain, same = model.animate(VOICE, 16_000), model.animate(VOICE, 16_000, **identity)
    np.testing.assert_array_equal(plain.controls, same.controls)
    assert plain.head is same.head is None


def test_impossible_motion_is_an_error(model: marotte.Model) -> None:
    with pytest.raises(MarotteError, match="there is no mood 'merry'"):
        model.animate(VOICE, 16_000, mood="merry")
    with pytest.raises(MarotteError, match="gain must be 0 to 3, got -1"):
        model.stream(gain=-1)


def test_saving_writes_all_files_or_none(model: marotte.Model, tmp_path: Path) -> None:
    animation = model.animate(VOICE, 16_000, fps=30)
    animation.save(tmp_path / "a.csv", str(tmp_path / "a.npz"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.npz"]
    with pytest.raises(MarotteError, match=r"can't tell what to write to 'b\.fbx'"):
        animation.save(tmp_path / "b.csv", tmp_path / "b.fbx")
    with pytest.raises(MarotteError, match="does not exist"):
        animation.save(tmp_path / "b.csv", tmp_path / "none" / "b.npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.npz"]


def test_animation_has_times_and_a_lip_gap(model: marotte.Model) -> None:
    animation = model.animate(VOICE, 16_000, fps=30)
    assert len(animation) == animation.n_frames == 15
    assert animation.seconds == 0.5
    assert animation.names == marotte.ARKIT_52.names
    np.testing.assert_allclose(animation.times, np.arange(15) / 30)
    gap = animation.lip_gap_mm
    assert gap.shape == (15,)
    assert 0 < gap.max() < 40


def test_one_model_serves_many_streams(model: marotte.Model) -> None:
    first, second = model.stream(), model.stream()
    first.push(VOICE)
    np.testing.assert_array_equal(
        [frame.controls for frame in second.push(VOICE)],
        [frame.controls for frame in model.stream().push(VOICE)],
    )

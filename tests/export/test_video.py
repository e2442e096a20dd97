"""Videos, decoded again: frames at their times, sound in step, no partial file."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from marotte.audio.recording import Recording
from marotte.audio.resampling import SAMPLE_RATE
from marotte.errors import MarotteError
from marotte.export import video
from marotte.face.animation import Animation
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, Rig
from marotte.face.scene import Scene
from marotte.model.timing import n_frames
from marotte.render import SoftwareRenderer

av = pytest.importorskip("av")
N_SAMPLES = 8_000


SMALL = Scene(size=(64, 64))


@pytest.fixture
def blank_pictures(monkeypatch):
    """A fast renderer, for tests in which the pictures don't matter."""

    class Blank:
        note = ""

        def frames(self, controls, names, head):
            return (np.zeros((64, 64, 3), np.uint8) for _ in controls)

        def close(self):
            pass

    monkeypatch.setattr(video, "open_renderer", lambda head, size, background: Blank())


def click_at(second, n_samples=N_SAMPLES):
    samples = np.zeros(n_samples, np.float32)
    start = round(second * SAMPLE_RATE)
    samples[start : start + 160] = 0.8 * np.sin(np.arange(160))
    return Recording.from_samples(samples, SAMPLE_RATE)


def make_animation(fps, recording=None, rig=ARKIT_52, scene=SMALL):
    controls = rig.neutral(n_frames(N_SAMPLES, fps))
    controls[len(controls) // 2 :, 17 % len(rig.names)] = 1  # the jaw drops halfway
    return Animation(controls, fps, rig, recording, scene=scene)


def decoded(path, kind):
    with av.open(str(path)) as container:
        return list(container.decode(**{kind: 0}))


@pytest.mark.parametrize("fps", [30, 60, 23.976, 24_000 / 1001, 12.5])
def test_frame_k_appears_at_k_over_fps(tmp_path, blank_pictures, fps):
    path = tmp_path / "out.mp4"
    animation = make_animation(fps, click_at(0.25))
    reports = []
    video.write(animation, path, lambda done, total: reports.append((done, total)))
    frames = decoded(path, "video")
    times = [float(frame.pts * frame.time_base) for frame in frames]
    np.testing.assert_allclose(times, np.arange(animation.n_frames) / fps, atol=1e-4)
    assert reports == [(k + 1, animation.n_frames) for k in range(animation.n_frames)]
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.audio[0].codec_context.name == "aac"
        rate = container.streams.video[0].average_rate
        assert float(rate) == pytest.approx(fps, rel=1e-3)
    assert list(tmp_path.iterdir()) == [path]


def test_sound_is_complete_and_in_step(tmp_path, blank_pictures):
    path = tmp_path / "out.mp4"
    video.write(make_animation(30, click_at(0.25)), path)
    frames = decoded(path, "audio")
    assert frames[0].sample_rate == SAMPLE_RATE
    assert frames[0].pts * frames[0].time_base == Fraction(0)
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    assert N_SAMPLES <= len(sound) <= N_SAMPLES + 1024, "AAC pads its last frame"
    onset = np.flatnonzero(np.abs(sound) > 0.3)[0] / SAMPLE_RATE
    assert onset == pytest.approx(0.25, abs=0.005)


def test_sound_is_heard_as_it_came(tmp_path, blank_pictures):
    time_s = np.arange(44_100) / 44_100
    stereo = 0.3 * np.stack([np.sin(9_000 * time_s), np.sin(60_000 * time_s)], axis=1)
    for samples, rate, n_channels in (
        (stereo, 44_100, 2),
        (stereo[:, [0, 1, 1]], 44_100, 1),
        (stereo[:, 0], 22_050, 1),
        (stereo[:, 0], 12_345, 1),
    ):
        path = tmp_path / "out.mp4"
        video.write(make_animation(30, Recording.from_samples(samples, rate)), path)
        frames = decoded(path, "audio")
        assert frames[0].sample_rate == (rate if rate != 12_345 else SAMPLE_RATE)
        assert frames[0].layout.nb_channels == n_channels
        assert sum(f.samples for f in frames) / frames[0].sample_rate == pytest.approx(
            len(samples) / rate, abs=0.15
        )
    video.write(make_animation(30, Recording.from_samples(stereo, 44_100)), path)
    sound = np.concatenate([f.to_ndarray() for f in decoded(path, "audio")], axis=1)
    loudest_hz = np.abs(np.fft.rfft(sound[:, :44_100])).argmax(axis=1)
    np.testing.assert_allclose(loudest_hz, [9_000 / 6.2832, 60_000 / 6.2832], atol=3)


def test_pictures_match_the_renderer(tmp_path):
    path = tmp_path / "out.mp4"
    animation = make_animation(10)
    video.write(animation, path)
    decoded_pictures = [
        frame.to_ndarray(format="rgb24").astype(int) for frame in decoded(path, "video")
    ]
    renderer = SoftwareRenderer(load_head(), (64, 64), "face")
    for k in (0, len(decoded_pictures) - 1):
        expected = renderer.frame(animation.controls[k], ARKIT_52.names).astype(int)
        assert np.abs(decoded_pictures[k] - expected).mean() < 5
    with av.open(str(path)) as container:
        assert not container.streams.audio


def test_the_head_turns(tmp_path):
    path = tmp_path / "out.mp4"
    still = make_animation(10)
    head = np.float32(0.3) * np.ones((still.n_frames, 3), np.float32)
    head[0] = 0
    video.write(replace(still, head=head), path)
    first, *_, last = (
        frame.to_ndarray(format="rgb24").astype(int) for frame in decoded(path, "video")
    )
    renderer = SoftwareRenderer(load_head(), (64, 64), "face")
    for picture, k in ((first, 0), (last, -1)):
        expected = renderer.frame(still.controls[k], ARKIT_52.names, head[k]).astype(int)
        unturned = renderer.frame(still.controls[k], ARKIT_52.names).astype(int)
        assert np.abs(picture - expected).mean() < 5
        assert (np.abs(picture - unturned).mean() > 10) == (k == -1)


def test_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"before")
    other = Rig("other", ("wag", "ear"), (0, 0), (1, 1), ())
    with pytest.raises(MarotteError, match="has none of the controls"):
        video.write(make_animation(30, rig=other), path)

    def damaged(n):
        yield np.zeros(n, np.float32)
        raise MarotteError("the file is cut short")

    with pytest.raises(MarotteError, match="cut short"):
        video.write(make_animation(30, Recording(None, SAMPLE_RATE, 40_000, damaged)), path)
    with pytest.raises(MarotteError, match="does not exist"):
        video.write(make_animation(30), tmp_path / "nowhere" / "out.mp4")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_package_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MarotteError, match=r"pip install '\.\[video\]'"):
        video.write(make_animation(30), tmp_path / "out.mp4")


def test_videos_have_the_size_and_the_background(tmp_path):
    path = tmp_path / "out.mp4"
    blue = Scene(size=(128, 96), background=(0.0, 0.0, 1.0))
    video.write(make_animation(10, scene=blue), path)
    picture = decoded(path, "video")[0].to_ndarray(format="rgb24").astype(int)
    assert picture.shape == (96, 128, 3)
    np.testing.assert_allclose(picture[2, 2], [0, 0, 255], atol=8)


def alpha_of(path, codec):
    """Return the alpha [n_frames, height, width] that a decoder of ffmpeg finds, 0 to 1."""
    decoder = av.CodecContext.create(codec, "r")
    planes = []
    with av.open(str(path)) as container:
        decoder.extradata = container.streams.video[0].codec_context.extradata
        for packet in container.demux(video=0):
            for frame in decoder.decode(packet if packet.size else None):
                planes.append(frame.reformat(format="rgba").to_ndarray()[..., 3] / 255)
    return np.stack(planes)


@pytest.mark.parametrize(("ending", "codec"), [("webm", "libvpx-vp9"), ("mov", "prores")])
def test_transparent_videos(tmp_path, ending, codec):
    path = tmp_path / f"out.{ending}"
    stereo = 0.3 * np.sin(np.arange(44_100)[:, None] * [0.2, 0.3])
    recording = Recording.from_samples(stereo, 44_100)
    animation = make_animation(10, recording, scene=Scene(size=(128, 128), background=None))
    video.write(animation, path)
    alpha = alpha_of(path, codec)
    assert len(alpha) == animation.n_frames
    assert alpha[:, 0].max() < 0.05, "the head does not reach the upper edge"
    assert alpha[:, 64, 64].min() > 0.95
    assert 0.2 < alpha[0].mean() < 0.6
    sound = decoded(path, "audio")
    assert sound[0].layout.nb_channels == 2
    assert sound[0].sample_rate == (48_000 if ending == "webm" else 44_100)
    seconds = sum(frame.samples for frame in sound) / sound[0].sample_rate
    assert seconds == pytest.approx(1.0, abs=0.05)


def test_opaque_videos_of_the_other_kinds(tmp_path):
    for ending in ("webm", "mov"):
        video.write(make_animation(10), tmp_path / f"out.{ending}")
        frames = decoded(tmp_path / f"out.{ending}", "video")
        assert len(frames) == 5
        corner = frames[0].to_ndarray(format="rgb24")[1, 1]
        np.testing.assert_allclose(corner, [230, 232, 237], atol=6)


def test_mp4_is_never_transparent(tmp_path):
    with pytest.raises(MarotteError, match=r"out.mp4 can't be transparent: write .webm or .mov"):
        make_animation(10, scene=Scene(background=None)).save(tmp_path / "out.mp4")
    assert not list(tmp_path.iterdir())


def test_missing_encoder_is_named(tmp_path, monkeypatch):
    def none(name, mode):
        raise ValueError(name)

    monkeypatch.setattr(av, "Codec", none)
    with pytest.raises(MarotteError, match="has no encoder libvpx-vp9"):
        video.write(make_animation(10), tmp_path / "out.webm")

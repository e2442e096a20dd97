"""Videos become tracks and takes. A stand-in replaces MediaPipe in all tests but one."""

import csv
import json
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from face_videos import LOST, OPEN, REST, StandInTracker, speaking, write_video

import marotte
from marotte import ARKIT_52, MarotteError
from marotte.learn.capture.loaders import load_takes
from marotte.learn.capture.track import load_track, save_track, track_video
from marotte.learn.capture.track_videos import track_videos
from marotte.learn.capture.tracker import MediaPipeTracker
from marotte.learn.capture.video import read_pictures, upright, video_seconds

pytest.importorskip("av", reason="reading videos needs the extra 'capture'")


def test_pictures_come_with_their_presentation_times_and_small_ones_are_enlarged(tmp_path):
    times_s = np.array([0, 0.033, 0.1, 0.11, 0.3])  # a variable frame rate
    path = write_video(tmp_path / "a.mkv", [0.2, 0.4, 0.6, 0.8, 0.5], times_s)
    times, pictures = zip(*read_pictures(path), strict=True)
    np.testing.assert_allclose(times, times_s, atol=1e-3)
    assert pictures[0].shape == (128, 192, 3)
    np.testing.assert_allclose(
        [each.mean() / 255 for each in pictures], [0.2, 0.4, 0.6, 0.8, 0.5], atol=0.03
    )
    assert video_seconds(path) > 0.3
    assert video_seconds(tmp_path / "missing.mkv") == 0


@pytest.mark.parametrize(
    ("rotation", "corner"), [(0, (0, 0)), (-90, (0, -1)), (90, (-1, 0)), (180, (-1, -1))]
)
def test_pictures_of_a_phone_are_turned_upright(rotation, corner):
    picture = np.zeros((500, 600, 3), np.uint8)
    picture[0, 0] = 255
    frame = SimpleNamespace(
        width=600, height=500, rotation=rotation, to_ndarray=lambda **_: picture
    )
    turned = upright(frame)
    assert turned[corner].tolist() == [255] * 3
    assert turned.shape[:2] == ((500, 600) if rotation % 180 == 0 else (600, 500))


def test_frames_without_a_face_are_marked_and_sound_and_times_agree(tmp_path):
    brightness, times_s, samples = speaking()
    brightness[50:75] = LOST
    path = write_video(tmp_path / "a.mkv", brightness, times_s, samples)
    seconds = []
    track, heard = track_video(path, StandInTracker(), seconds.append)
    assert len(heard) == len(samples)
    assert sum(seconds) == pytest.approx(times_s[-1])
    assert np.flatnonzero(track.lost).tolist() == list(range(50, 75))
    assert np.isnan(track.scores[50:75]).all()
    assert track.fps == pytest.approx(25)
    expected = 12 * (brightness - REST) / (OPEN - REST) + 0.2
    np.testing.assert_allclose(np.delete(track.lip_gap_mm - expected, np.s_[50:75]), 0, atol=0.7)
    save_track(tmp_path / "take", track, heard)
    again = load_track(tmp_path / "take")
    np.testing.assert_allclose(again.scores, track.scores, atol=1e-6)
    assert (again.names, again.version) == (track.names, track.version)


def test_videos_that_can_not_be_used_say_why(tmp_path):
    brightness, times_s, samples = speaking(3)
    silent = write_video(tmp_path / "silent.mkv", brightness, times_s)
    with pytest.raises(MarotteError, match=r"silent.mkv has no sound"):
        track_video(silent, StandInTracker())
    dark = write_video(tmp_path / "dark.mkv", brightness * 0, times_s, samples)
    with pytest.raises(MarotteError, match=r"no face was found in .*dark.mkv"):
        track_video(dark, StandInTracker())
    soundfile.write(tmp_path / "sound.wav", samples, 16_000)
    with pytest.raises(MarotteError, match=r"sound.wav has no pictures"):
        track_video(tmp_path / "sound.wav", StandInTracker())
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    with pytest.raises(MarotteError, match=r"text.mp4"):
        track_video(text, StandInTracker())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two videos of a person, one of them with lost faces, a pose, and a file that is no video."""
    folder = tmp_path_factory.mktemp("videos")
    videos = []
    for name, seed in (("one", 1), ("two", 2)):
        brightness, times_s, samples = speaking(8, 25, seed)
        if name == "two":
            brightness[100:102] = LOST  # short: interpolated
            brightness[120:145] = LOST
        videos.append(write_video(folder / f"{name}.mkv", brightness, times_s, samples))
    pose = np.full(30, OPEN)
    videos.append(
        write_video(
            folder / "pose-open.mkv", pose, np.arange(30) / 25, np.zeros(19_200, np.float32)
        )
    )
    broken = folder / "broken.mp4"
    broken.write_text("no video")
    progress = []
    result = track_videos(
        [*videos, broken],
        folder / "takes",
        StandInTracker,
        workers=2,
        progress=lambda *each: progress.append(each),
    )
    return SimpleNamespace(folder=folder / "takes", videos=videos, result=result, progress=progress)


def test_one_bad_video_does_not_stop_the_others(run):
    assert {path.stem for path in run.result.tracked} == {"one", "two", "pose-open"}
    [(failed, message)] = run.result.failures.items()
    assert failed[0].name == "broken.mp4"
    assert "can't read" in message or "can't be read" in message
    assert run.result.n_failed == 1
    assert not (run.folder / "broken").exists()


def test_a_take_has_sound_curves_clips_and_a_description(run):
    assert sorted(path.name for path in (run.folder / "two").iterdir()) == [
        "audio.flac", "clips.json", "curves.csv", "scores.npz", "take.json",
    ]  # fmt: skip
    take = json.loads((run.folder / "two/take.json").read_text())
    assert (take["frames"], take["lost_frames"], take["fps"]) == (200, 25, 25)
    assert take["tracker"] == "stand-in 1"
    assert take["dead"] == ["noseSneerLeft"]
    assert take["calibration"]["jawOpen"]["by"] == "open"
    with (run.folder / "two/curves.csv").open() as file:
        header, *rows = csv.reader(file)
    assert header == ["time", *ARKIT_52.names, "lipGapMm"]
    assert len(rows) == 200
    lost = [index for index, row in enumerate(rows) if row[1:] == [""] * 53]
    assert lost == list(range(120, 145))
    clips = json.loads((run.folder / "two/clips.json").read_text())
    assert all(not clip["start"] < 5.4 < clip["start"] + clip["seconds"] for clip in clips)
    assert sorted(path.name for path in (run.folder / "pose-open").iterdir()) == [
        "audio.flac",
        "scores.npz",
    ]


def test_the_loaders_read_the_takes_and_the_head_shows_the_lip_gap(run):
    takes = {take.name: take for take in load_takes(run.folder)}
    assert set(takes) == {"one", "two"}
    take = takes["one"]
    assert take.amplitudes
    assert take.clips
    assert {each.source for each in takes.values()} == {"takes"}
    controls = take.controls(60.0)
    measured = take.measured_gap_mm(60.0)
    shown = marotte.load_head().lip_gap(controls, ARKIT_52.names)
    assert np.corrcoef(shown, measured)[0, 1] > 0.98
    assert shown.std() == pytest.approx(measured.std(), rel=0.1)


def test_tracked_videos_are_skipped_and_calibrated_again(run):
    before = (run.folder / "one/scores.npz").stat().st_mtime_ns
    result = track_videos(run.videos[:1], run.folder, StandInTracker, workers=1)
    assert (result.tracked, result.skipped, list(result.takes)) == ([], run.videos[:1], ["one"])
    assert (run.folder / "one/scores.npz").stat().st_mtime_ns == before
    assert result.takes["one"]["calibration"]["jawOpen"]["by"] == "speech"
    os.utime(run.videos[0])
    again = track_videos(run.videos[:1], run.folder, StandInTracker, workers=1)
    assert again.tracked == run.videos[:1]


def test_several_people_are_calibrated_one_by_one(run):
    result = track_videos(run.videos[:2], run.folder, StandInTracker, each=True)
    assert set(result.calibrations) == {("one",), ("two",)}
    assert {name: take["set"] for name, take in result.takes.items()} == {
        "one": "one",
        "two": "two",
    }


def test_wrong_arguments_are_errors_before_any_work(run, tmp_path):
    def refused(*videos):
        with pytest.raises(MarotteError) as caught:
            track_videos(list(videos), tmp_path / "out", StandInTracker)
        assert not (tmp_path / "out").exists()
        return str(caught.value)

    assert refused(tmp_path / "no.mp4").startswith("no such file")
    grin = tmp_path / "pose-grin.mp4"
    grin.touch()
    assert "there is no pose 'grin': use pose-neutral, pose-open" in refused(grin)
    assert "only poses" in refused(run.videos[2])
    twin = tmp_path / "one.mp4"
    twin.touch()
    assert "would write the same folder" in refused(run.videos[0], twin)


MODEL = os.environ.get("MAROTTE_FACE_MODEL")


@pytest.mark.skipif(not MODEL, reason="MAROTTE_FACE_MODEL does not name a face_landmarker.task")
def test_mediapipe_measures_the_mouth_of_the_packaged_head():
    pytest.importorskip("mediapipe", reason="tracking needs the extra 'capture'")
    from marotte.render.software import SoftwareRenderer

    head = marotte.load_head()
    renderer = SoftwareRenderer(head, (480, 480), "face")
    tracker = MediaPipeTracker(Path(MODEL))
    for opened in (0.0, 0.3, 0.6):
        controls = ARKIT_52.neutral(1)
        controls[0, ARKIT_52.index["jawOpen"]] = opened
        face = tracker.track(renderer.frame(controls[0], ARKIT_52.names)[..., :3])
        expected_mm = head.lip_gap(controls, ARKIT_52.names)[0]
        assert face.lip_gap_mm == pytest.approx(expected_mm, rel=0.15, abs=0.5)
    assert tracker.track(np.zeros((480, 480, 3), np.uint8)) is None
    tracker.close()

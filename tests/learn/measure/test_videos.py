"""Comparison videos."""

import dataclasses

import av
import numpy as np
from spoken import speak

from marotte.learn.measure import videos
from marotte.learn.measure.predictors import TeacherPredictor


def test_a_video_shows_faces_side_by_side(tmp_path):
    utterance = speak("asterisk_en", "allison", 0)
    utterance = dataclasses.replace(
        utterance, samples=utterance.samples[:2000], phones=utterance.phones[:1]
    )
    teacher = TeacherPredictor("phonetic")
    videos.write_comparison(
        utterance, {"left": teacher, "right": teacher}, tmp_path / "a.mp4", "8 kHz"
    )
    with av.open(str(tmp_path / "a.mp4")) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    width = videos.PIXELS
    assert len(pictures) == 4
    assert pictures[0].shape == (width + videos.TITLE_PIXELS, 2 * width, 3)
    left, right = np.split(pictures[0][videos.TITLE_PIXELS :], 2, axis=1)
    assert np.abs(left.astype(int) - right).mean() < 3

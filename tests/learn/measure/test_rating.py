"""Blind ratings of students: the folder, the page in a browser and the plot."""

import json

import numpy as np
import pytest
from browser import NEEDS_BROWSER
from spoken import run
from synthetic import write_tiny

from marotte.errors import MarotteError
from marotte.learn.data.store import Store
from marotte.learn.measure import rating
from marotte.learn.measure.rating import Trial
from marotte.learn.utterance import Phone, Utterance

VIDEOS = ["clip-001.mp4", "clip-002.mp4", "clip-003.mp4"]


def speak(source, speaker, number):
    phones = (Phone("m", 0.5, 0.7), Phone("ɑ", 0.7, 1.0))
    sound = 0.1 * np.random.default_rng(number).normal(size=round(3.1 * 16_000))
    id = f"{source}/{speaker}/{number}"
    samples = sound.clip(-1, 1).astype(np.float32)
    return Utterance(id, source, speaker, "en", "MIT", "Ma.", samples, 16_000, phones)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("corpus"))
    utterances = [speak("queen", speaker, n) for speaker in ("naomi", "ian") for n in range(3)]
    store.write_part("queen-00000", utterances)
    return store


def test_clips_take_speakers_in_turn(store):
    clips = rating.choose_clips(store, 4)
    assert len(set(clips)) == 4
    assert [id.split("/")[1] for id in clips] == ["ian", "naomi", "ian", "naomi"]
    assert rating.choose_clips(store, 2) == clips[:2]
    with pytest.raises(MarotteError, match="ask for fewer"):
        rating.choose_clips(store, 7)


def test_of_own_recordings_the_share_held_out_is_shown(tmp_path):
    store = Store(tmp_path)
    store.write_part("me-0", [speak("folder", "me", n) for n in range(20)])
    held = {entry.id for entry in store.entries() if store.splits().of(entry) == "valid"}
    assert set(rating.choose_clips(store, 2)) == held
    with pytest.raises(MarotteError, match=r"has 2 clips of 3 to 8 s with a text, not 3"):
        rating.choose_clips(store, 3)


def test_the_folder_does_not_name_the_students(store, tmp_path, monkeypatch):
    written = []

    def write_comparison(utterance, predictors, path):
        written.append((utterance.id, list(predictors), path.name))
        path.write_bytes(b"film")

    monkeypatch.setattr("marotte.learn.measure.videos.write_comparison", write_comparison)
    student = write_tiny(tmp_path / "tiny.onnx")
    words = ["rate", "make", store.folder, student, "--clips", 2, "--ensemble"]
    result = run(*words, "-o", tmp_path / "rating")
    assert result.exit_code == 0, result.output
    assert [names for _, names, _ in written] == [["teacher", "student"]] * 4
    text = (tmp_path / "rating" / "index.html").read_text()
    assert "tiny" not in text
    assert "clip-004.mp4" in text
    key = json.loads((tmp_path / "rating" / "key.json").read_text())
    assert {(t["student"], t["utterance"]) for t in key["trials"]} == {
        (name, id) for name in ("tiny", "tiny smooth") for id in rating.choose_clips(store, 2)
    }
    again = run(*words, "-o", tmp_path / "again")
    assert again.exit_code == 0
    assert json.loads((tmp_path / "again" / "key.json").read_text()) == key


@pytest.fixture
def study(tmp_path):
    """The key of two students, and a function that writes answers."""
    trials = [Trial(VIDEOS[0], "a", "1"), Trial(VIDEOS[1], "b", "1"), Trial(VIDEOS[2], "a", "2")]
    key = {"study": rating.study_id(trials), "trials": [vars(trial) for trial in trials]}
    (tmp_path / "key.json").write_text(json.dumps(key))

    def answer(name, *scores, study=key["study"]):
        answers = {v: {"score": s} for v, s in zip(VIDEOS, scores, strict=False)}
        path = tmp_path / name
        path.write_text(json.dumps({"study": study, "rater": "", "answers": answers}))
        return path

    return tmp_path / "key.json", answer


def test_each_person_gives_one_mean_score(study, tmp_path):
    key, answer = study
    answers = [answer("x.json", 8, 5, 6), answer("y.json", 9)]
    assert rating.read_answers(key, answers) == {"a": [7, 9], "b": [5]}
    result = run("rate", "plot", *answers, "--answer-key", key, "-o", tmp_path / "plot.png")
    assert result.exit_code == 0, result.output
    assert "a: 8.00, the mean of 2" in result.output
    assert (tmp_path / "plot.png").stat().st_size > 5_000


@pytest.mark.parametrize(
    ("scores", "changes", "words"),
    [
        ((11,), {}, "holds the score 11"),
        ((True,), {}, "holds the score True"),
        ((), {}, "nobody rated"),
        ((5,), {"study": "other"}, "answers the study other"),
    ],
)
def test_impossible_answers_are_refused(study, scores, changes, words):
    key, answer = study
    with pytest.raises(MarotteError, match=words):
        rating.read_answers(key, [answer("x.json", *scores, **changes)])


def test_files_that_are_not_answers_are_refused(study, tmp_path):
    key, _ = study
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(MarotteError, match="can't read"):
        rating.read_answers(key, [tmp_path / "x.json"])
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(MarotteError, match="not of a rating page"):
        rating.read_answers(key, [tmp_path / "x.json"])


@NEEDS_BROWSER
def test_the_page_saves_and_downloads_answers(browser, study, tmp_path):
    key, _ = study
    name = json.loads(key.read_text())["study"]
    (tmp_path / "index.html").write_text(rating.page(name, VIDEOS), encoding="utf-8")
    page = browser.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    address = (tmp_path / "index.html").as_uri()
    page.goto(address)
    page.check("input[value='7']", force=True)
    page.fill("#comment", "late")
    page.click("#next")
    page.check("input[value='9']", force=True)
    page.wait_for_timeout(500)  # Chromium passes what a page stores on to the next one
    page.goto(address)  # a reopened page starts at the first clip without a rating
    assert page.inner_text("#question") == "Clip 3 of 3"
    assert page.inner_text("#count") == "2 of 3 rated"
    page.fill("#rater", "Ann O.")
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == f"Ann-O--{name}.json"
    download.value.save_as(tmp_path / "ann.json")
    page.close()
    assert not complaints
    assert rating.read_answers(key, [tmp_path / "ann.json"]) == {"a": [7], "b": [9]}
    assert (
        json.loads((tmp_path / "ann.json").read_text())["answers"][VIDEOS[0]]["comment"] == "late"
    )

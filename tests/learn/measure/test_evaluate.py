"""Evaluation: scores do not depend on the way in which controls are computed."""

import dataclasses

import numpy as np
import pytest
import torch
from label_files import write_labels

from marotte.audio.recording import Recording
from marotte.errors import MarotteError
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.learn.data.store import Store
from marotte.learn.export.onnx import export
from marotte.learn.measure.evaluate import choose_utterances, evaluate, held_out_splits, score
from marotte.learn.measure.predictors import (
    LabelPredictor,
    RunPredictor,
    SmoothedPredictor,
    StoredLabelPredictor,
    StudentPredictor,
    TeacherPredictor,
    has_labelled,
    open_student,
    outputs_of,
    smooth_controls,
    to_arkit,
)
from marotte.learn.models.student import StudentConfig, StudentNet
from marotte.learn.processes import process_pool
from marotte.learn.train import checkpoint
from marotte.learn.train.losses import LossWeights
from marotte.learn.train.recipe import StudentShape, TrainConfig, TrainingRecipe
from marotte.learn.utterance import Phone, Utterance

RECIPE = TrainingRecipe(
    name="tiny",
    corpus="corpus.toml",
    teacher="phonetic",
    student=StudentShape(8, 128, "mel", "step", batch_norm=True),
    train=TrainConfig(minutes=1, steps=1),
    loss=LossWeights(),
)


def speak(source, speaker, number, language="en", rate=16_000, seconds=1.5):
    sounds = ["m", "ɑ", "p", "æ", "b", "ʌ", "m", "ɔ"]
    phones = tuple(Phone(s, 0.1 + 0.15 * i, 0.25 + 0.15 * i) for i, s in enumerate(sounds))
    random = np.random.default_rng(number)
    sound = 0.1 * random.normal(size=round(seconds * rate))
    id = f"{source}/{speaker}/{number}"
    sound = sound.clip(-1, 1).astype(np.float32)
    return Utterance(id, source, speaker, language, "MIT", "", sound, rate, phones)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("corpus"))
    store.write_part("clean-0", [speak("asterisk_en", f"s{n % 2}", n) for n in range(6)])
    store.write_part("clean-1", [speak("asterisk_en", f"s{n % 2}", n) for n in range(6, 12)])
    spanish = [speak("asterisk_es", "a", n, "es") for n in range(2)]
    store.write_part("other", [*spanish, speak("asterisk_it", "b", 0, "it")])
    teacher = TeacherPredictor("phonetic")
    for part in store.parts():
        curves = {each.id: teacher(each) for each in store.utterances([part])}
        write_labels(store, "phonetic", part, curves, 60.0, ARKIT_52.names, {})
    return store


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run whose network has non-trivial batch norms."""
    folder = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    net = with_large_weights(
        StudentNet(StudentConfig(names=ARKIT_52.speech, **vars(RECIPE.student)))
    )
    save_run(folder, RECIPE, net)
    return folder


def save_run(folder, recipe, net):
    """Write the checkpoint of a run that has just begun."""
    optimizer = torch.optim.AdamW(net.parameters())
    state = checkpoint.TrainingState(net, net, optimizer, checkpoint.RunProgress())
    checkpoint.save_checkpoint(folder / checkpoint.CHECKPOINT_FILE, recipe, state)


def with_large_weights(net):
    """Scale the weights so that the outputs differ from frame to frame."""
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.ndim > 1:
                parameter.mul_(2.5)
    net.train()
    net(torch.randn(4, 8192) * 0.1)
    return net.eval()


@pytest.mark.parametrize(
    ("frontend", "norm"), [("mel", "step"), ("waveform", "step"), ("waveform", "window")]
)
@pytest.mark.parametrize("fps", [60.0, 24.0])
def test_shared_steps_give_the_outputs_of_single_windows(frontend, norm, fps):
    torch.manual_seed(1)
    net = with_large_weights(StudentNet(StudentConfig(8, 128, ("a", "b"), frontend, norm)))
    voice = speak("a", "b", 0, rate=22_050).samples
    recording = Recording.from_samples(voice, 22_050)
    answers = outputs_of(net, recording, fps)
    samples = np.pad(recording.read(), (net.config.window.past_samples, 8192))
    starts = np.rint(np.arange(len(answers)) * 16_000 / fps).astype(int)
    windows = np.stack([samples[start : start + 8192] for start in starts])
    with torch.no_grad():
        expected = net(torch.from_numpy(windows)).controls.numpy()
    assert np.ptp(expected, axis=0).min() > 0.01
    np.testing.assert_allclose(answers, expected, atol=1e-5)


def test_a_run_predicts_the_controls_of_its_exported_student(run, tmp_path):
    net, _ = checkpoint.load_net(run / "checkpoint.pt")
    export(net, tmp_path / "tiny.onnx", name="tiny")
    assert open_student(str(run)) == ("tiny", RunPredictor(run))
    for rate in (16_000, 11_025):
        utterance = speak("queen", "ian", 1, rate=rate)
        student = StudentPredictor(str(tmp_path / "tiny.onnx"))(utterance)
        assert student.shape == (90 + (rate != 16_000), 52)
        np.testing.assert_allclose(RunPredictor(run)(utterance), student, atol=1e-4)


def test_a_run_is_smoothed_like_its_exported_student(tmp_path):
    shape = dataclasses.replace(RECIPE.student, smooth_behind=2, smooth_ahead=1)
    net = with_large_weights(StudentNet(StudentConfig(names=ARKIT_52.speech, **vars(shape))))
    save_run(tmp_path, dataclasses.replace(RECIPE, student=shape), net)
    export(net, tmp_path / "tiny.onnx", name="tiny")
    utterance = speak("queen", "ian", 1)
    student = StudentPredictor(str(tmp_path / "tiny.onnx"))(utterance)
    np.testing.assert_allclose(RunPredictor(tmp_path)(utterance), student, atol=1e-4)
    # A student that is smoothed by itself is not smoothed again.
    assert open_student(str(tmp_path), smooth=True) == ("tiny", RunPredictor(tmp_path))
    assert open_student("live", smooth=True) == ("live", StudentPredictor("live"))


def test_a_student_without_smoothing_is_smoothed_on_request(tiny_student):
    predictor = StudentPredictor(str(tiny_student))
    assert open_student(str(tiny_student), smooth=True) == (
        "tiny smooth",
        SmoothedPredictor(predictor),
    )


def test_several_processes_give_the_same_scores(store, tiny_student, monkeypatch):
    monkeypatch.setattr("marotte.learn.measure.evaluate.CHUNK_UTTERANCES", 3)
    predictor = StudentPredictor(str(tiny_student))
    one = evaluate(predictor, store, "test_clean")
    with process_pool(2) as pool:
        two = evaluate(predictor, store, "test_clean", pool=pool)
    assert [each.name for each in one] == ["asterisk_en/s0", "asterisk_en/s1", "all"]
    for a, b in zip(one, two, strict=True):
        assert a.mse == pytest.approx(b.mse, rel=1e-5)
        np.testing.assert_allclose(a.closures.open_mm, b.closures.open_mm, atol=1e-4)


def test_a_cap_on_minutes_chooses_the_same_speech_each_time(store):
    ids = {id for part in choose_utterances(store, "test_clean").values() for id in part}
    assert len(ids) == 12
    few = choose_utterances(store, "test_clean", minutes=4 * 1.5 / 60)
    more = choose_utterances(store, "test_clean", minutes=8 * 1.5 / 60)
    assert sum(map(len, few.values())) == 4
    assert sum(map(len, more.values())) == 8
    assert all(set(few[part]) <= set(more[part]) for part in few)
    assert evaluate(LabelPredictor("phonetic"), store, "test_clean", minutes=0.1)[
        -1
    ].minutes == pytest.approx(0.1)


def test_languages_are_scored_by_language(store):
    scores = evaluate(LabelPredictor("phonetic"), store, "test_languages", "teacher")
    assert [each.name for each in scores] == ["es", "it", "teacher"]


def test_a_teacher_has_no_error_to_its_own_labels(store):
    for predictor in (LabelPredictor("phonetic"), TeacherPredictor("phonetic")):
        last = evaluate(predictor, store, "test_clean")[-1]
        assert last.mse < 1e-6
        assert last.jitter_ratio == pytest.approx(1, abs=0.02)
        assert last.contact_ratio == pytest.approx(1, abs=0.02)


def test_single_labels_are_read_from_the_corpus(store):
    stored = StoredLabelPredictor(store, "phonetic")
    utterance = next(iter(store.utterances(["clean-1"])))
    controls = stored(utterance)
    np.testing.assert_allclose(controls, TeacherPredictor("phonetic")(utterance), atol=1e-3)
    with pytest.raises(MarotteError, match=r"other/a/0 of .* has no label of 'phonetic': run"):
        stored(speak("other", "a", 0))


def test_smoothing_reduces_jitter(store):
    labels = LabelPredictor("phonetic")
    plain, smooth = (
        evaluate(face, store, "test_clean")[-1] for face in (labels, SmoothedPredictor(labels))
    )
    assert smooth.jitter < plain.jitter
    made = SmoothedPredictor(TeacherPredictor("phonetic"))(speak("a", "b", 0))
    np.testing.assert_array_equal(
        made, smooth_controls(TeacherPredictor("phonetic")(speak("a", "b", 0)))
    )


def test_without_labels_there_is_no_error(store):
    utterance = speak("a", "b", 0)
    alone = score(load_head(), utterance, TeacherPredictor("phonetic")(utterance), None)
    assert np.isnan([alone.mse, alone.jitter_ratio, alone.contact_ratio]).all()
    assert alone.closures.pbm == 1


def test_smoothed_controls_are_the_mean_of_three_frames():
    curves = np.arange(5, dtype=np.float32)[:, None] ** 2
    assert smooth_controls(curves)[:, 0] == pytest.approx([1 / 3, 5 / 3, 14 / 3, 29 / 3, 41 / 3])


def test_labels_of_another_rate_and_order_become_arkit_controls():
    curves = np.array([[0, 1], [1, 0], [0, 1]], np.float16)
    controls = to_arkit(curves, ("mouthClose", "jawOpen"), 30.0)
    assert controls.shape == (6, 52)
    jaw = controls[:, ARKIT_52.index["jawOpen"]]
    assert jaw == pytest.approx([1, 0.5, 0, 0.5, 1, 1])


def test_of_own_recordings_the_share_held_out_is_scored(tmp_path):
    mine = Store(tmp_path)
    utterances = [speak("folder", "me", n) for n in range(20)]
    mine.write_part("me-0", utterances)
    assert held_out_splits(mine) == ["valid"]
    chosen = choose_utterances(mine, "valid")
    assert len(chosen["me-0"]) == 2
    assert not set(chosen["me-0"]) & set(choose_utterances(mine, "train")["me-0"])
    scores = evaluate(TeacherPredictor("phonetic"), mine, "valid")
    assert [each.name for each in scores] == ["folder/me", "all"]
    assert scores[-1].minutes == pytest.approx(2 * 1.5 / 60)
    assert not has_labelled(mine, "phonetic")
    teacher = TeacherPredictor("phonetic")
    curves = {each.id: teacher(each) for each in utterances}
    write_labels(mine, "phonetic", "me-0", curves, 60.0, ARKIT_52.names, {})
    assert has_labelled(mine, "phonetic")

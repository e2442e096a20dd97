"""The C library gives the frames of the Python stream, for any student, rate and instructions."""

import platform
import zlib
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from native import COMPILER, Refused, Student, compile_library
from random_students import expected_frames, random_records, random_student
from synthetic import make_voice

import marotte
from marotte.audio.recording import open_recording
from marotte.device.mrt import student_records
from marotte.device.records import to_bytes
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.infer.stream import Stream
from marotte.model.session import load_student

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler: install gcc or clang")

SAMPLE = Path(__file__).parents[2] / "samples" / "hello.wav"
X86 = platform.machine() in ("x86_64", "AMD64")
KERNELS = {"fastest": (), "plain": ("-DMAROTTE_NO_SIMD",)}
KERNELS |= {"sse2": ("-DMAROTTE_NO_AVX2",)} if X86 else {}
FOREIGN, VERSION, DAMAGED, RATE, ANSWER = -1, -2, -3, -5, -6


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Return a function that compiles the library once for each name in KERNELS."""
    folder, built = tmp_path_factory.mktemp("native"), {}

    def make(name="fastest"):
        if name not in built:
            built[name] = compile_library(folder, *KERNELS[name])
        return built[name]

    return make


@pytest.fixture(scope="module")
def live(build):
    """Return the shipped student, opened by the fastest kernels."""
    return Student(build(), to_bytes(student_records("live")))


@pytest.fixture(scope="module")
def small():
    """Return a small random student's network and its file."""
    net = random_student(8)
    return net, to_bytes(random_records(net))


def python_stream(rate=16_000, *, level=True):
    return Stream(load_student("live"), rate, level=level)


def python_frames(stream, sound):
    return np.array([f.controls for f in [*stream.push(sound), *stream.flush()]])


def difference(a, b):
    assert a.shape == b.shape
    return np.abs(a - b).max()


@pytest.mark.parametrize("name", KERNELS)
def test_frames_are_those_of_the_python_stream(build, name):
    voice = make_voice(1.7, 16_000)
    stream = python_stream()
    expected = python_frames(stream, voice)
    student = Student(build(name), to_bytes(student_records("live")))
    assert difference(student.voice().animate(voice), expected) < 1e-4
    assert student.info.delay == pytest.approx(stream.delay_ms / 1000)
    eight_bits = Student(build(name), to_bytes(student_records("live", int8=True)))
    assert difference(eight_bits.voice().animate(voice), expected) < 0.05


@pytest.mark.parametrize("name", ["live", "tiny"])
def test_rounding_weights_to_8_bits_hardly_moves_the_face(build, speech, name):
    exact, rounded = (
        Student(build(), to_bytes(student_records(name, int8=int8))).voice().animate(speech)
        for int8 in (False, True)
    )
    assert difference(rounded, exact) < 0.008
    head = load_head()
    gaps = [head.lip_gap(each, ARKIT_52.names) for each in (rounded, exact)]
    assert difference(*gaps) < 0.3  # mm; three times as much without balanced biases


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(
    ("frontend", "channels", "lookahead_ms"),
    [("mel", 16, 128), ("mel", 20, 0), ("mel", 48, 64), ("waveform", 12, 128)],
)
def test_any_student_gives_the_frames_of_its_network(build, name, frontend, channels, lookahead_ms):
    net = random_student(channels, frontend, lookahead_ms=lookahead_ms)
    voice = 0.3 * make_voice(0.9, 16_000) + 0.01 * np.random.default_rng(0).normal(size=14_400)
    expected = expected_frames(net, voice)
    assert np.ptp(expected, axis=0).max() > 0.01
    for int8, tolerance in ((False, 1e-4), (True, 0.05)):
        student = Student(build(name), to_bytes(random_records(net, int8=int8)))
        assert difference(student.voice(level=False).animate(voice), expected) < tolerance


@pytest.mark.parametrize("smoothing", [(1, 0), (2, 3), (7, 1)])
def test_smoothing_averages_neighbouring_predictions(build, smoothing):
    net = random_student(8, smooth_behind=smoothing[0], smooth_ahead=smoothing[1])
    voice = make_voice(0.6, 16_000)
    student = Student(build(), to_bytes(random_records(net)))
    got = student.voice(level=False).animate(voice)
    assert difference(got, expected_frames(net, voice, smoothing)) < 1e-5


@pytest.fixture(scope="module")
def speech():
    """Return half a minute of speech with pauses, an offset and noise, at -20 dBFS."""
    random, spoken = np.random.default_rng(0), open_recording(SAMPLE).read()
    parts = [np.append(spoken, np.zeros(random.integers(8000), np.float32)) for _ in range(4)]
    sound = np.concatenate(parts) * 10 ** (-1 - np.log10(spoken.std()))
    return np.float32(sound + random.normal(size=len(sound)) * 1e-4 + 1e-3)


@pytest.mark.parametrize("level_db", [-50, -20, -3])
def test_quiet_and_loud_speech_is_brought_to_a_usual_level_as_in_python(live, speech, level_db):
    sound = speech * np.float32(10 ** ((level_db + 20) / 20))
    expected = python_frames(python_stream(), sound)
    assert difference(live.voice().animate(sound), expected) < 1e-5
    plain = live.voice(level=False).animate(sound)
    assert (difference(plain, expected) > 0.02) == (level_db != -20)
    assert difference(plain, python_frames(python_stream(level=False), sound)) < 1e-5


@pytest.mark.parametrize("name", KERNELS)
def test_all_instructions_follow_the_level(build, speech, name):
    sound = speech[:48_000] / 30
    student = Student(build(name), to_bytes(student_records("live")))
    expected = python_frames(python_stream(), sound)
    assert difference(student.voice().animate(sound), expected) < 1e-5


def test_the_level_is_followed_anew_after_a_reset_or_not_at_all(live, speech):
    sound = speech[:48_000] / 30
    voice, silent = live.voice(), live.voice(level=False)
    first, plain = voice.animate(sound), silent.animate(sound)
    np.testing.assert_array_equal(voice.animate(sound), first)
    np.testing.assert_array_equal(silent.animate(sound), plain)
    live.library.marotte_follow_level(silent.memory, 1)
    np.testing.assert_array_equal(silent.animate(sound), first)


def test_impossible_samples_are_no_speech_whose_level_counts(live, speech):
    sound = speech[:96_000] / 30
    dirty = sound.copy()
    for at in range(20_000, 22_000, 100):  # as periodic as a voice
        dirty[at : at + 30] = 1e30
    clean, got = live.voice().animate(sound), live.voice().animate(dirty)
    after = int(22_000 / 16_000 * 60) + 32
    np.testing.assert_allclose(got[after:], clean[after:], atol=0.02)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_pieces_of_any_size_give_the_same_bits(live, rate):
    sound = make_voice(0.7, rate) / 50
    voice = live.voice(rate)
    whole = voice.animate(sound)
    for piece in (1, 128, 441, 5000):
        np.testing.assert_array_equal(voice.animate(sound, piece), whole)


def test_a_reset_voice_is_a_new_voice(live):
    sound = make_voice(0.5, 16_000)
    voice = live.voice()
    voice.push(np.random.default_rng(0).normal(size=9000))
    live.library.marotte_reset(voice.memory)
    np.testing.assert_array_equal(voice.animate(sound), live.voice().animate(sound))


def test_16_bit_samples_are_the_same_sound(live):
    sound = np.int16(32767 * make_voice(0.5, 16_000))
    frames = live.voice().push(sound, "marotte_push_int16")
    expected = live.voice().push(sound / np.float32(32768))
    np.testing.assert_array_equal([f for _, f in frames], [f for _, f in expected])


@pytest.mark.parametrize("n", [0, 1, 266, 267, 16_000, 16_001])
def test_the_number_of_frames_is_that_of_the_python_stream(live, n):
    stream = python_stream()
    expected = [*stream.push(np.zeros(n)), *stream.flush()]
    voice = live.voice()
    frames = voice.push(np.zeros(n)) + voice.flush()
    assert [time for time, _ in frames] == pytest.approx([f.time_s for f in expected])
    assert voice.flush() == []
    assert live.library.marotte_push(voice.memory, np.zeros(9, np.float32).ctypes.data, 9) == 0


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 44_101, 48_000, 96_000, 192_000])
def test_other_rates_give_nearly_the_frames_of_the_python_stream(live, rate):
    sound = make_voice(1.2, rate)
    stream = python_stream(rate)
    expected = python_frames(stream, sound)
    got = live.voice(rate).animate(sound)
    assert len(got) == len(expected)
    assert np.abs(got - expected).mean() < 2e-3


@pytest.mark.parametrize("rate", [7_999, 768_001, 0, -16_000])
def test_impossible_rates_are_refused(live, rate):
    assert live.library.marotte_voice_size(live.memory, rate) == 0
    with pytest.raises(Refused, match=str(RATE)):
        live.voice(rate)


def test_a_face_at_any_time_lies_on_the_line_between_two_frames(live):
    sound = make_voice(0.6, 16_000)
    frames = live.voice().animate(sound)
    voice = live.voice()
    assert voice.at(0.0) is None
    live.library.marotte_push(voice.memory, sound.ctypes.data, 1200)
    sound_left, times, got = sound[1200:], np.arange(0, 0.58, 1 / 144), []
    for time in times:
        while (face := voice.at(time)) is None:
            taken = live.library.marotte_push(voice.memory, sound_left.ctypes.data, len(sound_left))
            sound_left = sound_left[taken:]
            if not len(sound_left):
                live.library.marotte_flush(voice.memory)
        got.append(face)
    at = np.clip(times * 60, 0, len(frames) - 1)
    low = np.floor(at).astype(int)
    part = (at - low)[:, None]
    high = np.minimum(low + 1, len(frames) - 1)
    expected = frames[low] + part * (frames[high] - frames[low])
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert voice.at(0.7) is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, 1e-42])
def test_impossible_samples_are_forgotten_after_a_window(live, bad):
    sound = make_voice(2, 16_000)
    dirty = sound.copy()
    dirty[3000:3050] = bad
    voice = live.voice(level=False)
    clean, got = voice.animate(sound), voice.animate(dirty)
    assert np.isfinite(got).all()
    after = int(3050 / 16_000 * 60) + 32
    np.testing.assert_allclose(got[after:], clean[after:], atol=1e-6)


def test_loud_sound_gives_the_frames_of_the_python_stream(live):
    sound = 100 * make_voice(0.8, 16_000)
    stream = python_stream()
    expected = python_frames(stream, sound)
    assert difference(live.voice().animate(sound), expected) < 1e-4


def test_voices_in_threads_give_what_one_gives(live):
    sound = make_voice(0.5, 16_000)
    voices, got = [live.voice() for _ in range(4)], {}

    def speak(i):
        got[i] = voices[i].animate(np.float32((i + 1) / 4) * sound)

    threads = [Thread(target=speak, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(4):
        np.testing.assert_array_equal(got[i], live.voice().animate(np.float32((i + 1) / 4) * sound))


def test_a_student_says_what_it_is(live):
    contract = marotte.load("live").student.contract
    assert (live.info.name, live.info.n_controls) == (contract.name.encode(), 52)
    names = [live.library.marotte_control_name(live.memory, i) for i in range(-1, 53)]
    assert names == [None, *(n.encode() for n in marotte.ARKIT_52.names), None]


def resealed(content):
    """Return a changed file with the right size and sum."""
    head = content[:8] + len(content).to_bytes(4, "little")
    return head + zlib.crc32(content[16:]).to_bytes(4, "little") + content[16:]


@pytest.mark.parametrize(
    ("change", "result"),
    [
        (lambda c: b"", FOREIGN),
        (lambda c: b"RIFF" + c[4:], FOREIGN),
        (lambda c: c[:4] + b"\2" + c[5:], VERSION),
        (lambda c: c[:-16], DAMAGED),
        (lambda c: c[:-1] + bytes([c[-1] ^ 1]), DAMAGED),
        (lambda c: resealed(c[:-16]), DAMAGED),
        (lambda c: resealed(c.replace(b"layer9.w", b"layer9.x")), DAMAGED),
        (lambda c: resealed(c[:16]), DAMAGED),
    ],
    ids=[
        "empty",
        "foreign",
        "version",
        "short",
        "changed",
        "record cut",
        "record lost",
        "no records",
    ],
)
def test_damaged_files_are_refused(live, small, change, result):
    with pytest.raises(Refused, match=str(result)):
        Student(live.library, change(small[1]))


def test_a_wrong_answer_is_refused(live, small):
    records = random_records(small[0])
    records["golden"] = records["golden"] + np.float32(0.1)
    student = Student(live.library, to_bytes(records))
    with pytest.raises(Refused, match=str(ANSWER)):
        student.voice()
    assert b"test sound" in live.library.marotte_error(ANSWER)


@pytest.mark.parametrize("bad", [np.nan, -np.inf, 2.0])
def test_ranges_of_controls_that_are_none_are_refused(live, small, bad):
    records = random_records(small[0])
    records["low"] = np.full_like(records["low"], bad)
    with pytest.raises(Refused, match=str(DAMAGED)):
        Student(live.library, to_bytes(records))


def test_changed_files_are_refused_or_harmless(live, small):
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(400):
        content = bytearray(small[1])
        for at in random.integers(16, len(content) if random.random() < 0.5 else 1200, 3):
            content[at] = random.integers(256)
        try:
            voice = Student(live.library, resealed(bytes(content))).voice()
            assert np.isfinite(voice.animate(make_voice(0.1, 16_000))).all()
        except Refused:
            refused += 1
    assert 0 < refused < 400

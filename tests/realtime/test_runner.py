"""From an input to outputs: no queue grows, and nobody waits for a slow output."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from signals import heed_interrupts
from synthetic import Floats, make_voice
from typer.testing import CliRunner

from marotte.audio.recording import Recording
from marotte.cli import app
from marotte.errors import MarotteError
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52
from marotte.infer.ending import rest_of
from marotte.infer.evaluators import WindowEvaluator
from marotte.infer.offline import animate
from marotte.infer.stream import Stream
from marotte.model.session import Student, load_student
from marotte.realtime.input_queue import InputQueue
from marotte.realtime.inputs import Input, OnSamples, Report
from marotte.realtime.output_queue import OutputQueue
from marotte.realtime.outputs import Output, Take
from marotte.realtime.outputs.csv import CsvRecorder
from marotte.realtime.runner import LiveRunner

HELLO = Path(__file__).parents[2] / "samples" / "hello.wav"


@pytest.fixture
def student(tiny_student: Path) -> Student:
    return load_student(tiny_student)


class Played(Input):
    """Samples, in blocks of 10 ms, in real time or at once."""

    name, rate = "played", 16_000

    def __init__(self, samples: Floats, fast: bool = False) -> None:
        self.samples, self.fast = samples, fast

    def run(self, on_samples: OnSamples, stop: threading.Event, report: Report) -> None:
        begun = time.perf_counter()
        for first in range(0, len(self.samples), 160):
            due = begun + (first + 160) / 16_000
            if not self.fast:
                stop.wait(due - time.perf_counter())
            on_samples(self.samples[first : first + 160], due)


class Kept(Output):
    """Keeps frames; takes its time for each."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.frames: list[Frame] = []
        self.closed = False

    def send(self, frame: Frame) -> None:
        time.sleep(self.seconds)
        self.frames.append(frame)

    def close(self) -> None:
        self.closed = True


class Broken(Output):
    def send(self, frame: Frame) -> None:
        raise OSError("the wire is cut")


def test_input_queue_keeps_only_the_newest_seconds() -> None:
    queue = InputQueue(1000, drop=True)
    for k in range(100):
        queue.put(np.full(100, k, np.float32), float(k))
    block = queue.take()
    assert block is not None
    assert len(block.samples) == 4000
    assert block.n_lost == 6000
    assert (block.samples[0], block.at_s) == (60, 99)
    queue.end()
    assert queue.take() is None


def test_fast_mode_drops_no_frame(student: Student) -> None:
    voice = make_voice(2.5, 16_000)
    slow, quick = Kept(0.0005), Kept()
    senders = [OutputQueue("slow", slow, drop=False), OutputQueue("quick", quick, drop=False)]
    live = LiveRunner(Played(voice, fast=True), Stream(student), senders, fast=True)
    live.run()
    whole = animate(Recording.from_samples(voice, 16_000), student)
    for output in (slow, quick):
        np.testing.assert_allclose(
            [frame.controls for frame in output.frames], whole.controls, atol=1e-6
        )
        assert output.closed
    assert live.n_frames == whole.n_frames
    assert live.n_skipped == live.n_lost == 0


def test_slow_output_does_not_delay_the_others(student: Student) -> None:
    slow, quick = Kept(0.1), Kept()
    senders = [OutputQueue("slow", slow, drop=True), OutputQueue("quick", quick, drop=True)]
    live = LiveRunner(Played(make_voice(1.0, 16_000)), Stream(student), senders)
    live.run()
    assert len(quick.frames) == 60
    assert senders[1].n_dropped == 0
    assert senders[0].n_dropped > 30
    # What it gets is new: no more than its short queue lies between.
    assert slow.frames[-1].time_s == quick.frames[-1].time_s
    assert np.percentile(live.delays_ms, 90) < student.window.lookahead_ms + 60


def test_late_frames_are_dropped_and_latency_recovers_within_a_second(
    student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = WindowEvaluator.predict
    begun = time.perf_counter()

    def busy(self: WindowEvaluator, sound: object, start: int, tap: int) -> Floats:
        if 0.5 < time.perf_counter() - begun < 1.2:  # a frame takes as long as six
            time.sleep(0.1)
        return predict(self, sound, start, tap)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(WindowEvaluator, "predict", busy)
    output = Kept()
    live = LiveRunner(
        Played(make_voice(2.5, 16_000)),
        Stream(student),
        [OutputQueue("kept", output, drop=True)],
    )
    live.run()
    assert live.n_skipped > 20
    assert live.n_lost == 0
    times = np.array([frame.time_s for frame in output.frames])
    assert (np.diff(times) > 0).all()
    delays = np.array(live.delays_ms)
    late = delays > student.window.lookahead_ms + 50
    assert late.any()
    assert not late[times > 1.2 + 1.0].any()
    # While it was busy, a frame was as old as the one that was being made, not older and older.
    assert delays.max() < student.window.lookahead_ms + 400


def test_failing_output_does_not_stop_the_others(student: Student) -> None:
    lines: list[str] = []
    kept = Kept()
    senders = [
        OutputQueue("broken", Broken(), drop=False, report=lines.append),
        OutputQueue("kept", kept, drop=False),
    ]
    LiveRunner(Played(make_voice(1, 16_000), fast=True), Stream(student), senders, fast=True).run()
    assert len(kept.frames) == 60
    assert lines == ["broken: the wire is cut; it gets no more frames"]


def test_run_ends_when_all_outputs_have_failed(student: Student) -> None:
    senders = [OutputQueue("broken", Broken(), drop=True)]
    begun = time.perf_counter()
    LiveRunner(Played(make_voice(60, 16_000)), Stream(student), senders).run()
    assert time.perf_counter() - begun < 5


def test_impossible_samples_become_silence(student: Student) -> None:
    voice = make_voice(1, 16_000)
    voice[5000:5100], voice[7000] = np.nan, 1e9
    lines: list[str] = []
    kept = Kept()
    live = LiveRunner(
        Played(voice, fast=True),
        Stream(student),
        [OutputQueue("kept", kept, drop=False)],
        fast=True,
        report=lines.append,
    )
    live.run()
    assert len(lines) == 1
    assert "become silence" in lines[0]
    assert np.isfinite([frame.controls for frame in kept.frames]).all()


def test_muted_input_is_reported_once(student: Student) -> None:
    lines: list[str] = []
    live = LiveRunner(
        Played(np.zeros(5 * 16_000, np.float32), fast=True),
        Stream(student),
        [OutputQueue("kept", Kept(), drop=False)],
        fast=True,
        report=lines.append,
    )
    live.run()
    assert len(lines) == 1
    assert "nothing but zeros" in lines[0]


def test_starving_input_comes_to_rest_and_goes_on(student: Student) -> None:
    class Pausing(Played):
        """Pauses for most of a second after its first half."""

        def run(self, on_samples: OnSamples, stop: threading.Event, report: Report) -> None:
            first, second = np.array_split(self.samples, 2)
            Played(first).run(on_samples, stop, report)
            stop.wait(0.8)
            Played(second).run(on_samples, stop, report)

    arrivals: list[float] = []

    class Timed(Kept):
        def send(self, frame: Frame) -> None:
            super().send(frame)
            arrivals.append(time.perf_counter())

    output = Timed()
    voice = make_voice(1.0, 16_000)
    voice[7000:8000] = 0.3  # the mouth is open when the pause begins
    live = LiveRunner(Pausing(voice), Stream(student), [OutputQueue("kept", output, drop=True)])
    live.run()
    times = np.array([frame.time_s for frame in output.frames])
    jaw = np.array([frame.controls[ARKIT_52.index["jawOpen"]] for frame in output.frames])
    assert jaw[(times > 0.45) & (times < 0.5)].max() > 0.5
    silent = (times > 0.52) & (times < 0.52 + 0.4)  # silence takes the place of sound
    assert silent.sum() > 10
    assert jaw[silent].max() < 0.05  # what remains follows the offset of the sound
    assert max(np.diff(arrivals)) < 0.75  # the face goes on while nothing comes
    assert jaw[times > 1.2].max() > 0.1  # the second half is heard
    assert live.stream.n_pushed < 16_000 * 1.9


def test_last_frames_keep_their_pace_and_end_at_rest(student: Student) -> None:
    loud = np.full(8000, 0.3, np.float32)
    output = Kept()
    live = LiveRunner(Played(loud), Stream(student, fps=200), [OutputQueue("kept", output, True)])
    live.run()
    np.testing.assert_allclose(output.frames[-1].controls, rest_of(student))
    assert max(live.delays_ms) - min(live.delays_ms) < 400


def test_outputs_are_closed_before_an_input_error(student: Student, tmp_path: Path) -> None:
    class Bad(Played):
        def run(self, on_samples: OnSamples, stop: threading.Event, report: Report) -> None:
            super().run(on_samples, stop, report)
            raise MarotteError("voice.wav is cut short")

    recorder = CsvRecorder(tmp_path / "take.csv", Take(ARKIT_52, 60.0, 16_000))
    live = LiveRunner(
        Bad(make_voice(1, 16_000), fast=True),
        Stream(student),
        [OutputQueue("csv", recorder, drop=False)],
        fast=True,
    )
    with pytest.raises(MarotteError, match="cut short"):
        live.run()
    assert len((tmp_path / "take.csv").read_text().splitlines()) == 61


def test_output_that_does_not_close_is_reported(
    student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marotte.realtime.output_queue.CLOSE_TIMEOUT_S", 0.1)
    freed = threading.Event()

    class Stuck(Output):
        def send(self, frame: Frame) -> None:
            freed.wait()

    lines: list[str] = []
    sender = OutputQueue("stuck", Stuck(), drop=True)
    LiveRunner(
        Played(make_voice(0.3, 16_000)), Stream(student), [sender], report=lines.append
    ).run()
    freed.set()
    assert lines == ["stuck does not respond: it was not closed"]
    assert sender.n_dropped > 5


def marotte(*words: object) -> list[str]:
    return [sys.executable, "-m", "marotte", *map(str, words)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_and_sigterm_finish_the_recordings(
    tmp_path: Path, signal_number: signal.Signals
) -> None:
    outputs = [f"-o{kind}:{tmp_path}/take.{kind}" for kind in ("csv", "wav")]
    command = marotte("live", "--input", HELLO, *outputs)
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts
    ) as running:
        assert running.stderr is not None
        assert any("each frame" in line for line in iter(running.stderr.readline, ""))
        time.sleep(1.0)
        running.send_signal(signal_number)
        errors = running.stderr.read()
    assert running.returncode == 130, errors
    assert "marotte: interrupted" in errors
    with (tmp_path / "take.csv").open() as file:
        rows = list(csv.reader(file))
    assert {len(row) for row in rows} == {63}
    assert {path.name for path in tmp_path.iterdir()} == {"take.csv", "take.wav"}
    import soundfile

    seconds = soundfile.info(tmp_path / "take.wav").duration
    assert seconds > 0.3
    _, _, second, frame = map(float, rows[-1][0].split(":"))
    assert second + frame / 60 == pytest.approx(seconds, abs=1.1 / 60)  # to the sound's end


def test_the_command_prints_frames_of_piped_samples() -> None:
    voice = (make_voice(1.0, 16_000) * 32767).astype("<i2").tobytes()
    motion = ("--mood", "sad", "--gaze", "--effort", "1.2")
    command = marotte("live", "--input", "-", "--fast", "--output", "json", "--fps", "30", *motion)
    done = subprocess.run(command, input=voice, capture_output=True, check=True)
    assert done.stdout.count(b'"jawOpen"') == 30
    assert b"30 frames of 1.0 s of sound" in done.stderr
    last = json.loads(done.stdout.splitlines()[-1])["controls"]
    assert last["mouthFrownLeft"] > 0.3
    assert last["eyeLookInLeft"] > 0


@pytest.mark.parametrize(("naming", "first"), [("rpm", "viseme_sil"), ("vrm", "aa")])
def test_frames_in_other_names(tmp_path: Path, naming: str, first: str) -> None:
    take = tmp_path / "take.csv"
    words = ("--input", HELLO, "--fast", "-o", "json", "-o", f"csv:{take}", "--names", naming)
    done = subprocess.run(marotte("live", *words), capture_output=True, check=True)
    frames = [json.loads(line)["controls"] for line in done.stdout.splitlines()]
    assert next(iter(frames[0])) == first
    assert max(frame[first] for frame in frames) > 0.1
    with take.open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[2:] == list(frames[0])
    assert float(rows[100][first]) == pytest.approx(frames[100][first], abs=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--input", HELLO), "give at least one -o: livelink, vmc"),
        (("--input", HELLO, "-o", "telepathy"), "there is no output 'telepathy'"),
        (("--input", "no.wav", "-o", "json"), "no.wav"),
        (("--input", HELLO, "-o", "json", "--fps", "0"), "fps must be "),
        (("--input", "-", "-o", "json", "--rate", "100"), "rate must be 8000"),
        (("--input", HELLO, "-o", "json", "--mood", "merry"), "there is no mood 'merry'"),
        (("--input", HELLO, "-o", "json", "--effort", "x"), "effort must be 'auto' or a number"),
        (
            ("--input", HELLO, "-o", "json", "--names", "maya"),
            "there is no naming 'maya': use arkit",
        ),
        (
            ("--input", HELLO, "-o", "json", "-o", "livelink:1.2.3.4", "--names", "vrm"),
            "livelink is made of ARKit's curves, not of vrm's: leave --names out, or use udp",
        ),
    ],
)
def test_bad_options(words: tuple[object, ...], message: str) -> None:
    done = CliRunner().invoke(app, ["live", *map(str, words)])
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1

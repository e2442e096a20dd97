"""The live page in Chromium, whose fake microphone plays a sound file."""

import base64
import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import NEEDS_BROWSER, Opened, speaking_chromium

from marotte.audio.recording import Recording, open_recording
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52
from marotte.infer.offline import animate
from marotte.model.session import load_student
from marotte.realtime.outputs import Take
from marotte.realtime.outputs.websocket import connect
from marotte.web import server, session
from marotte.web.guard import Access
from marotte.web.server import Viewer
from marotte.web.serving import BackgroundServer, address, listen

pytestmark = NEEDS_BROWSER
pytest.importorskip("uvicorn")
SAMPLE = Path(__file__).parents[2] / "samples" / "hello.wav"
FPS = 60.0
RATE = 16_000
SPEECH_S, SILENCE_S = 2.6, 5.0
OPEN_MM, CLOSED_MM = 6.0, 2.0  # between the lips
OPEN_JAW = 0.03


def speech() -> np.ndarray:
    """The first seconds of the sample."""
    return open_recording(SAMPLE).read()[: round(SPEECH_S * RATE)]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser whose microphone gives speech and silence in turn."""
    import soundfile

    path = tmp_path_factory.mktemp("microphone") / "speech.wav"
    silence = np.zeros(round(SILENCE_S * RATE), np.float32)
    soundfile.write(path, np.concatenate([speech(), silence]), RATE)
    with speaking_chromium(path) as browser:
        yield browser


def serve(port: int = 0) -> tuple[BackgroundServer, str]:
    viewer = Viewer(Access.for_host("127.0.0.1"), ARKIT_52, FPS, [load_student()])
    listening = listen(port=port)
    return BackgroundServer(viewer, listening), address(viewer, listening)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    background, url = serve()
    yield url
    background.close()


@pytest.fixture
def opened(browser: Any, url: str) -> Iterator[Opened]:
    opened = Opened(browser, url, 900, 700)
    opened.until("marotte.state === 'connected'")
    yield opened
    assert opened.errors == []
    opened.page.close()


def test_mouth_opens_on_speech_and_closes_in_silence(opened: Opened, tmp_path: Path):
    assert {url.split(":")[0] for url in opened.requests} <= {"http", "data"}
    opened.page.keyboard.press("Space")
    opened.until(f"marotte.gap() > {OPEN_MM} && marotte.level > -40")
    assert opened.ask("source") == "microphone"
    opened.until("marotte.influence('jawOpen') > 0.1")
    opened.page.screenshot(path=tmp_path / "open.png")
    closed = f"marotte.gap() < {CLOSED_MM} && marotte.influence('jawOpen') < 0.06"
    opened.until(f"marotte.level < -55 && {closed}")
    opened.page.screenshot(path=tmp_path / "closed.png")
    delay = opened.ask("delay")
    assert delay["totalMs"] == pytest.approx(sum(delay["parts"]))
    lookahead_ms, _, computing_ms, held_ms, _ = delay["parts"]
    assert lookahead_ms == pytest.approx(64 + 1000 / 60, abs=1)
    assert computing_ms > 0
    assert held_ms == 0
    assert opened.page.locator("#total").inner_text().endswith(" ms")
    opened.page.keyboard.press("Space")
    opened.until("marotte.source === '' && marotte.influence('jawOpen') === 0")


def test_take_is_downloaded_as_csv_glb_and_wav(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(session, "LATE_S", 60.0)  # no frames are dropped on a busy machine,
    monkeypatch.setattr(server, "STARVED_S", 60.0)  # whose page may stop for a moment
    opened.page.keyboard.press("r")
    # Also after the notice is gone, which a busy machine may be too late for.
    assert "nothing to record" in opened.page.locator("#notice").text_content()
    opened.page.get_by_role("button", name="Microphone").click()
    opened.until("marotte.frames > 5")
    opened.page.get_by_role("button", name="Record").click()
    first = opened.ask("frames")
    opened.until(f"marotte.frames > {first + 60}")
    opened.until(f"marotte.control('jawOpen') > {OPEN_JAW}")  # the second may have been silent
    opened.page.locator("#record").click()  # its text is the duration, which may exceed a minute
    files = {}
    for ending in ("CSV", "GLB", "WAV"):
        with opened.page.expect_download() as download:
            opened.page.get_by_role("button", name=f"Download take 1 as {ending}").click()
        assert download.value.suggested_filename == f"take-1.{ending.lower()}"
        files[ending] = Path(tmp_path / ending)
        download.value.save_as(files[ending])
    with files["CSV"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 50
    assert list(rows[0])[:3] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft"]
    assert [row["Timecode"] for row in rows[:2]] == ["00:00:00:00.000", "00:00:00:01.000"]
    assert max(float(row["JawOpen"]) for row in rows) > OPEN_JAW
    assert files["GLB"].read_bytes()[:4] == b"glTF"
    assert open_recording(files["WAV"]).seconds == pytest.approx(len(rows) / FPS, abs=1e-3)


def test_dropped_file_is_in_step_with_its_sound(
    opened: Opened, write_sound: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(session, "LATE_S", 60.0)  # no frames are dropped on a busy machine,
    monkeypatch.setattr(server, "STARVED_S", 60.0)  # whose page may stop for a moment
    voice = np.tile(speech(), 8)  # long enough for a machine that draws a picture per second
    expected = animate(Recording.from_samples(voice, RATE), load_student(), FPS)
    frames = np.arange(expected.n_frames) / FPS
    names = ["jawOpen", "mouthPucker", "mouthStretchLeft"]
    content = base64.b64encode(write_sound("voice.wav", voice, RATE).read_bytes()).decode()
    samples = opened.page.evaluate(
        """([content, names]) => new Promise(done => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([bytes], "voice.wav"));
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
            const samples = [], end = performance.now() + 90_000;
            const record = () => {
                const plays = marotte.source === "voice.wav";
                const late = performance.now() > end;
                const enough = samples.length > 60 && marotte.time > 2;
                if (late || enough || (!plays && samples.length)) return done(samples);
                if (plays && marotte.time > 0) {
                    samples.push([marotte.time, ...names.map(name => marotte.influence(name))]);
                }
                requestAnimationFrame(record);
            };
            record();
        })""",
        [content, names],
    )
    assert len(samples) > 5
    for time, *values in samples:
        for name, value in zip(names, values, strict=True):
            assert value == pytest.approx(np.interp(time, frames, expected[name]), abs=0.03)


def test_reconnects_after_a_server_restart(browser: Any):
    background, url = serve()
    try:
        opened = Opened(browser, url)
        opened.until("marotte.state === 'connected'")
        opened.page.keyboard.press("Space")
        opened.until("marotte.frames > 20")
        state = opened.page.locator("#state")
        assert state.inner_text() == "listening"
        stream = opened.ask("stream")
        background.close()
        opened.until("marotte.state === 'lost'")
        assert "trying again" in state.inner_text()
        background, _ = serve(int(url.rpartition(":")[2]))
        opened.until(f"marotte.state === 'connected' && marotte.stream > {stream}")
        opened.until("marotte.frames > 20")
        assert state.inner_text() == "listening"
        opened.page.keyboard.press("Space")
        opened.until("!marotte.source")
        assert state.inner_text() == "ready"
        opened.page.close()
    finally:
        background.close()


def test_another_microphone_can_be_chosen(opened: Opened):
    assert not opened.page.locator("#device").is_visible(), "names are known after the first use"
    opened.page.evaluate(
        """() => {
            const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            window.asked = [];
            navigator.mediaDevices.getUserMedia = (wanted) => {
                asked.push(wanted.audio.deviceId?.exact ?? "");
                return ask(wanted);
            };
        }"""
    )
    opened.page.keyboard.press("Space")
    opened.until("marotte.frames > 5 && document.getElementById('device').length > 1")
    assert opened.page.locator("#device").is_visible()
    names = opened.page.locator("#device option").all_inner_texts()
    assert len(set(names)) == len(names)
    stream = opened.ask("stream")
    opened.page.locator("#device").select_option(index=1)
    opened.until(f"marotte.stream > {stream} && marotte.source === 'microphone'")
    opened.until("marotte.frames > 5")
    chosen = opened.page.locator("#device").input_value()
    assert opened.page.evaluate("asked") == ["", chosen]
    opened.page.locator("#mic").click()
    opened.until("marotte.source === ''")
    opened.page.locator("#mic").click()  # the choice stays
    opened.until("marotte.source === 'microphone'")
    assert opened.page.evaluate("asked.at(-1)") == chosen


def test_fits_the_width_of_a_phone(browser: Any, url: str):
    opened = Opened(browser, url, 360, 740)
    opened.until("marotte.state === 'connected'")
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 360
    for name in ("Microphone", "File", "Record"):
        assert opened.page.get_by_role("button", name=name).is_visible()
    opened.page.close()


def test_keyboard_reaches_all_controls_and_buttons_keep_their_keys(opened: Opened):
    reached = []
    for _ in range(6):
        opened.page.keyboard.press("Tab")
        reached.append(opened.page.evaluate("document.activeElement.id"))
    assert reached[:5] == ["smooth", "student", "mic", "open", "record"]
    opened.page.locator("#mic").focus()
    opened.page.keyboard.press("Space")
    opened.until("marotte.source === 'microphone'")
    opened.page.keyboard.press("Space")
    opened.until("marotte.source === ''")


def test_mood_gain_and_gaze_change_the_face(opened: Opened):
    opened.page.keyboard.press("Space")
    opened.until("marotte.frames > 30")
    assert opened.ask("control('mouthSmileLeft')") < 0.3
    assert not opened.ask("control('eyeLookInLeft')")
    opened.page.get_by_label("mood").select_option("happy")
    opened.page.get_by_label("intensity").fill("1")
    opened.page.get_by_label("gaze").check()
    opened.until("marotte.influence('mouthSmileLeft') > 0.6")
    opened.until("marotte.influence('eyeLookInLeft') > 0.02")
    opened.page.get_by_label("auto").check()
    assert opened.page.locator("#effort").is_disabled()
    opened.page.get_by_label("gain").fill("3")
    opened.until(f"marotte.gap() > {3 * OPEN_MM}")
    opened.page.get_by_label("mood").select_option("neutral")
    opened.until(f"marotte.level < -55 && marotte.gap() < {CLOSED_MM}")
    opened.until("marotte.control('cheekSquintLeft') < 0.05")
    opened.page.get_by_label("gain").focus()  # a slider leaves the page its keys
    opened.page.keyboard.press("Space")
    opened.until("marotte.source === ''")


def test_shows_frames_of_another_program(browser: Any, capsys: Any):
    with listen(port=0) as free:
        port = free.getsockname()[1]
    output = connect(str(port), Take(ARKIT_52, FPS, RATE, "live"))
    try:
        opened = Opened(browser, capsys.readouterr().err.split()[-1])
        opened.until("marotte.state === 'connected'")
        controls = ARKIT_52.neutral(1)[0]
        controls[ARKIT_52.index["jawOpen"]] = 0.5
        output.send_samples(np.full(RATE // 2, 0.3, np.float32), 0)
        output.send(Frame(0.25, 116.0, controls))
        opened.until("marotte.influence('jawOpen') === 0.5")
        assert opened.page.locator("#source").inner_text() == "live, live"
        assert not opened.page.locator("#mic").is_visible()
        assert not opened.page.locator("#motion").is_visible()
        assert opened.errors == []
        opened.page.close()
    finally:
        output.close()


def test_denied_microphone_shows_a_notice(browser: Any, url: str):
    opened = Opened(browser, url)
    opened.until("marotte.state === 'connected'")
    opened.page.evaluate(
        """void (navigator.mediaDevices.getUserMedia =
            () => Promise.reject(new DOMException("no", "NotAllowedError")))"""
    )
    opened.page.keyboard.press("Space")
    opened.until("!document.getElementById('notice').hidden")
    assert "gives no microphone" in opened.page.locator("#notice").inner_text()
    assert opened.ask("source") == ""
    opened.page.close()

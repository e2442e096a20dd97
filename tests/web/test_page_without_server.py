"""The page of `marotte page` in Chromium: from disk, without a network, with a fake microphone."""

import base64
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import NEEDS_BROWSER, Opened, speaking_chromium
from typer.testing import CliRunner

from marotte.audio.recording import Recording, open_recording
from marotte.cli import app
from marotte.face.glb_file import GlbFile
from marotte.face.rig import ARKIT_52
from marotte.infer.offline import animate
from marotte.model.session import load_student
from marotte.web import pages, takes

pytestmark = NEEDS_BROWSER
SAMPLE = Path(__file__).parents[2] / "samples" / "hello.wav"
FPS = 60.0
RATE = 16_000
OPEN_MM = 5.0  # between the lips
LOCAL = ("file", "data", "blob")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page on disk."""
    path = tmp_path_factory.mktemp("page") / "live.html"
    assert pages.write_page(path) == path.stat().st_size
    return path.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser whose microphone repeats the sample."""
    import soundfile

    path = tmp_path_factory.mktemp("microphone") / "speech.wav"
    soundfile.write(path, open_recording(SAMPLE).read()[: 3 * RATE], RATE)
    with speaking_chromium(path) as browser:
        yield browser


@pytest.fixture
def opened(browser: Any, live: str) -> Iterator[Opened]:
    opened = Opened(browser, live, offline=True)
    opened.until("marotte.state === 'connected'")
    yield opened
    assert opened.errors == []
    assert {url.split(":")[0] for url in opened.requests} <= set(LOCAL)
    opened.page.close()


def test_the_microphone_moves_the_face_without_a_network(opened: Opened) -> None:
    assert not opened.page.locator("#motion").is_visible()
    opened.page.keyboard.press("Space")
    opened.until(f"marotte.gap() > {OPEN_MM} && marotte.level > -40")
    opened.until("marotte.influence('jawOpen') > 0.05")
    delay = opened.ask("delay")
    assert delay["parts"][0] == pytest.approx(1000 * 0.0807, abs=1)
    assert delay["totalMs"] == pytest.approx(sum(delay["parts"]))
    opened.page.keyboard.press("Space")
    opened.until("marotte.source === '' && marotte.influence('jawOpen') === 0")


def test_frames_of_a_file_are_those_of_a_recording(opened: Opened, tmp_path: Path) -> None:
    import soundfile

    voice = open_recording(SAMPLE).read()[: 4 * RATE]
    soundfile.write(tmp_path / "voice.wav", voice, RATE, "FLOAT")
    content = base64.b64encode((tmp_path / "voice.wav").read_bytes()).decode()
    opened.page.evaluate(
        """content => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([bytes], "voice.wav"));
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }""",
        content,
    )
    opened.until("marotte.source === 'voice.wav'")
    opened.page.keyboard.press("r")
    opened.until("marotte.source === ''")
    files = downloads(opened)
    rows = list(csv.DictReader(io.StringIO(files["CSV"].decode())))
    names = [name[0].upper() + name[1:] for name in ARKIT_52.names]
    got = np.array([[float(row[name]) for name in names] for row in rows])
    expected = animate(Recording.from_samples(voice, RATE), load_student(), FPS).controls
    first = len(expected) - len(got)
    assert first >= 0
    assert len(got) >= 30
    np.testing.assert_allclose(got, expected[first:], atol=0.03)  # weights of 8 bits


def test_takes_are_those_that_the_server_writes(opened: Opened) -> None:
    opened.page.keyboard.press("Space")
    opened.until(f"marotte.gap() > {OPEN_MM}")
    opened.page.keyboard.press("r")
    first = opened.ask("frames")
    opened.until(f"marotte.frames > {first + 60}")
    opened.page.keyboard.press("r")
    files = downloads(opened)
    rows = list(csv.reader(io.StringIO(files["CSV"].decode())))
    columns = {name: column for column, name in enumerate(rows[0])}
    order = [columns[name[0].upper() + name[1:]] for name in ARKIT_52.names]
    values = np.array([[float(row[column]) for column in order] for row in rows[1:]], "<f4")
    assert len(values) >= 50
    assert values.max() > 0.05
    content = np.pad(values, [(0, 0), (0, 3)]).tobytes()
    assert files["CSV"] == takes.write(content, "csv", ARKIT_52, FPS)
    ours, theirs = GlbFile(files["GLB"]), GlbFile(takes.write(content, "glb", ARKIT_52, FPS))
    assert ours.json["meshes"] == theirs.json["meshes"]
    keys = [[glb.accessor(i) for i in channels(glb).values()] for glb in (ours, theirs)]
    np.testing.assert_array_equal(keys[0][0], keys[1][0])
    np.testing.assert_allclose(keys[0][1], keys[1][1], atol=1e-9)
    wav = open_recording(io.BytesIO(files["WAV"]))
    assert wav.seconds == pytest.approx(len(values) / FPS, abs=1e-3)


def downloads(opened: Opened) -> dict[str, bytes]:
    """Return the files of the only take."""
    files = {}
    for ending in ("CSV", "GLB", "WAV"):
        with opened.page.expect_download() as download:
            opened.page.get_by_role("button", name=f"as {ending}").click()
        files[ending] = Path(download.value.path()).read_bytes()
    return files


def channels(glb: GlbFile) -> dict[str, int]:
    """Return the accessors of the times and the values of the only animation."""
    (animation,) = glb.json["animations"]
    ((sampler, channel),) = zip(animation["samplers"], animation["channels"], strict=True)
    assert channel["target"] == {"node": 0, "path": "weights"}
    return {"times": sampler["input"], "values": sampler["output"]}


def test_the_command_refuses_what_is_no_page(tmp_path: Path) -> None:
    for arguments, sentence in (
        (["-o", str(tmp_path / "live.txt")], "is an HTML file"),
        (["-o", str(tmp_path / "live.html"), "--student", "nobody"], "no student"),
    ):
        result = CliRunner().invoke(app, ["page", *arguments])
        assert result.exit_code == 2
        assert sentence in result.stderr
    assert list(tmp_path.iterdir()) == []

"""The page that plays an animation, opened from a file in Chromium."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import NEEDS_BROWSER, Opened

import marotte
from marotte.audio.recording import Recording
from marotte.errors import MarotteError
from marotte.export import document
from marotte.export import html as page_format
from marotte.face.animation import Animation
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, Rig

SAMPLE = Path(__file__).parents[2] / "samples" / "hello.wav"
FPS = 60.0
SECONDS = 3.0
MARKUP = "</script><b>{{sound}}&amp;'\""


def make_animation(name: str = "hello.wav", student: str = "tester") -> Animation:
    times = np.arange(int(SECONDS * FPS)) / FPS
    controls = ARKIT_52.neutral(len(times))
    controls[:, ARKIT_52.index["jawOpen"]] = 0.5 - 0.5 * np.cos(2 * np.pi * times)
    controls[:, ARKIT_52.index["mouthFunnel"]] = 0.2 * times / SECONDS
    for side in ("Left", "Right"):
        controls[:, ARKIT_52.index[f"mouthSmile{side}"]] = 0.1
    tone = 0.2 * np.sin(2 * np.pi * 220 * np.arange(int(SECONDS * 16_000)) / 16_000)
    sound = Recording.from_samples(tone.astype(np.float32), 16_000)
    sound = Recording(Path(name), sound.rate, sound.n_source_samples, sound.source)
    return Animation(controls, FPS, ARKIT_52, sound, student)


def write(animation: Animation, folder: Path) -> Path:
    path = folder / "face.html"
    page_format.write(animation, path)
    return path


@pytest.fixture(scope="module")
def opened(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return Opened(browser, write(make_animation(), tmp_path_factory.mktemp("page")).as_uri())


@pytest.fixture
def at_start(opened: Opened) -> Opened:
    opened.ask("pause()")
    opened.ask("seek(0)")
    return opened


@NEEDS_BROWSER
class TestInTheBrowser:
    def test_opens_without_errors_or_requests(self, opened: Opened):
        assert opened.errors == []
        assert {url.split(":")[0] for url in opened.requests} <= {"file", "blob"}
        assert opened.page.title() == "hello.wav"
        assert opened.ask("seconds") == SECONDS

    def test_contains_only_controls_that_move(self, opened: Opened):
        assert opened.ask("names") == [
            "jawOpen", "mouthFunnel", "mouthSmileLeft", "mouthSmileRight",
        ]  # fmt: skip
        assert opened.ask("control('tongueOut')") == 0

    @pytest.mark.parametrize("time", [0.0, 0.25, 0.5083, 1.73, 2.9])
    def test_controls_are_interpolated_between_frames(self, at_start: Opened, time: float):
        animation = make_animation()
        at_start.ask(f"seek({time})")
        for name in ("jawOpen", "mouthFunnel"):
            frames = np.arange(animation.n_frames) / FPS
            expected = np.interp(time, frames, animation[name])
            assert at_start.ask(f"control('{name}')") == pytest.approx(expected, abs=2e-5)
            assert at_start.ask_after_drawing(f"influence('{name}')") == pytest.approx(
                expected, abs=2e-5
            )

    def test_the_head_turns(self, opened: Opened, browser: Any, tmp_path: Path):
        head = np.zeros((180, 3), np.float32)
        head[60:] = [0.3, -0.1, 0.2]
        turning = Opened(browser, write(replace(make_animation(), head=head), tmp_path).as_uri())
        assert turning.errors == []
        for each in (turning, opened):
            each.ask("pause()")
        turned, still = [], []
        for time in (0.0, 2.0):
            for each, faces in ((turning, turned), (opened, still)):
                each.ask(f"seek({time})")
                each.ask_after_drawing("time()")
                faces.append(each.page.locator("#face").screenshot())
        assert turning.ask("head()") == pytest.approx([0.3, -0.1, 0.2], abs=1e-4)
        turning.ask("seek(59.5 / 60)")
        assert turning.ask("head()") == pytest.approx([0.15, -0.05, 0.1], abs=1e-4)
        assert opened.ask("head()") == [0, 0, 0]
        assert turned[0] == still[0]
        assert turned[1] != still[1]

    def test_space_plays_and_pauses(self, at_start: Opened):
        at_start.page.keyboard.press("Space")
        at_start.until("marotte.playing && marotte.time() > 0.3")
        assert at_start.ask_after_drawing("influence('jawOpen')") > 0
        at_start.page.keyboard.press("Space")
        at_start.until("!marotte.playing")
        stopped = at_start.ask("time()")
        assert at_start.ask_after_drawing("time()") == stopped

    def test_stops_at_the_end_and_plays_again_from_the_start(self, at_start: Opened):
        at_start.ask(f"seek({SECONDS - 0.2})")
        at_start.ask("play()")
        at_start.until("!marotte.playing")
        at_start.page.get_by_role("button", name="Play").click()
        at_start.until("marotte.playing")
        assert at_start.ask("time()") < SECONDS - 0.2
        at_start.page.keyboard.press("Space")  # the button has the focus
        at_start.until("!marotte.playing")

    def test_keys_seek_by_frame_by_second_and_to_the_ends(self, at_start: Opened):
        keys = at_start.page.keyboard
        for key, expected in (
            ("ArrowRight", 1 / FPS),
            ("ArrowRight", 2 / FPS),
            ("ArrowLeft", 1 / FPS),
            ("Shift+ArrowRight", 1 + 1 / FPS),
            ("End", SECONDS),
            ("Home", 0),
            ("ArrowLeft", 0),
        ):
            keys.press(key)
            assert at_start.ask("time()") == pytest.approx(expected, abs=1e-6)

    def test_slider_seeks(self, at_start: Opened):
        at_start.page.locator("#seek").fill("1.5")
        assert at_start.ask_after_drawing("time()") == pytest.approx(1.5)
        assert at_start.page.locator("#time").inner_text() == "0:01.50"

    def test_click_on_the_chart_seeks(self, at_start: Opened):
        box = at_start.page.locator("#chart").bounding_box()
        at_start.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert at_start.ask("time()") == pytest.approx(SECONDS / 2, abs=0.15)

    def test_legend_is_sorted_by_movement_and_ends_with_the_lip_gap(self, at_start: Opened):
        at_start.ask_after_drawing("time()")
        texts = at_start.page.locator("#legend button").all_inner_texts()
        names = [re.sub(r"\s*[\d.]+( mm)?$", "", text) for text in texts]
        assert names == ["jawOpen", "mouthFunnel", "mouthSmile L+R", "lip gap"]
        gap = load_head().lip_gap(make_animation().controls[:1], ARKIT_52.names)[0]
        assert float(re.findall(r"[\d.]+", texts[-1])[0]) == pytest.approx(gap, abs=0.051)

    def test_fits_the_width_of_a_phone(self, browser: Any, tmp_path: Path):
        opened = Opened(browser, write(make_animation(), tmp_path).as_uri(), width=390, height=844)
        assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
        assert opened.page.locator("#play").is_visible()

    def test_names_are_escaped(self, browser: Any, tmp_path: Path):
        opened = Opened(
            browser, write(make_animation(MARKUP + ".wav", student=MARKUP), tmp_path).as_uri()
        )
        name = Path(MARKUP + ".wav").name
        assert opened.errors == []
        assert opened.page.title() == name
        assert opened.page.locator("h1").inner_text() == name
        assert opened.page.locator("#details").inner_text().endswith(MARKUP)
        assert opened.page.locator("b").count() == 0

    def test_policy_blocks_all_requests(self, browser: Any, tmp_path: Path):
        opened = Opened(browser, write(make_animation(), tmp_path).as_uri())
        blocked = opened.page.evaluate(
            """new Promise(done => {
                document.addEventListener("securitypolicyviolation", e => done(e.blockedURI));
                new Image().src = "http://127.0.0.1:9/picture.png";
            })"""
        )
        assert blocked == "http://127.0.0.1:9/picture.png"

    def test_plays_without_sound(self, browser: Any, tmp_path: Path):
        animation = make_animation()
        silent = Animation(animation.controls, FPS, ARKIT_52)
        opened = Opened(browser, write(silent, tmp_path).as_uri())
        opened.ask("seek(2.7)")
        opened.ask("play()")
        opened.until("!marotte.playing")
        assert opened.ask("time()") == SECONDS
        assert opened.errors == []

    def test_shows_an_animation_at_rest(self, browser: Any, tmp_path: Path):
        opened = Opened(
            browser, write(Animation(ARKIT_52.neutral(30), FPS, ARKIT_52), tmp_path).as_uri()
        )
        assert opened.ask("names") == []
        assert opened.errors == []


def test_page_of_the_sample_is_small(tmp_path: Path):
    animation = marotte.load("live").animate(SAMPLE)
    assert write(animation, tmp_path).stat().st_size < 2_200_000


def test_page_contains_the_licence_of_three_js(tmp_path: Path):
    text = write(make_animation(), tmp_path).read_text(encoding="utf-8")
    assert "Copyright © 2010-2026 three.js authors" in text
    assert "Permission is hereby granted, free of charge" in text


def test_page_contains_the_whole_sound(tmp_path: Path):
    import base64
    import io

    import soundfile

    animation = make_animation()
    text = write(animation, tmp_path).read_text(encoding="utf-8")
    [sound] = re.findall(r'id="sound"[^>]*>([^<]*)<', text)
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(sound)), dtype="float32")
    assert animation.recording is not None
    assert rate == animation.recording.rate
    original = np.concatenate(list(animation.recording.original_blocks()))[:, 0]
    np.testing.assert_allclose(samples, original, atol=1 / 32_000)


def test_rig_without_controls_of_the_head_is_an_error(tmp_path: Path):
    rig = Rig("beard1", ("beard",), (0.0,), (1.0,), ("beard",))
    with pytest.raises(MarotteError, match="has none of the controls beard"):
        write(Animation(rig.neutral(3), FPS, rig), tmp_path)
    assert not list(tmp_path.iterdir())


def test_missing_bundle_is_an_error_with_instructions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(document, "files", lambda package: tmp_path)
    with pytest.raises(MarotteError, match=r"install it with 'pip install \.'"):
        write(make_animation(), tmp_path)
    assert not list(tmp_path.iterdir())

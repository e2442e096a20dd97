"""Helpers for tests of both pages: start Chromium and open a page in it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# On Linux, the system's GL is three times as fast as the browser's software renderer.
GL = ["--use-gl=angle", "--use-angle=gl-egl"] if sys.platform == "linux" else []
FLAGS = ["--no-sandbox", *GL, "--ignore-gpu-blocklist", "--enable-unsafe-swiftshader"]
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
TIMEOUT_S = 90.0  # long, for busy machines
NEEDS_BROWSER = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("MAROTTE_REQUIRE_BROWSER") != "1",
    reason="no Chromium here",
)


@contextmanager
def chromium(*flags: str) -> Generator[Any]:
    """Run Chromium, with additional flags."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        yield browser
        browser.close()


@contextmanager
def speaking_chromium(sound: Path | None = None) -> Generator[Any]:
    """Run Chromium with a microphone that repeats a WAV file, or Chromium's own beeps."""
    flags = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        "--autoplay-policy=no-user-gesture-required",
    ]
    if sound:
        flags.append(f"--use-file-for-fake-audio-capture={sound}")
    with chromium(*flags) as browser:
        yield browser


class Opened:
    """A page in a browser, with its error messages and network requests."""

    def __init__(
        self, browser: Any, url: str, width: int = 640, height: int = 600, **options: Any
    ) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": height}, **options)
        self.page.set_default_timeout(TIMEOUT_S * 1000)
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(url)
        self.until("window.marotte?.ready")

    def until(self, expression: str, timeout_s: float = TIMEOUT_S) -> None:
        """Wait until a JavaScript expression is true.

        The loop runs in the page, so that it misses no state; Playwright's own loop needs eval.
        """
        wait = f"""new Promise(done => {{
            const end = performance.now() + {1000 * timeout_s};
            const check = () => {{
                const result = {expression};
                if (result || performance.now() > end) done(Boolean(result));
                else setTimeout(check, 5);
            }};
            check();
        }})"""
        if not self.page.evaluate(wait):
            raise AssertionError(f"{expression} did not become true; {self.errors}")

    def ask(self, expression: str) -> Any:
        """Evaluate an expression of `window.marotte`."""
        return self.page.evaluate(f"marotte.{expression}")

    def ask_after_drawing(self, expression: str) -> Any:
        """Evaluate an expression of `window.marotte` after the next picture is drawn."""
        frame = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        return self.page.evaluate(f"{frame}.then(() => marotte.{expression})")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser

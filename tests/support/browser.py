"""Chromium, and a page opened in it: what tests of both pages share."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

# Linux draws by its own GL, which is three times as fast as the browser's in software.
GL = ["--use-gl=angle", "--use-angle=gl-egl"] if sys.platform == "linux" else []
FLAGS = ["--no-sandbox", *GL, "--ignore-gpu-blocklist", "--enable-unsafe-swiftshader"]
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
AT_MOST_S = 90.0  # a busy machine takes long; nothing waits longer than it must
NEEDS_BROWSER = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("MAROTTE_REQUIRE_BROWSER") != "1",
    reason="no Chromium here",
)


@contextmanager
def chromium(*flags: str) -> Generator[Any]:
    """Run it, with more flags if given."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        yield browser
        browser.close()


class Opened:
    """A page in a browser, and what it complained of or asked the network for."""

    def __init__(self, browser: Any, url: str, width: int = 640, height: int = 600) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(AT_MOST_S * 1000)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(url)
        self.until("window.marotte?.ready")

    def until(self, expression: str, at_most_s: float = AT_MOST_S) -> None:
        """Wait in the page, which misses nothing; Playwright's own way needs eval."""
        look = f"""new Promise(done => {{
            const end = performance.now() + {1000 * at_most_s};
            const look = () => {{
                const so = {expression};
                if (so || performance.now() > end) done(Boolean(so));
                else setTimeout(look, 5);
            }};
            look();
        }})"""
        if not self.page.evaluate(look):
            raise AssertionError(f"{expression} did not come true; {self.complaints}")

    def ask(self, expression: str) -> Any:
        return self.page.evaluate(f"marotte.{expression}")

    def drawn(self, expression: str) -> Any:
        """Ask after the next picture is drawn."""
        frame = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        return self.page.evaluate(f"{frame}.then(() => marotte.{expression})")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser

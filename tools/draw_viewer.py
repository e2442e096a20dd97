"""Draw the picture of the viewer: the live page in Chromium with the sample as its microphone.

    python tools/draw_viewer.py

Writes docs/images/viewer.png. Needs the extra `live`, Pillow, playwright and a Chromium.
"""

from __future__ import annotations

import io
import shutil
import sys
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from marotte.face.rig import ARKIT_52
from marotte.model.session import load_student
from marotte.model.timing import DEFAULT_FPS
from marotte.web.guard import Access
from marotte.web.server import Viewer
from marotte.web.serving import BackgroundServer, address, listen

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "samples" / "hello.wav"
PICTURE = ROOT / "docs" / "images" / "viewer.png"
SIZE = {"width": 1180, "height": 840}
FLAGS = [
    "--no-sandbox",
    *(["--use-gl=angle", "--use-angle=gl-egl"] if sys.platform == "linux" else []),
    "--ignore-gpu-blocklist",
    "--enable-unsafe-swiftshader",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    f"--use-file-for-fake-audio-capture={SAMPLE}",
    "--autoplay-policy=no-user-gesture-required",
]
FROM_S = 9.0  # by then the curves fill their width; the sample is repeated
OPEN = "marotte.influence('jawOpen') > 0.2 && marotte.influence('mouthLowerDownLeft') > 0.1"

# Stops the page's rendering at the first frame with an open mouth: later frames are cancelled.
FREEZE = f"""new Promise(done => {{
    const next = window.requestAnimationFrame.bind(window);
    const look = () => {{
        if (marotte.time < {FROM_S} || !({OPEN})) return next(look);
        window.requestAnimationFrame = () => 0;
        const last = next(() => 0);
        for (let frame = 0; frame < last; frame++) cancelAnimationFrame(frame);
        done();
    }};
    look();
}})"""


def wait_for(page: Page, condition: str) -> None:
    """Wait until a condition holds; the page's policy forbids Playwright's own function."""
    while not page.evaluate(condition):
        time.sleep(0.02)


def speaking(page: Page) -> Image.Image:
    """Return a picture of the page during a vowel."""
    wait_for(page, "window.marotte?.state === 'connected'")
    page.keyboard.press("Space")
    page.evaluate(FREEZE)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def main() -> None:
    """Draw the picture."""
    viewer = Viewer(Access.for_host("127.0.0.1"), ARKIT_52, DEFAULT_FPS, [load_student()])
    listening = listen(port=0)
    background = BackgroundServer(viewer, listening)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport=SIZE, color_scheme="dark")
        page.goto(address(viewer, listening))
        picture = speaking(page)
        browser.close()
    background.close()
    picture.save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()

"""The page without a server on a phone's screen: dropped sound, pictures per second and the delay.

    python benchmarks/page.py                     # 60 s in Chromium, CPU throttled four times
    python benchmarks/page.py --throttle 1        # as fast as this machine is

Chromium's fake microphone plays samples/hello.wav over and over. Sound that the page did not get
would be missing from its count of samples, and frames from the row of their numbers. Without a
graphics card the pictures are drawn by the processor, which throttling does not slow down.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from marotte.audio.recording import open_recording
from marotte.web.pages import write_page

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from browser import Opened, chromium

HELLO = Path(__file__).parents[1] / "samples" / "hello.wav"
WIDTH, HEIGHT = 390, 844  # of a phone
WARM_UP_S = 5
PARTS = ("look-ahead", "transport", "computing", "held", "drawing")
# Counts pictures, and notes the delay of what each shows.
COUNT = """() => {
    window.pictures = [];
    const count = now => {
        pictures.push([now, marotte.drawn, marotte.time, ...marotte.delay.parts ?? []]);
        requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
}"""
STATE = "() => ({ now: performance.now(), samples: marotte.samples, frames: marotte.frames })"


def measure(opened: Opened, seconds: float) -> dict[str, Any]:
    """Let the page listen; return what it counted."""
    opened.page.keyboard.press("Space")
    opened.until("marotte.frames > 60")
    time.sleep(WARM_UP_S)
    opened.page.evaluate(COUNT)
    before = opened.page.evaluate(STATE)
    missing = opened.page.evaluate("marotte.missing")
    time.sleep(seconds)
    after = opened.page.evaluate(STATE)
    return {
        "elapsed_s": (after["now"] - before["now"]) / 1000,
        "sound_s": (after["samples"] - before["samples"]) / opened.ask("rate"),
        "frames": after["frames"] - before["frames"],
        "missing": opened.ask("missing") - missing,
        "pictures": np.array(opened.page.evaluate("pictures.filter(each => each.length > 3)")),
    }


def report(found: dict[str, Any]) -> None:
    """Print the figures."""
    elapsed_s, pictures = found["elapsed_s"], found["pictures"]
    intervals_ms = np.diff(pictures[:, 0])
    drawn = pictures[-1, 1] - pictures[0, 1]
    lost_ms = 1000 * (elapsed_s - found["sound_s"])
    print(f"  sound         {found['sound_s']:.2f} s in {elapsed_s:.2f} s: {lost_ms:+.0f} ms")
    rate = found["frames"] / elapsed_s
    print(f"  frames        {rate:.2f} per second, {found['missing']} missing")
    print(f"  pictures      {drawn / (np.ptp(pictures[:, 0]) / 1000):.1f} per second")
    middle, late, worst = np.percentile(intervals_ms, [50, 99, 100])
    print(f"  between them  p50 {middle:.1f}  p99 {late:.1f}  worst {worst:.1f} ms")
    parts = pictures[:, 3:].mean(axis=0)
    shown = ", ".join(f"{n} {p:.1f}" for n, p in zip(PARTS, parts, strict=True) if p > 0.05)
    print(f"  delay         {parts.sum():.1f} ms: {shown}")
    print(f"                {parts[1:].sum():.1f} ms after look-ahead and smoothing")


def main() -> None:
    """Run the page and print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--throttle", type=float, default=4, help="how many times slower")
    parser.add_argument("--scale", type=float, default=3, help="pixels of the screen per CSS pixel")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        import soundfile

        page, voice = Path(folder) / "live.html", Path(folder) / "voice.wav"
        write_page(page)
        soundfile.write(voice, open_recording(HELLO).read(), 16_000)
        flags = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
        capture = f"--use-file-for-fake-audio-capture={voice}"
        with chromium(*flags, capture, "--autoplay-policy=no-user-gesture-required") as browser:
            screen = {"device_scale_factor": options.scale, "offline": True}
            opened = Opened(browser, page.as_uri(), WIDTH, HEIGHT, **screen)
            devtools = opened.page.context.new_cdp_session(opened.page)
            devtools.send("Emulation.setCPUThrottlingRate", {"rate": options.throttle})
            opened.until("marotte.state === 'connected'")
            print(f"{WIDTH} x {HEIGHT} at {options.scale:g}, {options.throttle:g} times slower")
            report(measure(opened, options.seconds))
            print(f"  {opened.ask('graphics')}")


if __name__ == "__main__":
    main()

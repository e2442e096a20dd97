"""The browser module gives the frames of the Python stream, in Node and in an audio thread."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from browser import NEEDS_BROWSER, speaking_chromium
from synthetic import make_voice

from marotte.device.mrt import write_mrt
from marotte.infer.stream import Stream
from marotte.model.session import load_student

WEB = Path(__file__).parents[2] / "integrations" / "web"
NODE = shutil.which("node")

IN_NODE = """
import fs from "node:fs";
import { Engine } from %(engine)s;
const bytes = (path) => new Uint8Array(fs.readFileSync(path)).buffer;
const engine = new Engine(bytes(%(wasm)s), bytes(%(student)s), 16000);
const sound = new Float32Array(bytes(%(sound)s));
const frames = [];
const keep = (controls, time) => frames.push([time, ...controls]);
for (let i = 0; i < sound.length; i += 5000) engine.push(sound.subarray(i, i + 5000), keep);
engine.flush(keep);
let refused = "";
try {
  new Engine(bytes(%(wasm)s), new ArrayBuffer(100), 16000);
} catch (error) {
  refused = error.message;
}
console.log(JSON.stringify({ names: engine.names, delay: engine.delay, frames, refused }));
"""

PAGE = """<!doctype html><script type="module">
import * as marotte from "./marotte.js";
const face = await marotte.open({ student: "live.mrt" });
const frames = [];
face.onframe = (controls, time) => frames.push({ time });
await face.listen(await navigator.mediaDevices.getUserMedia({ audio: true }));
window.marotte = { ready: true, frames, face };
</script>"""


def load_script(name: str) -> Any:
    """Return a script of the folder as a module."""
    spec = importlib.util.spec_from_file_location(f"web_{name}", WEB / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_module_is_of_these_sources() -> None:
    digest = (WEB / "marotte.wasm.sha256").read_text().strip()
    assert digest == load_script("build").digest(), "run python integrations/web/build.py"
    assert (WEB / "marotte.wasm").stat().st_size <= 30_000


@pytest.mark.network
def test_the_committed_module_can_be_built_again(tmp_path: Path) -> None:
    if os.environ.get("MAROTTE_NETWORK_TESTS") != "1":
        pytest.skip("needs ziglang: set MAROTTE_NETWORK_TESTS=1 to install it")
    build = load_script("build")
    target = [sys.executable, "-m", "pip", "install", "-q", "--target", str(tmp_path)]
    subprocess.run([*target, build.COMPILER], check=True)
    os.environ["PYTHONPATH"] = str(tmp_path)
    build.build(tmp_path / "marotte.wasm")
    assert (tmp_path / "marotte.wasm").read_bytes() == (WEB / "marotte.wasm").read_bytes()


@pytest.mark.skipif(NODE is None, reason="no Node here")
def test_frames_in_node_are_those_of_the_python_stream(tmp_path: Path) -> None:
    assert NODE
    sound = make_voice(1, 16_000)
    sound.tofile(tmp_path / "sound.f32")
    write_mrt("live", tmp_path / "live.mrt")
    names = {
        "engine": WEB / "engine.js",
        "wasm": WEB / "marotte.wasm",
        "student": tmp_path / "live.mrt",
        "sound": tmp_path / "sound.f32",
    }
    script = tmp_path / "run.mjs"
    script.write_text(IN_NODE % {key: json.dumps(str(path)) for key, path in names.items()})
    run = subprocess.run([NODE, script], capture_output=True, text=True, check=True)
    got = json.loads(run.stdout)
    stream = Stream(load_student("live"))
    expected = [*stream.push(sound), *stream.flush()]
    assert got["names"] == list(stream.rig.names)
    assert got["delay"] == pytest.approx(stream.delay_ms / 1000)
    assert "not a .mrt file" in got["refused"]
    frames = np.array(got["frames"])
    np.testing.assert_allclose(frames[:, 0], [f.time_s for f in expected], atol=1e-6)
    np.testing.assert_allclose(frames[:, 1:], [f.controls for f in expected], atol=1e-4)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """Serve the module, a student and a page; yield the address."""
    for name in ("marotte.js", "engine.js", "worklet.js", "marotte.wasm"):
        shutil.copy(WEB / name, tmp_path)
    write_mrt("live", tmp_path / "live.mrt", int8=True)
    (tmp_path / "index.html").write_text(PAGE)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    thread.join()
    server.server_close()


@NEEDS_BROWSER
def test_a_microphone_moves_a_face_in_chromium(site: str) -> None:
    with speaking_chromium() as browser:
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(site)
        page.wait_for_function("window.marotte?.frames.length > 60", timeout=60_000)
        times = np.array(page.evaluate("marotte.frames.map(({ time }) => time)"))
        assert page.evaluate("marotte.face.names.length") == 52
        assert errors == []
    np.testing.assert_allclose(np.diff(times), 1 / 60, atol=1e-3)

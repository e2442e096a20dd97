"""The examples for other people's programs, in Chromium, with stand-ins for these programs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from browser import NEEDS_BROWSER, speaking_chromium

from marotte.device.mrt import write_mrt
from marotte.export.naming import RPM
from marotte.face.animation import Frame
from marotte.face.rig import ARKIT_52
from marotte.realtime.outputs import Take
from marotte.realtime.outputs.websocket import connect
from marotte.web.serving import listen

pytestmark = NEEDS_BROWSER
pytest.importorskip("uvicorn")
WEB = Path(__file__).parents[2] / "integrations" / "web"
SAMPLE = Path(__file__).parents[2] / "samples" / "hello.wav"
TIMEOUT_MS = 90_000
# Answers every call and every property with itself.
THREE = """const any = () => new Proxy(function () {}, {
    get: (_, key) => key === Symbol.toPrimitive ? () => 1
        : key === "domElement" ? document.createElement("canvas") : any(),
    set: () => true, apply: () => any(), construct: () => any(),
});
const names = ["WebGLRenderer", "Scene", "Color", "HemisphereLight", "DirectionalLight", "Box3",
    "Vector3", "PerspectiveCamera"];
export const WebGLRenderer = any(), Scene = any(), Color = any(), HemisphereLight = any(),
    DirectionalLight = any(), Box3 = any(), Vector3 = any(), PerspectiveCamera = any();
"""
LOADER = """export class GLTFLoader {
    async loadAsync(address) {
        const names = await (await fetch(address)).json();
        const morphTargetDictionary = Object.fromEntries(names.map((name, index) => [name, index]));
        window.mesh = { morphTargetDictionary, morphTargetInfluences: names.map(() => 0) };
        return { scene: { traverse: (see) => see(mesh), getObjectByName: () => null } };
    }
}"""
TALKING_HEAD = """export class TalkingHead {
    mtAvatar = { jawOpen: {}, viseme_aa: {}, viseme_sil: {}, viseme_U: {} };
    constructor(element) { window.head = this; }
    async showAvatar({ url }) { window.shown = url; }
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the module, its examples, a student and the stand-ins; yield the origin."""
    import json

    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(WEB, folder, dirs_exist_ok=True)
    files = {
        "three/build/three.module.js": THREE,
        "three/examples/jsm/loaders/GLTFLoader.js": LOADER,
        "talkinghead.mjs": TALKING_HEAD,
        "arkit.glb": json.dumps(ARKIT_52.names),
        "rpm.glb": json.dumps(RPM),
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    write_mrt("live", folder / "live.mrt", int8=True)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with speaking_chromium(SAMPLE) as browser:
        yield browser


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    page = browser.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    assert faults == []
    page.close()


def influence(name: str) -> str:
    return f"window.mesh?.morphTargetInfluences[mesh.morphTargetDictionary[{name!r}]]"


def test_a_microphone_moves_a_head_with_arkits_shapes(page: Any, site: str) -> None:
    page.goto(f"{site}/examples/three-head.html?three=../three&avatar=/arkit.glb&student=/live.mrt")
    page.click("text=Speak")
    page.wait_for_function(f"{influence('jawOpen')} > 0.05")


def test_a_microphone_moves_an_avatar_with_visemes_in_obs(page: Any, site: str) -> None:
    page.goto(f"{site}/examples/obs.html?three=../three&avatar=/rpm.glb&student=/live.mrt")
    page.wait_for_function(f"{influence('viseme_sil')} > 0.5")
    page.wait_for_function(f"{influence('viseme_sil')} < 0.5")
    transparent = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(transparent) == "rgba(0, 0, 0, 0)"


@pytest.fixture
def server(site: str, capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[Any, str]]:
    """An output of `marotte live` for pages of the site, and the address of its socket."""
    with listen(port=0) as free:
        port = free.getsockname()[1]
    output = connect(str(port), Take(ARKIT_52, 60.0, 16_000, "live", origins=(site,)))
    yield output, capsys.readouterr().err.split()[-1].replace("http", "ws") + "/socket"
    output.close()


def face(**values: float) -> np.ndarray:
    controls = ARKIT_52.neutral(1)[0]
    for name, value in values.items():
        controls[ARKIT_52.index[name]] = value
    return controls


def show(page: Any, output: Any, controls: np.ndarray, expression: str) -> None:
    """Send a face until the page shows it."""
    for number in range(900):
        output.send(Frame(number / 60, 81.0, controls))
        page.wait_for_timeout(100)
        if page.evaluate(expression):
            return
    raise AssertionError(f"{expression} did not become true")


def test_frames_of_marotte_live_move_an_avatar(
    page: Any, site: str, server: tuple[Any, str]
) -> None:
    output, socket = server
    query = f"three=../three&avatar=/rpm.glb&server={socket}"
    page.goto(f"{site}/examples/ready-player-me.html?{query}")
    show(page, output, face(jawOpen=0.32, mouthFunnel=0.14), f"{influence('viseme_aa')} > 0.6")


@pytest.mark.parametrize(
    ("shapes", "name", "least"), [("", "viseme_aa", 0.6), ("&shapes=arkit", "jawOpen", 0.3)]
)
def test_frames_move_talkinghead(
    page: Any, site: str, server: tuple[Any, str], shapes: str, name: str, least: float
) -> None:
    output, socket = server
    query = f"three=../three&talkinghead=/talkinghead.mjs&avatar=/rpm.glb&server={socket}{shapes}"
    page.goto(f"{site}/examples/talkinghead.html?{query}")
    shown = f"window.head?.mtAvatar.{name}.realtime > {least} && head.mtAvatar.{name}.needsUpdate"
    show(page, output, face(jawOpen=0.32, mouthFunnel=0.14), shown)
    assert page.evaluate("shown") == "/rpm.glb"


@pytest.mark.parametrize("name", ["three-head", "ready-player-me", "obs", "talkinghead"])
def test_examples_load_nothing_that_nobody_asked_for(page: Any, site: str, name: str) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"{site}/examples/{name}.html")
    page.wait_for_selector("form")
    assert "only from the addresses that you give" in page.inner_text("form")
    assert {url.rsplit("/", 1)[1] for url in requested} == {f"{name}.html", "setup.js"}
    text = (WEB / "examples" / f"{name}.html").read_text(encoding="utf-8")
    assert 'src="http' not in text

"""The user's own avatars on the pages, in Chromium."""

import base64
import json
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from avatars import avatar, vrm0, vrm1
from browser import NEEDS_BROWSER, Opened, speaking_chromium
from receiver_cases import NAMES

from marotte.export import html
from marotte.export.naming import RPM
from marotte.face.animation import Animation
from marotte.face.rig import ARKIT_52, ARKIT_NAMES
from marotte.face.scene import Scene
from marotte.face.visemes import VISEMES, Visemes, Vowels
from marotte.web import pages

MODULE = Path(__file__).parents[2] / "integrations" / "web"
SAMPLE = Path(__file__).parents[2] / "samples" / "hello.wav"
NODE = shutil.which("node")
NEEDS_NODE = pytest.mark.skipif(NODE is None, reason="no Node here")
SHORT = [name.replace("Left", "_L").replace("Right", "_R") for name in ARKIT_NAMES]
DROP = """([content, name]) => {
    const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
}"""


def in_node(script: str, *values: Any) -> Any:
    """Return what a script assigns to `result`, from modules and `values`."""
    assert NODE
    imports = "".join(
        f"import * as {name} from {json.dumps((MODULE / name).as_uri() + '.js')};\n"
        for name in ("avatar", "visemes")
    )
    text = f"{imports}const values = {json.dumps(values)};\n{script}\n"
    run = subprocess.run(
        [NODE, "--input-type=module", "-"],
        input=text + "console.log(JSON.stringify(result));",
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


@NEEDS_NODE
def test_names_match_as_in_other_hosts() -> None:
    script = "const result = values[0].map(([control, names]) => avatar.find(control, names));"
    found = in_node(script, [case[:2] for case in NAMES])
    assert found == [list(expected) for *_, expected in NAMES]


@NEEDS_NODE
@pytest.mark.parametrize(
    ("shapes", "kind", "missing"),
    [
        (list(ARKIT_NAMES), "arkit", []),
        ([name.upper() for name in ARKIT_NAMES], "arkit", []),
        (SHORT[:-1], "arkit", ["tongueOut"]),
        ([f"Head.M_{name}" for name in ARKIT_NAMES], "arkit", []),
        ([*RPM, "mouthOpen", "mouthSmile"], "visemes", []),
        ([f"vrc.v_{name.lower()}" for name in VISEMES], "visemes", []),
        ([name for name in RPM if name != "viseme_PP"], "visemes", ["PP"]),
        (["Fcl_MTH_A", "Fcl_MTH_I", "Fcl_MTH_U", "Fcl_MTH_E"], "vowels", ["oh"]),
        (["aa", "ih", "ou", "ee", "oh", "blink"], "vowels", []),
        (["smile", "hat"], "", []),
    ],
)
def test_kinds_of_avatars(shapes: list[str], kind: str, missing: list[str]) -> None:
    script = """const { kind, missing } = new avatar.Mapping(...values);
    const result = { kind, missing };"""
    found = in_node(script, ARKIT_NAMES, shapes)
    assert found == {"kind": kind, "missing": missing}


@NEEDS_NODE
def test_visemes_and_vowels_are_those_of_the_package() -> None:
    rng = np.random.default_rng(0)
    faces = (rng.uniform(0, 0.5, (40, 52)) * rng.integers(0, 2, (40, 52))).astype(np.float32)
    script = """const of = new visemes.Visemes(values[0]);
    const result = values[1].map(face => [visemes.VISEMES, of.of(face), of.vowels(face)]);"""
    found = in_node(script, ARKIT_NAMES, faces.tolist())
    assert tuple(found[0][0]) == VISEMES
    expected = Visemes(ARKIT_52).of(faces)
    np.testing.assert_allclose([row[1] for row in found], expected, atol=1e-5)
    vowels = Vowels(ARKIT_52).of(faces)[:, [0, 1, 2, 3, 4]]
    np.testing.assert_allclose([row[2] for row in found], vowels, atol=1e-5)


@NEEDS_NODE
def test_weights_of_an_avatar_with_visemes_and_brows() -> None:
    shapes = [*RPM, "browInnerUp", "eyesClosed"]
    face = [0.0] * 52
    for name, value in (("jawOpen", 0.32), ("browInnerUp", 0.6), ("eyeBlinkLeft", 0.9)):
        face[ARKIT_52.index[name]] = value
    script = "const result = [...new avatar.Mapping(values[0], values[1]).weights(values[2])];"
    weights = dict(zip(shapes, in_node(script, ARKIT_NAMES, shapes, face), strict=True))
    assert max(weights, key=lambda name: weights[name] * name.startswith("viseme")) == "viseme_aa"
    assert weights["browInnerUp"] == pytest.approx(0.6)
    assert weights["eyesClosed"] == pytest.approx(0.9)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with speaking_chromium(SAMPLE) as browser:
        yield browser


@pytest.fixture(scope="module")
def opened(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    path = tmp_path_factory.mktemp("page") / "live.html"
    pages.write_page(path)
    opened = Opened(browser, path.as_uri(), offline=True)
    opened.until("marotte.state === 'connected'")
    yield opened
    opened.page.close()


def drop(opened: Opened, content: bytes, name: str) -> None:
    opened.page.evaluate(DROP, [base64.b64encode(content).decode(), name])


@NEEDS_BROWSER
@pytest.mark.parametrize(
    ("content", "name", "kind", "shown"),
    [
        (avatar(SHORT), "short.glb", "arkit", "short.glb: 52 of 52 controls of ARKit"),
        (avatar(RPM), "rpm.glb", "visemes", "rpm.glb: 14 of 14 visemes of Oculus"),
        (vrm1(), "one.vrm", "vowels", "one.vrm: 5 of 5 vowels of VRM"),
        (vrm0(), "zero.VRM", "vowels", "zero.VRM: 5 of 5 vowels of VRM"),
    ],
)
def test_a_dropped_avatar_speaks(
    opened: Opened, content: bytes, name: str, kind: str, shown: str
) -> None:
    drop(opened, content, name)
    opened.until(f"document.getElementById('avatar-facts').textContent.startsWith({name!r})")
    assert opened.ask("avatar.kind") == kind
    assert opened.page.locator("#avatar-facts").inner_text().startswith(shown)
    control = {"arkit": "jawOpen", "visemes": "aa", "vowels": "aa"}[kind]
    opened.page.keyboard.press("Space")
    opened.until(f"marotte.influence({control!r}) > 0.02")
    opened.page.keyboard.press("Space")
    opened.until("marotte.source === ''")
    opened.page.get_by_role("button", name="Marotte's head").click()
    assert opened.ask("avatar") is None
    assert opened.errors == []


def damaged() -> bytes:
    content = bytearray(avatar(["jawOpen"]))
    content[20:60] = b"x" * 40
    return bytes(content)


def elsewhere() -> bytes:
    """Return a file whose arrays are in another file."""
    content = avatar(["jawOpen"])
    size = re.search(rb'"byteLength":\d+}]}', content)
    assert size
    uri = b'"uri":"f.bin"}]}'
    return content.replace(size[0], uri + b" " * (len(size[0]) - len(uri)))


@NEEDS_BROWSER
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not a model", "it is not a GLB or VRM file"),
        (avatar(ARKIT_NAMES)[:5000], "it is damaged"),
        (damaged(), "it is damaged"),
        (struct.pack("<4sIIII", b"glTF", 2, 20, 0, 0), "it is damaged"),
        (avatar(["hat", "smile"]), "no shapes called as those of ARKit"),
        (
            avatar(["jawOpen"], extensionsRequired=["KHR_draco_mesh_compression"]),
            "needs KHR_draco_mesh_compression",
        ),
        (elsewhere(), "it refers to other files"),
    ],
)
def test_a_bad_avatar_is_one_sentence_and_changes_nothing(
    opened: Opened, content: bytes, sentence: str
) -> None:
    opened.errors.clear()
    opened.page.evaluate("document.getElementById('notice').hidden = true")
    drop(opened, content, "bad.glb")
    opened.until("!document.getElementById('notice').hidden")
    notice = opened.page.locator("#notice").inner_text()
    assert notice.startswith("bad.glb can't be used: ")
    assert sentence in notice
    assert opened.ask("avatar") is None


@NEEDS_BROWSER
def test_pages_hold_an_avatar(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "face.glb"
    path.write_bytes(avatar(SHORT[:-1]))
    controls = ARKIT_52.neutral(30)
    controls[:, ARKIT_52.index["jawOpen"]] = np.linspace(0, 1, 30)
    animation = Animation(controls, 30.0, ARKIT_52, scene=Scene(avatar=path))
    html.write(animation, tmp_path / "face.html")
    pages.write_page(tmp_path / "live.html", avatar=path)
    for name in ("face.html", "live.html"):
        opened = Opened(browser, (tmp_path / name).as_uri(), offline=True)
        opened.until("!document.getElementById('avatar').hidden")
        shown = opened.page.locator("#avatar-facts").inner_text()
        assert shown.startswith("face.glb: 51 of 52 controls of ARKit, 1 missing")
        opened.page.locator("#avatar-facts").click()
        assert (
            opened.page.locator("#avatar-missing").inner_text() == "Nothing moves for: tongueOut."
        )
        if name == "face.html":
            opened.ask("seek(0.5)")
            expected = np.interp(15, np.arange(30), np.linspace(0, 1, 30))
            opened.until(f"Math.abs(marotte.influence('jawOpen') - {expected}) < 1e-3")
        assert opened.errors == []
        opened.page.close()

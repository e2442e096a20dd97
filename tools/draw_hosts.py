"""Draw the picture of three hosts from the pictures that each of them rendered itself.

    python tools/draw_hosts.py

Writes docs/images/hosts.png: a face in Blender, in Godot's runtime and on a page of three.js, which
each speak with curves of Marotte. Needs Pillow.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "hosts.png"
TILE = (210, 320)
CAPTION = 34  # pixels
HOSTS = {
    "Blender": ("blender/images/speech.png", (630, 0, 840, 320)),
    "Godot": ("godot/demo.png", (495, 0, 705, 320)),
    "three.js": ("web/examples/three-head.png", (134, 22, 346, 345)),
}
"""For each host: its picture, and the box of a face in it."""


def main() -> None:
    """Write the picture."""
    font = ImageFont.load_default(18)
    picture = Image.new("RGB", (len(HOSTS) * TILE[0], TILE[1] + CAPTION), "white")
    draw = ImageDraw.Draw(picture)
    for k, (host, (path, box)) in enumerate(HOSTS.items()):
        render = Image.open(ROOT / "integrations" / path).convert("RGB")
        picture.paste(render.crop(box).resize(TILE), (k * TILE[0], 0))
        place = (k * TILE[0] + TILE[0] // 2, TILE[1] + CAPTION // 2)
        draw.text(place, host, fill="#333", font=font, anchor="mm")
    picture.save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()

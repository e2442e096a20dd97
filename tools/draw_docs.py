"""Draw the pictures of README and docs: a face that speaks the sample, lips at gaps, and moods.

    python tools/draw_docs.py

Writes speaking.png, lip-gap.png and moods.png in docs/images. Needs the extra `video`, and Pillow.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from marotte.audio.recording import open_recording
from marotte.face.animation import Animation
from marotte.face.head import Head, subdivide
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52
from marotte.infer.offline import animate
from marotte.postprocess.mood import Mood
from marotte.postprocess.moods import MOODS
from marotte.postprocess.processors import process
from marotte.render import open_renderer

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
SAMPLE = ROOT / "samples" / "hello.wav"

FACE = (230, 290)
FACES = 8
LEADS_HEIGHT = 36  # of the lines from the faces to their times
TRACK_HEIGHT = 150
GAPS_MM = (0.4, 1.0, 1.5, 2.5, 4.0, 8.0)
INK, PAPER, WAVE, LINE = (40, 44, 56), (250, 250, 252), (176, 186, 206), (200, 60, 70)


def font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Return Pillow's default font."""
    return ImageFont.load_default(size)


def cropped(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Crop the face from the brow down out of a square picture, in the size of a tile."""
    side = frame.shape[0]
    top, height = int(0.22 * side), int(0.66 * side)
    width = height * FACE[0] // FACE[1]
    left = (side - width) // 2
    tile = Image.fromarray(frame[top : top + height, left : left + width])
    return np.asarray(tile.resize(FACE, Image.Resampling.LANCZOS))


def choose_frames(gap: NDArray[np.float32]) -> list[int]:
    """Return frames in order: the widest mouths and the closures between them."""
    last = len(gap)
    picks: list[int] = []
    for i in range(FACES):
        part = slice(i * last // FACES, (i + 1) * last // FACES)
        pick = int(np.argmax(gap[part]) if i % 2 else np.argmin(gap[part]))
        picks.append(part.start + pick)
    return picks


def draw_track(animation: Animation, gap: NDArray[np.float32], picks: list[int]) -> Image.Image:
    """Draw the sound, the lip gap and the times of the faces above."""
    assert animation.recording is not None
    samples = animation.recording.read()
    width = FACE[0] * FACES
    image = Image.new("RGB", (width, TRACK_HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    middle = TRACK_HEIGHT // 2
    loud = [np.abs(part).max() for part in np.array_split(samples, width)]
    for x, height in enumerate(np.array(loud) / max(loud) * (middle - 12)):
        draw.line([(x, middle - height), (x, middle + height)], fill=WAVE)
    scale = (TRACK_HEIGHT - 30) / float(gap.max())
    points = [
        (k * width / len(gap), TRACK_HEIGHT - 12 - max(0.0, float(g)) * scale)
        for k, g in enumerate(gap)
    ]
    draw.line(points, fill=LINE, width=3, joint="curve")
    for k in picks:
        x = k * width / len(gap)
        draw.line([(x, 0), (x, TRACK_HEIGHT)], fill=INK)
        draw.text((x + 5, 2), f"{k / animation.fps:.2f} s", fill=INK, font=font(15))
    draw.text((8, TRACK_HEIGHT - 22), "lip gap", fill=LINE, font=font(15))
    return image


def draw_speaking(head: Head) -> None:
    """Draw faces of the sample above its sound."""
    animation = animate(open_recording(SAMPLE))
    gap = head.lip_gap(animation.controls, ARKIT_52.names)
    renderer = open_renderer(subdivide(head), (3 * FACE[1], 3 * FACE[1]), "face")
    picks = choose_frames(gap)
    faces = [cropped(renderer.frame(animation.controls[k], ARKIT_52.names)) for k in picks]
    width, top = FACE[0] * FACES, FACE[1] + LEADS_HEIGHT
    picture = Image.new("RGB", (width, top + TRACK_HEIGHT), PAPER)
    picture.paste(Image.fromarray(np.concatenate(faces, axis=1)), (0, 0))
    picture.paste(draw_track(animation, gap, picks), (0, top))
    draw = ImageDraw.Draw(picture)
    for i, k in enumerate(picks):
        middle = (i + 0.5) * FACE[0]
        draw.line([(middle, FACE[1]), (k * width / len(gap), top)], fill=INK, width=2)
    picture.quantize(200, dither=Image.Dither.NONE).save(IMAGES / "speaking.png", optimize=True)


def draw_gaps(head: Head) -> None:
    """Draw the lips at gaps around the threshold, opened by the jaw only."""
    rest, weights = head.lip_gap_weights(ARKIT_52.names)
    renderer = open_renderer(subdivide(head), (420, 300), "mouth")
    tiles = []
    for gap in GAPS_MM:
        controls = ARKIT_52.neutral(1)[0]
        jaw = ARKIT_52.index["jawOpen"]
        controls[jaw] = max(0.0, (gap - rest) / weights[jaw])
        tile = Image.fromarray(renderer.frame(controls, ARKIT_52.names))
        ImageDraw.Draw(tile).text((12, 8), f"{gap:g} mm", fill=INK, font=font(28))
        tiles.append(np.asarray(tile))
    rows = [np.concatenate(tiles[i : i + 3], axis=1) for i in (0, 3)]
    picture = Image.fromarray(np.concatenate(rows))
    picture.quantize(200, dither=Image.Dither.NONE).save(IMAGES / "lip-gap.png", optimize=True)


def draw_moods(head: Head) -> None:
    """Draw each mood at full intensity: above with the lips closed, below during a vowel."""
    animation = animate(open_recording(SAMPLE))
    gap = head.lip_gap(animation.controls, ARKIT_52.names)
    late = len(gap) // 4  # by then a face is in its mood
    picks = [late + int(np.argmin(gap[late:])), late + int(np.argmax(gap[late:]))]
    renderer = open_renderer(subdivide(head), (3 * FACE[1], 3 * FACE[1]), "face")
    columns = []
    for mood in MOODS:
        moved = process(animation, [Mood(ARKIT_52, mood, intensity=1.0)])
        faces = [cropped(renderer.frame(moved.controls[k], ARKIT_52.names)) for k in picks]
        column = Image.fromarray(np.concatenate(faces))
        ImageDraw.Draw(column).text((10, 6), mood, fill=INK, font=font(24))
        columns.append(np.asarray(column))
    picture = Image.fromarray(np.concatenate(columns, axis=1))
    picture.quantize(200, dither=Image.Dither.NONE).save(IMAGES / "moods.png", optimize=True)


def main() -> None:
    """Draw all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    head = load_head()
    draw_gaps(head)
    draw_speaking(head)
    draw_moods(head)


if __name__ == "__main__":
    main()

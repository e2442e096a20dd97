"""A mesh that moves by principal components: its file in; a rig and vertices out.

`marotte mesh fit` writes the file. The components are controls like any others, so a student of a
mesh is trained, exported and run like a student of a rig. A linear map leads back to vertices.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.archives import read_arrays
from marotte.errors import DAMAGED, MarotteError
from marotte.face.frame_rate import check_fps
from marotte.face.head import Head
from marotte.face.rig import Rig
from marotte.names import check_name
from marotte.paths import replacing

ENDING = ".npz"
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Mesh:
    """A linear mesh: `rest + controls @ components`, in mm.

    Attributes:
        name: the name of the mesh: letters, digits, `-`, `_` and `.`.
        rest: the face at rest [n_vertices * 3], where all controls are 0.
        components: what each control at 1 adds [n_components, n_vertices * 3]; orthogonal, all of
            the same length.
        fps: frames per second of the motion that it was fitted to.
        share: share of the variance of that motion that the components keep, 0..1.
        unit_mm: millimetres per unit in the vertex files.
        lips: the vertices in the middle of the upper and the lower lip, None where unknown.
        mouth: all vertices of the lips, over which the lip vertex error is taken; empty where
            unknown.

    Example:
        >>> import numpy as np, marotte
        >>> mesh = marotte.Mesh("quad", np.zeros(12), np.eye(2, 12), fps=60, share=1.0)
        >>> mesh.decode(np.array([[0.5, 0.0]])).shape
        (1, 12)
    """

    name: str
    rest: Floats
    components: Floats
    fps: float
    share: float
    unit_mm: float = 1.0
    lips: tuple[int, int] | None = None
    mouth: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a name that can't be that of a folder."""
        check_name(self.name, "a mesh")

    def __repr__(self) -> str:
        """Return the name and the size."""
        size = f"{self.n_vertices} vertices, {len(self.components)} components"
        return f"Mesh({self.name!r}, {size})"

    @property
    def n_vertices(self) -> int:
        """Number of vertices."""
        return len(self.rest) // 3

    @cached_property
    def rig(self) -> Rig:
        """The components as controls within -1..1."""
        names = tuple(f"pc{index:02d}" for index in range(len(self.components)))
        return Rig(self.name, names, (-1.0,) * len(names), (1.0,) * len(names), names)

    @cached_property
    def head(self) -> Head:
        """The mesh as a head without faces, to measure its lips."""
        upper, lower = self.lips or (None, None)
        return Head(
            name=self.name,
            neutral=self.rest.reshape(-1, 3),
            deltas=self.components.reshape(len(self.components), -1, 3),
            names=self.rig.names,
            faces=np.zeros((0, 3), np.int32),
            parts=np.zeros(0, np.uint8),
            colours=np.ones((self.n_vertices, 3), np.float32),
            upper_lip=upper,
            lower_lip=lower,
        )

    @cached_property
    def digest(self) -> str:
        """A checksum that differs between fits."""
        return hashlib.sha256(self.rest.tobytes() + self.components.tobytes()).hexdigest()[:8]

    def decode(self, controls: Floats) -> Floats:
        """Return vertices [n, n_vertices * 3] in mm for controls [n, n_components]."""
        vertices: Any = self.rest + np.asarray(controls, np.float32) @ self.components
        return vertices

    def encode(self, vertices: Floats) -> Floats:
        """Return the controls [n, n_components] nearest to vertices [n, n_vertices * 3] in mm.

        Example:
            >>> import numpy as np, marotte
            >>> mesh = marotte.Mesh("quad", np.zeros(12), np.eye(2, 12), fps=60, share=1.0)
            >>> mesh.encode(mesh.decode(np.array([[0.5, 0.0]]))).tolist()
            [[0.5, 0.0]]
        """
        length: Any = np.square(self.components[0], dtype=np.float64).sum()
        return ((vertices - self.rest) @ self.components.T / length).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        with replacing(path) as temporary, temporary.open("wb") as out:
            np.savez(
                out,
                mesh=np.array(self.name),
                rest_mm=self.rest,
                components_mm=self.components,
                fps=np.array(self.fps),
                share=np.array(self.share),
                unit_mm=np.array(self.unit_mm),
                lips=np.array(self.lips or (), np.int64),
                mouth=np.array(self.mouth, np.int64),
            )


def load_mesh(path: str | Path) -> Mesh:
    """Read a file that `marotte mesh fit` wrote.

    Raises:
        MarotteError: the file is missing, damaged, or not a mesh.

    Example:
        >>> from pathlib import Path
        >>> import numpy as np, marotte
        >>> marotte.Mesh("quad", np.zeros(12), np.eye(2, 12), fps=60, share=1.0).save(Path("q.npz"))
        >>> marotte.load_mesh("q.npz").rig.names
        ('pc00', 'pc01')
    """
    try:
        return _mesh(read_arrays(path))
    except FileNotFoundError as error:
        raise MarotteError(f"no mesh file at {path}") from error
    except (OSError, MarotteError, *DAMAGED) as error:
        raise MarotteError(
            f"{path} is not a mesh file, or cut short ({error}): make one by `marotte mesh fit`"
        ) from error


def _mesh(stored: dict[str, NDArray[Any]]) -> Mesh:
    """Return the mesh of a file's arrays.

    Raises:
        ValueError: the arrays contradict each other.
    """
    rest, components = (stored[key].astype(np.float32) for key in ("rest_mm", "components_mm"))
    lips = [int(vertex) for vertex in stored["lips"]]
    mouth = [int(vertex) for vertex in stored.get("mouth", ())]  # older files have none
    numbers = {key: float(stored[key]) for key in ("fps", "share", "unit_mm")}
    n_vertices, rest_of_a_vertex = divmod(rest.size, 3)
    fits = (
        rest.ndim == 1 and not rest_of_a_vertex and components.shape == (len(components), len(rest))
    )
    if not fits or not len(components) or len(lips) not in (0, 2):
        raise ValueError("its arrays contradict each other")
    if not all(0 <= vertex < n_vertices for vertex in (*lips, *mouth)):
        raise ValueError("a vertex of the lips does not exist")
    if not all(np.isfinite(values).all() for values in (rest, components, *numbers.values())):
        raise ValueError("a value is not a finite number")
    check_fps(numbers["fps"])
    if not numbers["unit_mm"] > 0:
        raise ValueError(f"unit_mm is {numbers['unit_mm']:g}")
    return Mesh(
        name=str(stored["mesh"]),
        rest=rest,
        components=components,
        lips=(lips[0], lips[1]) if lips else None,
        mouth=tuple(mouth),
        **numbers,
    )

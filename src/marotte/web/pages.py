"""The live page as one HTML document: for a server, or with the student and the engine in it.

`served_page` talks to a server. `write_page` writes a page that needs none: the C library as
WebAssembly, the student as a `.mrt` file, and what its takes are made from are in the file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marotte.device.mrt import student_records
from marotte.device.records import to_bytes
from marotte.export import document, glb
from marotte.export.livelink_csv import HEAD, RowFormatter
from marotte.face.animation import Animation
from marotte.face.avatar import read_avatar
from marotte.face.loading import load_head
from marotte.face.rig import ARKIT_52, Rig
from marotte.model.session import load_student
from marotte.model.timing import DEFAULT_FPS
from marotte.paths import replacing
from marotte.version import __version__
from marotte.web import takes

Array = NDArray[Any]


def hello(
    rig: Rig,
    fps: float,
    students: Sequence[str],
    *,
    moods: Sequence[str] = (),
    source: str = "",
    rate: int = 0,
) -> dict[str, Any]:
    """Return what the page must know about its frames, as a server's first message says it.

    Args:
        rig: the names of a frame's controls.
        fps: frames per second.
        students: the names of the students that the user can choose from.
        moods: the names of the moods; none where the page can't change the motion.
        source: where the frames come from if another program makes them.
        rate: the sample rate in Hz of that program's sound.
    """
    facts = {
        "version": __version__,
        "source": source,
        "rate": rate,
        "students": list(students),
        "fps": fps,
        "controls": rig.names,
        "longestTakeS": takes.MAX_TAKE_S,
    }
    return facts | ({"moods": moods} if moods else {})


@lru_cache(maxsize=4)
def served_page(socket_origin: str) -> str:
    """Return the page's HTML; `socket_origin` is where it may open a socket, e.g. ws://host."""
    facts, arrays = _face()
    connect = f"'self' {socket_origin} {document.AVATAR_POLICY['connect-src']}"
    policy = document.AVATAR_POLICY | {"script-src": "'self'", "connect-src": connect}
    return "".join(document.render("viewer", facts, arrays, policy=policy))


def write_page(
    path: Path,
    student: str | Path | None = None,
    *,
    int8: bool = True,
    avatar: Path | None = None,
) -> int:
    """Write the live page as one file that needs neither a server nor a network.

    Args:
        path: the HTML file to write.
        student: the name of a student that comes with Marotte, or the path of an ONNX file.
        int8: store the student's weights in 8 bits: half the size.
        avatar: a GLB or VRM file that the page shows in place of Marotte's head.

    Returns:
        The number of bytes of the file.

    Raises:
        MarotteError: there is no such student, the C library doesn't run it, the avatar can't be
            used, or the file can't be written.
    """
    own = {"avatar": np.frombuffer(read_avatar(avatar), np.uint8)} if avatar else {}
    actor = load_student(student)
    records = to_bytes(student_records(student or actor.name, int8=int8))
    facts, arrays = _face()
    facts["avatar"] = avatar.name if avatar else ""
    arrays |= own
    facts["local"] = {
        "hello": hello(actor.rig, DEFAULT_FPS, [actor.name]),
        "csv": _csv_columns(actor.rig),
        "capture": document.read_bundled("capture.js").decode(),
    }
    arrays["wasm"] = np.frombuffer(document.read_bundled("marotte.wasm"), np.uint8)
    arrays["student"] = np.frombuffer(records, np.uint8)
    arrays["glb"] = np.frombuffer(_head_file(), np.uint8)
    # The worklet comes as a data address, because a page from disk may not load it from a blob.
    policy = document.AVATAR_POLICY | {"script-src": "'wasm-unsafe-eval' data:"}
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(document.render("viewer", facts, arrays, policy=policy))
    return path.stat().st_size


def _face() -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the facts and arrays of the head that the page draws."""
    head = load_head()
    shape, arrays = document.encode_head(head, list(head.names))
    rest_mm, weights_mm = head.lip_gap_weights(head.names)
    facts: dict[str, Any] = {
        "title": "Marotte",
        "head": shape,
        "lipGap": {"restMm": rest_mm, "weightsMm": [float(w) for w in weights_mm]},
    }
    return facts, arrays


def _csv_columns(rig: Rig) -> dict[str, Any]:
    """Return a CSV file's header, and for each of its columns the index in a take's row, or -1."""
    formatter = RowFormatter(rig, DEFAULT_FPS)
    columns = np.full(len(formatter.columns), -1)
    columns[formatter.target] = formatter.source
    columns[HEAD] = len(rig.names) + np.arange(takes.N_HEAD_ANGLES)
    return {"header": formatter.header(), "columns": columns.tolist()}


def _head_file() -> bytes:
    """Return a GLB file of the head, to which the page adds the frames of a take."""
    rest = Animation(ARKIT_52.neutral(1), DEFAULT_FPS, ARKIT_52)
    with tempfile.TemporaryDirectory(prefix="marotte-head-") as folder:
        path = Path(folder) / "head.glb"
        glb.write(rest, path)
        return path.read_bytes()

"""The model of MediaPipe Face Landmarker: found in Marotte's cache, or downloaded on demand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.request import urlopen

from marotte.errors import MarotteError
from marotte.paths import cache_folder, make_folder, replacing

FILE = "face_landmarker.task"
ADDRESS = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/"
    f"float16/1/{FILE}"
)
SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
TIMEOUT_S = 30.0


def find_model(path: Path | None = None, *, download: bool = False) -> Path:
    """Return the path of the model file.

    Args:
        path: a file of the user; Marotte's cache is searched if it is None.
        download: whether to download the file into the cache if it is not there.

    Raises:
        MarotteError: there is no such file, or the download failed.
    """
    if path:
        if not path.is_file():
            raise MarotteError(f"no such file: {path}")
        return path
    cached = cache_folder() / "models" / FILE
    if not cached.is_file():
        if not download:
            raise MarotteError(
                f"tracking needs {FILE}, the model of MediaPipe Face Landmarker by Google "
                f"(3.8 MB, licence Apache-2.0, {ADDRESS}): download it once with --download, or "
                "give its path by --model"
            )
        _download(cached)
    return cached


def _download(path: Path) -> None:
    try:
        with urlopen(ADDRESS, timeout=TIMEOUT_S) as answer:
            content = answer.read()
    except OSError as error:
        raise MarotteError(
            f"can't download {ADDRESS} ({error}): download it by other means, and give its path "
            "by --model"
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise MarotteError(
            f"the download of {FILE} has SHA-256 {digest[:12]}..., not {SHA256[:12]}...: "
            "try again, or give the path of a copy that you trust by --model"
        )
    make_folder(path.parent)
    with replacing(path) as temporary:
        temporary.write_bytes(content)

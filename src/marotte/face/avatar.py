"""A user's avatar in, a GLB or VRM file; its checked bytes out, which a page draws by itself."""

from __future__ import annotations

from pathlib import Path

from marotte.errors import MarotteError
from marotte.face.glb_file import GlbFile, read_glb

MOST_BYTES = 200_000_000  # of a file that a page can hold
# What the pages' reader of GLB files lacks: compressed meshes and textures.
_UNREADABLE = (
    "KHR_draco_mesh_compression",
    "EXT_meshopt_compression",
    "KHR_meshopt_compression",
    "KHR_texture_basisu",
)


def read_avatar(path: Path) -> bytes:
    """Return the content of a GLB or VRM file that has morph targets.

    The page that shows it pairs their names with the controls.

    Raises:
        MarotteError: the file can't be read, is not a GLB, is damaged, refers to other files, is
            compressed, or has no morph targets.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("face.glb").write_text("not a GLB")
        >>> read_avatar(Path("face.glb"))
        Traceback (most recent call last):
        marotte.errors.MarotteError: face.glb is not a GLB or VRM file: export it as binary glTF
    """
    return read_glb(path, "avatar", "GLB or VRM", lambda glb: _checked(glb, path))


def _checked(glb: GlbFile, path: Path) -> bytes:
    if len(glb.content) > MOST_BYTES:
        raise MarotteError(f"{path} has more than {MOST_BYTES // 10**6} MB: export it smaller")
    needed = [name for name in glb.json.get("extensionsRequired", []) if name in _UNREADABLE]
    if needed:
        raise MarotteError(
            f"{path} needs {needed[0]}, which pages can't read: export it without compression"
        )
    if any("uri" in buffer for buffer in glb.json.get("buffers", [])):
        raise MarotteError(f"{path} refers to other files: export the avatar as one .glb file")
    primitives = [each for mesh in glb.json.get("meshes", []) for each in mesh["primitives"]]
    if not any(each.get("targets") for each in primitives):
        raise MarotteError(
            f"{path} has no morph targets: export the avatar with its shape keys (jawOpen, "
            "viseme_aa ...)"
        )
    return glb.content

"""Convert a face that `marotte animate` wrote as .glb to FBX and Alembic.

    blender --background --python convert.py -- hello.glb hello.fbx hello.abc

The ending chooses the format. `--fps N` after the names is for a face that was not made with 60
frames per second. With the package `bpy`, `python convert.py hello.glb hello.fbx` does the same.
"""

import argparse
import sys
from pathlib import Path

import bpy


def main(arguments: list[str]) -> None:
    """Convert a file.

    Raises:
        SystemExit: the arguments are wrong, or the file has no animation.
    """
    parser = argparse.ArgumentParser(prog="convert.py", description="A .glb to .fbx and .abc")
    parser.add_argument("source", type=Path, help="a .glb of marotte animate")
    parser.add_argument("results", type=Path, nargs="+", help=".fbx and .abc files to write")
    parser.add_argument("--fps", type=int, default=60, help="its frames per second (60)")
    options = parser.parse_args(arguments)
    for result in options.results:
        if result.suffix.lower() not in EXPORTERS:
            parser.error(f"{result} must end in .fbx or .abc")
    if not options.source.is_file():
        parser.error(f"there is no file {options.source}")
    load(options.source, options.fps)
    for result in options.results:
        EXPORTERS[result.suffix.lower()](str(result.absolute()))


def load(source: Path, fps: int) -> None:
    """Load a face into an empty scene, which gets its length."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = fps, 1.0  # a key is a frame
    bpy.ops.import_scene.gltf(filepath=str(source.absolute()))
    if not bpy.data.actions:
        sys.exit(f"{source} has no animation: write it with marotte animate")
    scene.frame_start = 0
    scene.frame_end = round(max(action.frame_range[1] for action in bpy.data.actions))


def export_fbx(path: str) -> None:
    """Write FBX: the mesh, its blend shapes, and the scene's motion with a key per frame."""
    bpy.ops.export_scene.fbx(
        filepath=path,
        bake_anim_use_nla_strips=False,
        bake_anim_use_all_actions=False,
        bake_anim_simplify_factor=0.0,
        add_leaf_bones=False,
    )


def export_abc(path: str) -> None:
    """Write Alembic: the moving vertices."""
    scene = bpy.context.scene
    # Normals of every corner in every frame would make the file seven times as large.
    bpy.ops.wm.alembic_export(
        filepath=path, start=scene.frame_start, end=scene.frame_end, normals=False
    )


EXPORTERS = {".fbx": export_fbx, ".abc": export_abc}

if __name__ == "__main__":
    first = sys.argv.index("--") if "--" in sys.argv else 0
    main(sys.argv[first + 1 :])

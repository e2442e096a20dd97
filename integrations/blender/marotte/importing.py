"""Import curves: a file of curves in, keys on the selected face's shape keys out."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from . import keying
from .curve_files import ENDINGS, CurveError, read
from .file_to_keys import FileToKeys


class MAROTTE_OT_import_curves(FileToKeys, bpy.types.Operator):
    """Key the shape keys of the selected face with curves from a file"""

    bl_idname = "marotte.import_curves"
    bl_label = "Import Curves"
    bl_options = {"REGISTER", "UNDO"}

    filter_glob: StringProperty(
        default=";".join(f"*{each}" for each in ENDINGS), options={"HIDDEN"}
    )
    whole_frames: BoolProperty(
        name="Keys on whole frames",
        description="Only the keys that are rendered: one per frame of the scene at most",
        default=True,
    )

    def draw(self, context):
        """Draw the options beside the files."""
        self.draw_placement(context)
        self.layout.prop(self, "whole_frames")

    def execute(self, context):
        """Key the face."""
        path = Path(bpy.path.abspath(self.filepath))
        try:
            meshes = keying.targets(context)
            curves = read(path)
            if self.whole_frames:
                curves = keying.on_whole_frames(curves, keying.frames_per_second(context.scene))
            self.tell(self.key(context, meshes, curves, path.stem))
        except (CurveError, keying.KeyingError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def draw_menu(self, _context):
    """Add the operator to File > Import."""
    text = "Marotte face curves (.csv, .json, .npz)"
    self.layout.operator(MAROTTE_OT_import_curves.bl_idname, text=text)

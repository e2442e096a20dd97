"""The extension's preferences: where the program `marotte` is."""

import bpy
from bpy.props import StringProperty

from . import program


class MarottePreferences(bpy.types.AddonPreferences):
    """The page of the extension in Blender's preferences."""

    bl_idname = __package__

    program: StringProperty(
        name="Program",
        description="The program marotte; where this is empty, it is looked for",
        subtype="FILE_PATH",
    )

    def program_path(self) -> str:
        """Return the path that the user gave; "" if there is none."""
        return bpy.path.abspath(self.program.strip()) if self.program.strip() else ""

    def draw(self, _context):
        """Draw the page."""
        self.layout.prop(self, "program")
        self.layout.operator(MAROTTE_OT_check_program.bl_idname, icon="CHECKMARK")


class MAROTTE_OT_check_program(bpy.types.Operator):
    """Find the program marotte and ask for its version"""

    bl_idname = "marotte.check_program"
    bl_label = "Check the Program"

    def execute(self, context):
        """Report the version."""
        try:
            command = program.find(of(context).program_path())
            self.report({"INFO"}, f"Marotte {program.version(command)}: {' '.join(command)}")
        except program.ProgramError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def of(context: bpy.types.Context) -> MarottePreferences:
    """Return the extension's preferences."""
    return context.preferences.addons[__package__].preferences

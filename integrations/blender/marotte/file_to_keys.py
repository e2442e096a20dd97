"""What operators that key a face from a file share."""

import math

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from . import keying, report

FRAMES = range(-1_048_574, 1_048_575)  # what Blender's timeline can show


class FileToKeys:
    """What both ways from a file to a face share: its dialog, and where the keys go."""

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    start: IntProperty(
        name="Start frame",
        description="The frame at which the sound starts. The scene's first frame if it is not set",
        min=FRAMES[0],
        max=FRAMES[-1],
        options={"SKIP_SAVE"},
    )
    existing: EnumProperty(
        name="Action",
        description="What to do if the face has an action already",
        items=keying.EXISTING,
        default=keying.NEW,
        options={"SKIP_SAVE"},
    )
    extend: BoolProperty(
        name="Lengthen the scene",
        description="Move the scene's last frame to the end of the speech if it is earlier",
        default=True,
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the file; show the scene's first frame in the dialog."""
        self.start = context.scene.frame_start
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def start_frame(self, scene: bpy.types.Scene) -> int:
        """Return the frame of second 0."""
        return self.start if self.properties.is_property_set("start") else scene.frame_start

    def draw_placement(self, context: bpy.types.Context) -> None:
        """Draw the options; ask about an action only where there is one."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "start")
        layout.prop(self, "extend")
        try:
            actions = [keying.action_of(mesh) for mesh in keying.targets(context)]
        except keying.KeyingError as error:
            layout.label(text=str(error), icon="ERROR")
            return
        named = [action.name for action in actions if action]
        if named:
            box = layout.box()
            box.label(text=f"The face has the action {named[0]}", icon="INFO")
            box.prop(self, "existing", text="")

    def key(self, context, meshes, curves, name) -> list[keying.Keyed]:
        """Key the meshes, and lengthen the scene."""
        scene = context.scene
        start = self.start_frame(scene)
        keyed = keying.key_meshes(
            meshes, curves, scene, name=name, start=start, existing=self.existing
        )
        last = math.ceil(round(max(each.last for each in keyed), 3))  # 48.0000001 is frame 48
        if self.extend and last > scene.frame_end:
            scene.frame_end = last
        return keyed

    def tell(self, keyed, notes=()) -> None:
        """Report what was keyed, and what is missing."""
        missing, text = report.summarise(keyed, notes)
        self.report({"WARNING" if missing or notes else "INFO"}, text)

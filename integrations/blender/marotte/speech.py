"""Speech to face: a sound file in; keys of the selected face, and a sound strip, out."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from . import keying, names, preferences, program, sound
from .curve_files import CurveError, Curves, read
from .file_to_keys import FileToKeys

_STUDENTS = [
    ("live", "live", "The student that also works live"),
    ("offline", "offline", "The larger student, for recordings"),
]
_MOODS = [
    (mood, mood.capitalize(), "")
    for mood in ("neutral", "happy", "angry", "sad", "fear", "surprised", "disgusted")
]
# What Marotte reads; the second half with the package `av` only.
_FILES = "*.wav;*.flac;*.ogg;*.mp3;*.aif;*.aiff;*.caf;*.m4a;*.aac;*.mp4;*.mov;*.mkv;*.webm"
_NAMINGS = [
    ("AUTO", "As the mesh has them", "Choose by the names of the mesh's shape keys"),
    ("arkit", "ARKit", "52 controls, such as jawOpen"),
    ("oculus", "Visemes", "15 visemes of Oculus and Ready Player Me, such as viseme_aa"),
    ("vrm", "VRM", "aa, ih, ou, ee, oh, and the blinks"),
]


class MAROTTE_OT_speech_to_face(FileToKeys, bpy.types.Operator):
    """Let the selected face speak a sound file: key its shape keys and add a sound strip"""

    bl_idname = "marotte.speech_to_face"
    bl_label = "Speech to Face"
    bl_options = {"UNDO"}

    filter_glob: StringProperty(default=_FILES, options={"HIDDEN"})
    student: EnumProperty(name="Student", items=_STUDENTS, default="live")
    mood: EnumProperty(name="Mood", items=_MOODS, default="neutral")
    intensity: FloatProperty(name="Intensity", min=0, max=1, default=0.6)
    idle_motion: BoolProperty(name="Blinks and brows", default=False)
    gaze: BoolProperty(name="Eyes look around", default=False)
    naming: EnumProperty(name="Curves", items=_NAMINGS, default="AUTO")
    add_sound: BoolProperty(name="Add the sound", default=True)

    _run = _timer = None

    def draw(self, context):
        """Draw the options beside the files."""
        self.draw_placement(context)
        for option in ("student", "mood", "intensity", "idle_motion", "gaze", "naming"):
            self.layout.prop(self, option)
        self.layout.prop(self, "add_sound")

    def execute(self, context):
        """Start the program; with windows, Blender stays usable until it ends."""
        try:
            self._start(context)
            if not bpy.app.background and context.window:
                self._timer = context.window_manager.event_timer_add(0.1, window=context.window)
                context.window_manager.modal_handler_add(self)
                context.workspace.status_text_set("Marotte animates the face; Esc stops it")
                return {"RUNNING_MODAL"}
            return self._finish(context)
        except (program.ProgramError, keying.KeyingError) as error:
            return self._fail(context, str(error))

    def modal(self, context, event):
        """Wait for the program."""
        if event.type == "ESC":
            return self._fail(context, "Stopped; the face is unchanged")
        if event.type == "TIMER" and self._run.ended():
            return self._finish(context)
        return {"PASS_THROUGH"}

    def cancel(self, context):
        """End the program when Blender closes."""
        self._close(context)

    def _start(self, context) -> None:
        meshes = keying.targets(context)
        # By name: an undo while the program runs makes other objects of them.
        self._meshes = [mesh.name for mesh in meshes]
        self._scene = context.scene.name
        self._path = Path(bpy.path.abspath(self.filepath))
        self._run = program.animate(
            program.find(preferences.of(context).program_path()),
            self._path,
            keying.frames_per_second(context.scene),
            self._chosen_naming(context.scene, meshes[0]),
            program.Options(self.student, self.mood, self.intensity, self.idle_motion, self.gaze),
        )

    def _chosen_naming(self, scene, mesh) -> str:
        if self.naming != "AUTO":
            return self.naming
        rows = keying.table_of(scene)
        keys = keying.key_names(mesh)
        found = names.naming(row.curve for row in rows if row.key in keys) or names.naming(keys)
        if not found:
            raise keying.KeyingError(
                f"{mesh.name} has no shape key whose name is known (such as jawOpen, viseme_aa or "
                "Fcl_MTH_A): write a table of names"
            )
        return found

    def _finish(self, context) -> set[str]:
        try:
            self._run.check()
            curves = read(self._run.result)
            meshes = [bpy.data.objects.get(name) for name in self._meshes]
            if None in meshes or context.scene.name != self._scene:
                return self._fail(context, "The face is gone; nothing was keyed")
            self._key(context, meshes, curves)
        except (program.ProgramError, CurveError, keying.KeyingError) as error:
            return self._fail(context, str(error))
        self._close(context)
        return {"FINISHED"}

    def _key(self, context, meshes, curves: Curves) -> None:
        for mesh in meshes:
            keying.check(mesh)
        keyed = self.key(context, meshes, curves, self._path.stem)
        start = self.start_frame(context.scene)
        note = sound.add_sound(context.scene, self._path, start) if self.add_sound else ""
        self.tell(keyed, [note] if note else [])

    def _fail(self, context, sentence: str) -> set[str]:
        self._close(context)
        self.report({"ERROR"}, sentence)
        return {"CANCELLED"}

    def _close(self, context) -> None:
        if self._run:
            self._run.cancel()
            self._run.close()
        if self._timer:
            context.window_manager.event_timer_remove(self._timer)
            context.workspace.status_text_set(None)
        self._run = self._timer = None

"""Live: frames of a running `marotte live` in, moving shape keys out; a take can be recorded.

Blender calls `Session.read` by a timer. It keeps names rather than objects, because an undo or
another file makes other objects of them.
"""

import bpy
import numpy as np

from . import keying, report
from .curve_files import Curves
from .live_sources import Frame, SourceError, UdpSource, WebSocketSource
from .names import Match, match

INTERVAL_S = 1 / 60
MAX_RECORDED = 60 * 60 * 120  # frames: two hours

session: "Session | None" = None


class Session:
    """Faces that follow a source.

    Attributes:
        recorded: the frames of the take, if it is recorded.
        start: the scene's frame at which it began.
        n_frames: frames that have arrived.
        ended: why the source ended; "" while it runs.
        notes: a sentence for each face, once frames have come.
    """

    def __init__(self, source: UdpSource | WebSocketSource, context, record: bool) -> None:
        """Take the selected faces.

        Raises:
            KeyingError: the active object is not a face.
        """
        meshes = keying.targets(context)
        self.source, self.records, self.ended = source, record, ""
        self.meshes = [mesh.name for mesh in meshes]
        self.start = context.scene.frame_current
        self.recorded: list[Frame] = []
        self.n_frames = 0
        self.notes: dict[str, str] = {}
        self._shift_s = 0.0  # from a frame's time to that in the recording
        self.table = keying.table_of(context.scene)
        self._before = {
            mesh.name: {key.name: key.value for key in mesh.data.shape_keys.key_blocks}
            for mesh in meshes
        }
        self._matches = {}

    def read(self) -> float | None:
        """Show the newest frame; return the seconds to the next call, None for none."""
        try:
            frames = self.source.read()
        except SourceError as error:
            self.ended = str(error)
            return None
        if frames:
            self.n_frames += len(frames)
            if self.records:
                self._record(frames)
            self._show(frames[-1])
        return INTERVAL_S

    def _record(self, frames: list[Frame]) -> None:
        for frame in frames:
            last_s = self.recorded[-1].time_s if self.recorded else -np.inf
            if frame.time_s + self._shift_s < last_s - 1:  # Marotte was started again
                self._shift_s = last_s + INTERVAL_S - frame.time_s
            if frame.time_s + self._shift_s > last_s:
                self.recorded.append(Frame(frame.time_s + self._shift_s, frame.controls))
        del self.recorded[MAX_RECORDED:]

    def _show(self, frame: Frame) -> None:
        names = tuple(frame.controls)
        for mesh in self.existing_meshes():
            blocks = mesh.data.shape_keys.key_blocks
            place = mesh.name, names, tuple(blocks.keys())
            if place not in self._matches:
                self._matches[place] = match(names, keying.key_names(mesh), self.table)
                self.notes[mesh.name] = _note(mesh.name, self._matches[place])
            for key, sources in self._matches[place].drives.items():
                blocks[key].value = sum(
                    factor * frame.controls[name] for name, factor in sources.items()
                )

    def existing_meshes(self) -> list[bpy.types.Object]:
        """Return the faces that are still there."""
        found = (bpy.data.objects.get(name) for name in self.meshes)
        return [mesh for mesh in found if mesh and mesh.type == "MESH" and mesh.data.shape_keys]

    def close(self) -> None:
        """Close the source, and put the shape keys back to where they were."""
        self.source.close()
        for mesh in self.existing_meshes():
            before = self._before[mesh.name]
            for key in mesh.data.shape_keys.key_blocks:
                key.value = before.get(key.name, key.value)

    def curves(self) -> Curves | None:
        """Return the take; None if nothing was recorded. Second 0 is its first frame."""
        if not self.recorded:
            return None
        names = list(dict.fromkeys(name for frame in self.recorded for name in frame.controls))
        rows = [[frame.controls.get(name, 0.0) for name in names] for frame in self.recorded]
        time_s = np.array([frame.time_s for frame in self.recorded])
        return Curves(names, time_s - time_s[0], np.array(rows))


def _note(mesh: str, found: Match) -> str:
    if found.drives:
        return f"{mesh}: {len(found.drives)} shape keys follow"
    return f"{mesh}: no shape key has the name of a curve, such as {found.unmatched[0]}"


def tick() -> float | None:
    """Let the session read; Blender's timer calls this."""
    return session.read() if session else None


def open_source(settings) -> UdpSource | WebSocketSource:
    """Open the source that the panel names.

    Raises:
        SourceError: it can't be opened.
    """
    if settings.source == "WEBSOCKET":
        return WebSocketSource(settings.address)
    return UdpSource(settings.port, "0.0.0.0" if settings.other_machines else "127.0.0.1")


def stop_timer() -> None:
    """Stop the timer, if it runs."""
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)


@bpy.app.handlers.persistent
def close(*_arguments) -> None:
    """End the session without a trace: another file is opened, or the extension goes."""
    global session
    stop_timer()
    if session:
        session.source.close()
    session = None


class MAROTTE_OT_live_start(bpy.types.Operator):
    """Let the selected face follow a running `marotte live`"""

    bl_idname = "marotte.live_start"
    bl_label = "Start"

    @classmethod
    def poll(cls, _context):
        """Only one session at a time."""
        return session is None

    def execute(self, context):
        """Open the source and start the timer."""
        global session
        settings = context.scene.marotte
        try:
            keying.targets(context)
            source = open_source(settings)
            try:
                session = Session(source, context, settings.record)
            except keying.KeyingError:
                source.close()
                raise
        except (keying.KeyingError, SourceError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        bpy.app.timers.register(tick, persistent=True)
        return {"FINISHED"}


class MAROTTE_OT_live_stop(bpy.types.Operator):
    """Stop following; a recorded take becomes a new action"""

    bl_idname = "marotte.live_stop"
    bl_label = "Stop"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, _context):
        """Only while a session runs."""
        return session is not None

    def execute(self, context):
        """Put the face back, or key the take."""
        global session
        stop_timer()
        ended, session = session, None
        ended.close()
        curves, meshes = ended.curves(), ended.existing_meshes()
        if curves is None or not meshes:
            self.report({"INFO"}, f"{ended.n_frames} frames were shown")
            return {"FINISHED"}
        try:
            curves = keying.on_whole_frames(curves, keying.frames_per_second(context.scene))
            keyed = keying.key_meshes(meshes, curves, context.scene, name="live", start=ended.start)
        except keying.KeyingError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        missing, text = report.summarise(keyed)
        self.report({"WARNING" if missing else "INFO"}, text)
        return {"FINISHED"}

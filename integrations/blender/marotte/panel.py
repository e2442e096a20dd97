"""The sidebar: the tab Marotte of the 3D view, and the settings of a scene."""

import textwrap

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, PointerProperty, StringProperty

from . import keying, live, names, report
from .importing import MAROTTE_OT_import_curves
from .live_sources import UDP_PORT, WEBSOCKET_PORT
from .speech import MAROTTE_OT_speech_to_face

TABLE = "Marotte names"
_LINE = 46  # characters that a sidebar of the usual width shows


def _draw_lines(box, lines: list[str]) -> None:
    for line in lines:
        for part in textwrap.wrap(line, _LINE):
            box.label(text=part)


class MarotteSettings(bpy.types.PropertyGroup):
    """What a scene remembers."""

    table: PointerProperty(
        name="Table",
        description="A text with lines `curve, shape key, factor`: it goes before all other names",
        type=bpy.types.Text,
    )
    source: EnumProperty(
        name="Source",
        items=[
            ("UDP", "UDP", "marotte live -o udp, or an iPhone with Live Link Face"),
            ("WEBSOCKET", "WebSocket", "marotte live -o websocket"),
        ],
    )
    port: IntProperty(name="Port", min=1, max=65535, default=UDP_PORT)
    other_machines: BoolProperty(
        name="From other machines",
        description="Receive from the network, not only from this machine",
    )
    address: StringProperty(name="Address", default=f"ws://127.0.0.1:{WEBSOCKET_PORT}")
    record: BoolProperty(name="Record", description="Make an action of the take when it stops")


class MAROTTE_OT_write_table(bpy.types.Operator):
    """Write a table of the names that match now, as a text that you can change"""

    bl_idname = "marotte.write_table"
    bl_label = "New Table of Names"
    bl_options = {"UNDO"}

    def execute(self, context):
        """Write the text."""
        try:
            keys = keying.key_names(keying.targets(context)[0])
        except keying.KeyingError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        curves = {"oculus": names.VISEMES, "vrm": names.VRM}.get(names.naming(keys), names.ARKIT)
        text = bpy.data.texts.new(TABLE)
        text.write(names.write_table(curves, keys))
        context.scene.marotte.table = text
        self.report({"INFO"}, f"Change the text {text.name!r} in the Text Editor")
        return {"FINISHED"}


class MAROTTE_PT_sidebar(bpy.types.Panel):
    """The tab of the sidebar."""

    bl_label = "Marotte"
    bl_idname = "MAROTTE_PT_sidebar"
    bl_space_type, bl_region_type, bl_category = "VIEW_3D", "UI", "Marotte"

    def draw(self, context):
        """Draw the ways to a face."""
        layout, settings = self.layout, context.scene.marotte
        try:
            face = keying.targets(context)[0]
            known = names.naming(keying.key_names(face)) or "no known names: use a table"
            layout.label(text=f"{face.name}: {known}", icon="SHAPEKEY_DATA")
        except keying.KeyingError as error:
            layout.label(text=str(error), icon="ERROR")
        column = layout.column(align=True)
        column.operator(MAROTTE_OT_speech_to_face.bl_idname, icon="SPEAKER")
        column.operator(MAROTTE_OT_import_curves.bl_idname, icon="IMPORT")
        row = layout.row(align=True)
        row.prop(settings, "table", text="")
        row.operator(MAROTTE_OT_write_table.bl_idname, text="", icon="ADD")
        self._draw_live(layout.box(), settings)
        if report.last:
            _draw_lines(layout.box(), report.last)

    def _draw_live(self, box, settings) -> None:
        session = live.session
        if session:
            text = session.ended or f"{session.n_frames} frames"
            box.label(text=text, icon="ERROR" if session.ended else "REC")
            _draw_lines(box, list(session.notes.values()))
            box.operator(live.MAROTTE_OT_live_stop.bl_idname, icon="PAUSE")
            return
        box.prop(settings, "source", text="Live")
        if settings.source == "UDP":
            box.prop(settings, "port")
            box.prop(settings, "other_machines")
            box.label(text=f"marotte live -o udp:{settings.port}")
        else:
            box.prop(settings, "address", text="")
            box.label(text="marotte live -o websocket")
        box.prop(settings, "record")
        box.operator(live.MAROTTE_OT_live_start.bl_idname, icon="PLAY")

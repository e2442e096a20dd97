"""Marotte for Blender: a voice becomes a moving face.

- `names` pairs curves with shape keys, `keying` writes their keys, `report` says what is missing;
- `speech` runs the program `marotte` (`program`) and adds the sound (`sound`);
- `importing` reads files of curves (`curve_files`); both use `file_to_keys`;
- `live` follows a running `marotte live` (`live_sources`);
- `panel` and `preferences` are what the user sees.
"""

import bpy

from . import importing, live, panel, preferences, speech

CLASSES = (
    preferences.MAROTTE_OT_check_program,
    preferences.MarottePreferences,
    panel.MarotteSettings,
    importing.MAROTTE_OT_import_curves,
    speech.MAROTTE_OT_speech_to_face,
    live.MAROTTE_OT_live_start,
    live.MAROTTE_OT_live_stop,
    panel.MAROTTE_OT_write_table,
    panel.MAROTTE_PT_sidebar,
)


def register():
    """Add the extension to Blender."""
    for each in CLASSES:
        bpy.utils.register_class(each)
    bpy.types.Scene.marotte = bpy.props.PointerProperty(type=panel.MarotteSettings)
    bpy.types.TOPBAR_MT_file_import.append(importing.draw_menu)
    bpy.app.handlers.load_pre.append(live.close)


def unregister():
    """Remove it, and close what it has opened."""
    live.close()
    bpy.app.handlers.load_pre.remove(live.close)
    bpy.types.TOPBAR_MT_file_import.remove(importing.draw_menu)
    del bpy.types.Scene.marotte
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)

"""A sound file in; a strip in the scene's sequencer out."""

from pathlib import Path

import bpy


def add_sound(scene: bpy.types.Scene, path: Path, frame: int) -> str:
    """Add a sound strip in a channel of its own, unless the same sound is there already.

    Returns:
        Why there is no strip, as a sentence; "" if there is one.
    """
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences  # 4.4 renamed them
    for strip in strips:
        if strip.type == "SOUND" and round(strip.frame_start) == frame and _is(strip.sound, path):
            return ""
    used = {strip.channel for strip in strips}
    channel = next(number for number in range(1, 129) if number not in used or number == 128)
    try:
        strips.new_sound(path.name, str(path), channel, frame)
    except RuntimeError as error:  # a Blender without sound, or a kind of sound it can't read
        return f"No sound strip: {str(error).strip().splitlines()[-1].removeprefix('Error: ')}"
    return ""


def _is(sound: bpy.types.Sound | None, path: Path) -> bool:
    return sound is not None and Path(bpy.path.abspath(sound.filepath)) == path

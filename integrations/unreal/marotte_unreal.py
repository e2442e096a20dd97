"""Import takes of `marotte animate` into Unreal as Level Sequences, many at once, with their sound.

In Unreal's Python console, after the steps of this folder's README:

import marotte_unreal
marotte_unreal.import_takes("D:/faces", sounds="D:/lines")
marotte_unreal.save_live_link_preset()
"""

import csv
import re
from pathlib import Path

import unreal

__version__ = "0.1.0"

SUBJECT = "marotte"  # the subject of `marotte live -o livelink`, too
FIRST_COLUMNS = ["Timecode", "BlendShapeCount"]
IGNORED_ENDINGS = ("_cal", "_raw", "_neutral")  # the importer cuts them off a subject's name
TIMECODE_FPS = 60
PLUGINS = "enable the plug-in Live Link Face Importer (Edit > Plugins) and restart the editor"


def import_takes(folder, destination="/Game/Marotte", sounds=None, subject=SUBJECT, replace=False):
    """Import all `.csv` takes in a folder and its subfolders.

    Each becomes a Level Sequence with the take's name: a Live Link track that drives `subject`,
    and, where a sound with the same name is found, an audio track. Files that are not takes are
    left out with a warning, and so are assets that exist, unless they are to be replaced.

    Args:
        folder: where the takes lie.
        destination: the content folder.
        sounds: where WAV files with the same names lie; None: beside the takes.
        subject: the Live Link subject that all sequences drive, e.g. a MetaHuman's.
        replace: whether assets with the same names are replaced.

    Returns:
        The asset paths of the imported sequences.

    Raises:
        ValueError: there are no takes, two have the same name, or a plug-in is missing.
    """
    takes = _find_takes(Path(folder))
    _check(takes, folder, subject)
    imported = []
    with unreal.ScopedSlowTask(len(takes), f"Importing {len(takes)} takes") as task:
        task.make_dialog(True)
        for name, path in takes.items():
            if task.should_cancel():
                break
            task.enter_progress_frame(1, path.name)
            asset = f"{destination}/{name}"
            if _make_room(asset, replace) and _import_take(path, asset, subject):
                sound = _find_sound(path, Path(folder), sounds)
                if sound:
                    _add_sound(asset, sound, replace)
                unreal.EditorAssetLibrary.save_asset(asset, only_if_is_dirty=False)
                imported.append(asset)
    unreal.log(f"Marotte: {len(imported)} of {len(takes)} takes imported into {destination}")
    return imported


def save_live_link_preset(asset="/Game/Marotte/MarotteLiveLink"):
    """Save Live Link's sources and subjects, as they are now, as a preset.

    Run it while `marotte live -o livelink` sends. A Live Link component, or the project setting
    *Default Live Link Preset*, applies it.

    Returns:
        The preset.

    Raises:
        ValueError: Live Link knows no subject, or there is an asset with this name.
    """
    folder, name = asset.rsplit("/", 1)
    if unreal.EditorAssetLibrary.does_asset_exist(asset):
        raise ValueError(f"{asset} exists: give another name")
    tools = unreal.AssetToolsHelpers.get_asset_tools()
    preset = tools.create_asset(name, folder, unreal.LiveLinkPreset, None)
    preset.build_from_client()
    if not preset.get_editor_property("subjects"):
        unreal.EditorAssetLibrary.delete_asset(asset)
        raise ValueError("Live Link has no subject: run `marotte live -o livelink` first")
    unreal.EditorAssetLibrary.save_asset(asset, only_if_is_dirty=False)
    return preset


def _find_takes(folder):
    """Return asset name -> path of the takes in a folder."""
    takes = {}
    for path in sorted(folder.rglob("*.csv")):
        if not _is_take(path):
            unreal.log_warning(f"Marotte: {path} is not a Live Link Face recording; left out")
            continue
        name = re.sub(r"\W", "_", path.stem, flags=re.ASCII)
        if name in takes:
            raise ValueError(f"{path} and {takes[name]} have the same name: rename one")
        takes[name] = path
    return takes


def _is_take(path):
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        return next(csv.reader(lines), [])[:2] == FIRST_COLUMNS


def _check(takes, folder, subject):
    if not takes:
        raise ValueError(f"no takes in {folder}: write them with `marotte animate -o take.csv`")
    if not hasattr(unreal, "LiveLinkFaceImporterFactory"):
        raise ValueError(f"Unreal can't read takes yet: {PLUGINS}")
    if not re.fullmatch(r"\w+", subject, re.ASCII) or subject.endswith(IGNORED_ENDINGS):
        raise ValueError(
            f"the importer can't make the subject {subject!r}: use letters and digits, and no "
            f"ending {', '.join(IGNORED_ENDINGS)}"
        )


def _make_room(asset, replace):
    """Return whether an asset of this name can be made now."""
    if not unreal.EditorAssetLibrary.does_asset_exist(asset):
        return True
    if not replace:
        unreal.log_warning(f"Marotte: {asset} exists; left out (replace=True replaces it)")
        return False
    return unreal.EditorAssetLibrary.delete_asset(asset)


def _import_take(path, asset, subject):
    """Import a take; return whether it worked.

    The importer makes the subject's name from the asset's: of SLATE_..._NUMBER_SUBJECT, the last
    part. So the sequence gets such a name first, and its own afterwards.
    """
    folder, _ = asset.rsplit("/", 1)
    first_name = f"marotte_import_1_{subject}"
    found = _import(path, folder, first_name, unreal.LiveLinkFaceImporterFactory())
    if not found:
        unreal.log_error(f"Marotte: Unreal could not import {path}; its log says why")
        return False
    return unreal.EditorAssetLibrary.rename_asset(f"{folder}/{first_name}", asset)


def _import(path, folder, name, factory=None):
    task = unreal.AssetImportTask()
    task.filename = str(path)
    task.destination_path = folder
    task.destination_name = name
    task.automated = True
    task.replace_existing = True
    task.save = False
    if factory:
        task.factory = factory
    unreal.AssetToolsHelpers.get_asset_tools().import_asset_tasks([task])
    return list(task.imported_object_paths)


def _find_sound(take, folder, sounds):
    """Return the sound of a take, in the same subfolder of `sounds`; None if there is none."""
    place = take.parent if sounds is None else Path(sounds) / take.parent.relative_to(folder)
    path = place / (take.stem + ".wav")
    return path if path.is_file() else None


def _add_sound(asset, sound, replace):
    """Import a sound and let it play with a sequence, whose takes start at 0."""
    folder, name = asset.rsplit("/", 1)
    sound_asset = f"{folder}/{name}_sound"
    if _make_room(sound_asset, replace):
        _import(sound, folder, f"{name}_sound")
    wave = unreal.EditorAssetLibrary.load_asset(sound_asset)
    if not wave:
        unreal.log_warning(f"Marotte: Unreal could not import {sound}; save it as 16-bit WAV")
        return
    sequence = unreal.EditorAssetLibrary.load_asset(asset)
    seconds = wave.get_editor_property("duration")
    section = sequence.add_track(unreal.MovieSceneAudioTrack).add_section()
    section.set_sound(wave)
    section.set_range_seconds(0.0, seconds)
    sequence.set_display_rate(unreal.FrameRate(TIMECODE_FPS, 1))
    sequence.set_playback_start_seconds(0.0)
    sequence.set_playback_end_seconds(max(seconds, sequence.get_playback_end_seconds()))

"""The extension in Blender: keys, actions, undo, sound, live, and what it says about mistakes."""

import json
import os
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake program is a script with #!")
ARKIT = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "mouthClose", "browDownLeft")


def fcurves(face):
    data = face.data.shape_keys.animation_data
    if not hasattr(data.action, "slots"):
        return data.action.fcurves
    return data.action.layers[0].strips[0].channelbag(data.action_slot).fcurves


def keys_of(face, key):
    curve = fcurves(face).find(f'key_blocks["{key}"].value')
    return [tuple(point.co) for point in curve.keyframe_points] if curve else []


def value(scene, face, key, frame):
    scene.frame_set(int(frame), subframe=frame % 1)
    return face.data.shape_keys.key_blocks[key].value


def fails(operator, **options):
    """Call an operator that reports an error, and return its sentence."""
    with pytest.raises(RuntimeError) as error:
        operator(**options)
    return str(error.value)


def test_the_package_is_valid_and_blenders_tool_builds_it(blender_ext, tmp_path):
    source = Path(__file__).parents[1] / "marotte"
    built = tmp_path / "marotte.zip"
    build = ["build", "--source-dir", str(source), "--output-filepath", str(built)]
    subprocess.run([*blender_ext, *build], check=True, capture_output=True)
    command = [*blender_ext, "validate", str(built)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    names = zipfile.ZipFile(built).namelist()
    assert "blender_manifest.toml" in names
    assert not [name for name in names if "__pycache__" in name]


def test_curves_become_linear_keys_at_the_scenes_rate_and_start(bpy, scene, make_face, curve_file):
    face = make_face(*ARKIT)
    scene.render.fps, scene.frame_start = 24, 101
    assert bpy.ops.marotte.import_curves(filepath=curve_file()) == {"FINISHED"}
    action = face.data.shape_keys.animation_data.action
    assert action.name == "hello"
    keys = keys_of(face, "jawOpen")
    assert [frame for frame, _ in keys] == list(range(101, 150))  # 2 s
    assert [jaw for _, jaw in keys] == pytest.approx(np.linspace(0, 1, 49), abs=1e-6)
    assert value(scene, face, "jawOpen", 125) == pytest.approx(0.5, abs=1e-6)
    assert value(scene, face, "jawOpen", 125.5) == pytest.approx(0.5 + 0.5 / 48, abs=1e-6)
    assert keys_of(face, "mouthSmileLeft") == [(101, 0), (149, 0)]  # repeated keys are left out
    assert not keys_of(face, "mouthSmileRight")
    assert scene.frame_end == 149


def test_every_key_of_the_file_is_kept_if_asked(bpy, scene, make_face, curve_file):
    face = make_face(*ARKIT)
    scene.render.fps, scene.render.fps_base = 30000, 1001
    scene.frame_end = 500
    bpy.ops.marotte.import_curves(filepath=curve_file(), whole_frames=False, start=-10)
    frames = [frame for frame, _ in keys_of(face, "jawOpen")]
    expected = -10 + np.arange(121) / 60 * 30000 / 1001
    assert frames == pytest.approx(expected, abs=1e-4)
    assert scene.frame_end == 500  # longer than the speech: not shortened


def test_an_action_is_never_overwritten_unasked(bpy, scene, make_face, curve_file):
    face = make_face(*ARKIT)
    bpy.ops.marotte.import_curves(filepath=curve_file())
    first = face.data.shape_keys.animation_data.action
    before = keys_of(face, "jawOpen")
    bpy.ops.marotte.import_curves(filepath=curve_file(n_frames=13))
    second = face.data.shape_keys.animation_data.action
    assert second != first
    assert first.use_fake_user  # so that it is saved, too
    face.data.shape_keys.animation_data.action = first
    if hasattr(first, "slots"):
        face.data.shape_keys.animation_data.action_slot = first.slots[0]
    assert keys_of(face, "jawOpen") == before


def test_writing_into_an_action_keeps_what_lies_outside(bpy, scene, make_face, curve_file):
    face = make_face(*ARKIT)
    keys = face.data.shape_keys
    for frame, jaw in ((1, 0.9), (60, 0.8), (200, 0.7)):
        keys.key_blocks["jawOpen"].value = jaw
        keys.key_blocks["jawOpen"].keyframe_insert("value", frame=frame)
        keys.key_blocks["browDownLeft"].keyframe_insert("value", frame=frame)
    action = keys.animation_data.action
    brow = keys_of(face, "browDownLeft")
    bpy.ops.marotte.import_curves(filepath=curve_file(), start=50, existing="INTO")
    assert keys.animation_data.action == action
    assert keys_of(face, "browDownLeft") == brow
    written = keys_of(face, "jawOpen")
    assert written[0] == pytest.approx((1, 0.9))
    assert written[-1] == pytest.approx((200, 0.7))
    assert [frame for frame, _ in written[1:-1]] == list(range(50, 99))
    bezier = fcurves(face).find('key_blocks["jawOpen"].value').keyframe_points
    assert [bezier[index].interpolation for index in (0, 1, -1)] == ["BEZIER", "LINEAR", "BEZIER"]


def test_undo_takes_everything_back(bpy, scene, make_face, program, voice):
    make_face(*ARKIT)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.marotte.speech_to_face("EXEC_DEFAULT", True, filepath=str(voice))
    assert bpy.data.objects["Face"].data.shape_keys.animation_data
    bpy.ops.ed.undo()
    scene, face = bpy.context.scene, bpy.data.objects["Face"]
    assert face.data.shape_keys.animation_data is None
    assert not bpy.data.actions
    assert scene.frame_end == 10
    assert not strips(scene)
    bpy.ops.ed.redo()
    assert keys_of(bpy.data.objects["Face"], "jawOpen")


def strips(scene):
    editor = scene.sequence_editor
    return list(getattr(editor, "strips", getattr(editor, "sequences", [])))


def test_speech_runs_the_program_and_adds_the_sound(bpy, scene, make_face, program, voice):
    face = make_face(*ARKIT)
    scene.frame_start, scene.render.fps, scene.render.fps_base = 11, 30000, 1001
    bpy.ops.marotte.speech_to_face(filepath=str(voice), mood="happy", idle_motion=True)
    arguments = json.loads(program.read_text())
    assert arguments[arguments.index("--fps") + 1] == repr(30000 / 1001)
    assert "--names" not in arguments
    assert "--idle-motion" in arguments
    keys = keys_of(face, "jawOpen")
    assert keys[0][0] == pytest.approx(11)
    assert np.diff([frame for frame, _ in keys]) == pytest.approx(1.0, abs=1e-5)
    if not bpy.app.build_options.audaspace:
        pytest.skip("keys are right; this Blender is built without sound")
    (strip,) = strips(scene)
    assert (strip.type, strip.frame_start, strip.channel) == ("SOUND", 11, 1)
    bpy.ops.marotte.speech_to_face(filepath=str(voice), mood="angry")
    assert len(strips(scene)) == 1  # the same sound at the same place
    bpy.ops.marotte.speech_to_face(filepath=str(voice), start=20)
    assert [strip.channel for strip in strips(scene)] == [1, 2]


def test_a_blender_without_sound_says_so_and_keys_the_face(bpy, scene, make_face, program, voice):
    if bpy.app.build_options.audaspace:
        pytest.skip("this Blender has sound")
    face = make_face(*ARKIT)
    assert bpy.ops.marotte.speech_to_face(filepath=str(voice)) == {"FINISHED"}
    assert keys_of(face, "jawOpen")


@pytest.mark.parametrize(
    ("keys", "naming", "keyed"),
    [
        (["viseme_" + each for each in ("sil", "PP", "FF", "TH", "DD", "kk", "aa")], "oculus",
         "viseme_sil"),
        ([f"Fcl_MTH_{each}" for each in "AIUEO"] + ["Fcl_EYE_Close_L"], "vrm", "Fcl_MTH_A"),
    ],
)  # fmt: skip
def test_the_curves_are_those_that_the_mesh_has(
    bpy, scene, make_face, program, voice, keys, naming, keyed
):
    face = make_face(*keys)
    bpy.ops.marotte.speech_to_face(filepath=str(voice), add_sound=False)
    arguments = json.loads(program.read_text())
    assert arguments[arguments.index("--names") + 1] == naming
    assert len(keys_of(face, keyed)) == 24


def test_a_table_names_shape_keys_of_ones_own(bpy, scene, make_face, program, voice, extension):
    face = make_face("Jaw down", "Lips", "Beard")
    sentence = fails(bpy.ops.marotte.speech_to_face, filepath=str(voice))
    assert "Face has no shape key whose name is known" in sentence
    assert bpy.ops.marotte.write_table() == {"FINISHED"}
    text = scene.marotte.table
    assert "jawOpen, \n" in text.as_string()
    assert "#   Beard" in text.as_string()
    text.clear()
    text.write("jawOpen, Jaw down, 0.5\nbrowDownLeft,\n")
    bpy.ops.marotte.speech_to_face(filepath=str(voice), add_sound=False)
    assert keys_of(face, "Jaw down")[-1][1] == pytest.approx(0.5 * 23 / 24, abs=1e-6)
    text.write("wrong")
    assert "line 3 of the table is 'wrong'" in fails(
        bpy.ops.marotte.speech_to_face, filepath=str(voice)
    )


def test_the_report_lists_what_did_not_match(bpy, scene, make_face, curve_file, extension):
    face = make_face("jawOpen", "cheekPuff", "mouthPucker")
    driver = face.data.shape_keys.key_blocks["cheekPuff"].driver_add("value").driver
    driver.expression = "0.25"
    path = curve_file(("tongueOut", "jawOpen", "cheekPuff", "noseSneerLeft"))
    bpy.ops.marotte.import_curves(filepath=path)
    assert extension("report").last == [
        "Face: 2 curves on 1 shape keys",
        "Without a shape key: tongueOut",
        "1 more have no shape key, but do not move",
        "Moved by drivers, so not keyed: cheekPuff",
        "Shape keys without a curve: mouthPucker",
    ]
    assert not keys_of(face, "cheekPuff")


def test_all_selected_meshes_of_a_head_are_keyed(bpy, scene, make_face, curve_file):
    teeth, plain = make_face("JAWOPEN", name="Teeth"), make_face(name="Hat")
    face = make_face(*ARKIT)
    twin = bpy.data.objects.new("Twin", face.data)
    scene.collection.objects.link(twin)
    twin.select_set(True)
    bpy.ops.marotte.import_curves(filepath=curve_file())
    assert keys_of(teeth, "JAWOPEN") == keys_of(face, "jawOpen")
    assert plain.data.shape_keys.animation_data is None
    assert len(bpy.data.actions) == 2  # the twin has the face's mesh


def test_names_with_quotes_are_keyed(bpy, scene, make_face, curve_file):
    name = 'say "a" \\ b'
    face = make_face(name)
    bpy.ops.marotte.import_curves(filepath=curve_file((name,)))
    assert value(scene, face, name, 49) == pytest.approx(1.0)


def test_mistakes_are_one_sentence_and_change_nothing(
    bpy, scene, make_face, curve_file, program, tmp_path, extension
):
    importing, speaking = bpy.ops.marotte.import_curves, bpy.ops.marotte.speech_to_face
    assert "Select the mesh" in fails(importing, filepath=curve_file())
    make_face()
    assert "has no shape keys" in fails(importing, filepath=curve_file())
    absolute = make_face("jawOpen")
    absolute.data.shape_keys.use_relative = False
    assert "are absolute" in fails(importing, filepath=curve_file())
    make_face("jawOpen", "mouthClose")
    assert "can't read none.csv" in fails(importing, filepath=str(tmp_path / "none.csv"))
    assert "no shape key" in fails(importing, filepath=curve_file(("Beard",)))
    assert "there is no file" in fails(speaking, filepath=str(tmp_path / "none.wav"))
    (tmp_path / "empty.wav").touch()
    assert "empty.wav is empty" in fails(speaking, filepath=str(tmp_path / "empty.wav"))
    extension("preferences").of(bpy.context).program = "/nowhere/marotte"
    assert "there is no program" in fails(speaking, filepath=str(tmp_path / "empty.wav"))
    assert "there is no program" in fails(bpy.ops.marotte.check_program)
    assert not bpy.data.actions
    assert not strips(scene)


def test_the_program_is_checked(bpy, scene, program):
    assert bpy.ops.marotte.check_program() == {"FINISHED"}


class Sender:
    """Stands for `marotte live -o udp`."""

    def __init__(self, scene):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port = scene.marotte.port = free.getsockname()[1]
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self, time_s, **controls):
        line = json.dumps({"time_s": time_s, "delay_ms": 1, "controls": controls, "head": [0] * 3})
        self._socket.sendto(line.encode(), ("127.0.0.1", self.port))
        time.sleep(0.01)

    def close(self):
        self._socket.close()


@pytest.fixture
def sender(scene):
    sender = Sender(scene)
    yield sender
    sender.close()


def test_live_moves_the_face_and_puts_it_back(bpy, scene, make_face, sender, extension):
    face = make_face(*ARKIT)
    keys = face.data.shape_keys.key_blocks
    keys["jawOpen"].value = 0.1
    live = extension("live")
    assert bpy.ops.marotte.live_start() == {"FINISHED"}
    assert bpy.app.timers.is_registered(live.tick)
    assert not bpy.ops.marotte.live_start.poll()
    assert live.tick() == pytest.approx(1 / 60)
    sender.send(0.0, jawOpen=0.3)
    sender.send(0.1, jawOpen=0.75, mouthSmileLeft=0.5)  # the newest frame counts
    live.tick()
    assert keys["jawOpen"].value == pytest.approx(0.75)
    assert keys["mouthSmileLeft"].value == pytest.approx(0.5)
    assert bpy.ops.marotte.live_stop() == {"FINISHED"}
    assert keys["jawOpen"].value == pytest.approx(0.1)
    assert keys["mouthSmileLeft"].value == 0
    assert not bpy.app.timers.is_registered(live.tick)
    assert not bpy.data.actions
    assert not bpy.ops.marotte.live_stop.poll()


def test_a_recorded_take_becomes_a_new_action(bpy, scene, make_face, sender, extension, curve_file):
    face = make_face(*ARKIT)
    bpy.ops.marotte.import_curves(filepath=curve_file())
    old = face.data.shape_keys.animation_data.action
    scene.frame_set(5)
    scene.marotte.record = True
    bpy.ops.marotte.live_start()
    for frame in range(30):
        sender.send(7 + frame / 60, jawOpen=frame / 100)
        if frame % 4 == 0:
            extension("live").tick()
    extension("live").tick()
    assert bpy.ops.marotte.live_stop() == {"FINISHED"}
    action = face.data.shape_keys.animation_data.action
    assert action != old
    assert old.use_fake_user
    keys = keys_of(face, "jawOpen")
    assert [frame for frame, _ in keys] == list(range(5, 17))  # 29 / 60 s at 24 per second
    assert [jaw for _, jaw in keys] == pytest.approx(np.arange(12) * 2.5 / 100, abs=1e-6)


def test_a_restart_of_marotte_goes_on_with_the_recording(bpy, scene, make_face, sender, extension):
    face = make_face(*ARKIT)
    scene.render.fps, scene.marotte.record = 60, True
    bpy.ops.marotte.live_start()
    for time_s, jaw in ((5.0, 0.25), (6.0, 0.5), (0.0, 0.75), (1.0, 1.0)):
        sender.send(time_s, jawOpen=jaw)
    extension("live").tick()
    bpy.ops.marotte.live_stop()
    found = [value(scene, face, "jawOpen", frame) for frame in (1, 61, 62, 122)]
    assert found == pytest.approx([0.25, 0.5, 0.75, 1.0], abs=1e-5)


def test_live_survives_an_undo_and_ends_with_the_file(bpy, scene, make_face, sender, extension):
    make_face(*ARKIT)
    bpy.ops.ed.undo_push(message="a face")
    bpy.data.objects["Face"].location.x = 5
    bpy.ops.ed.undo_push(message="moved")
    live = extension("live")
    bpy.ops.marotte.live_start()
    bpy.ops.ed.undo()  # makes other objects of all
    sender.send(0.0, jawOpen=0.5)
    live.tick()
    assert bpy.data.objects["Face"].data.shape_keys.key_blocks["jawOpen"].value == 0.5
    bpy.data.objects.remove(bpy.data.objects["Face"])
    sender.send(0.1, jawOpen=0.5)
    assert live.tick() is not None
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert live.session is None
    assert not bpy.app.timers.is_registered(live.tick)


def test_live_says_why_it_can_not_start_or_has_ended(bpy, scene, make_face, sender, extension):
    assert "Select the mesh" in fails(bpy.ops.marotte.live_start)
    make_face(*ARKIT)
    scene.marotte.source, scene.marotte.address = "WEBSOCKET", f"127.0.0.1:{sender.port}"
    assert "nothing answers" in fails(bpy.ops.marotte.live_start)
    scene.marotte.source = "UDP"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", sender.port))
        assert "can't listen at port" in fails(bpy.ops.marotte.live_start)
    assert extension("live").session is None


def test_the_extension_can_be_switched_off_and_on(bpy, scene, extension):
    import addon_utils

    name = extension("names").__name__.removesuffix(".names")
    addon_utils.disable(name)
    assert not hasattr(bpy.types.Scene, "marotte")
    addon_utils.enable(name)
    assert hasattr(bpy.types.Scene, "marotte")


@pytest.mark.skipif("MAROTTE_PROGRAM" not in os.environ, reason="MAROTTE_PROGRAM is not set")
def test_the_real_program_animates_a_face(bpy, scene, make_face, extension):
    extension("preferences").of(bpy.context).program = os.environ["MAROTTE_PROGRAM"]
    face = make_face(*extension("names").ARKIT)
    hello = Path(__file__).parents[3] / "samples" / "hello.wav"
    bpy.ops.marotte.speech_to_face(filepath=str(hello))
    jaw = [jaw for _, jaw in keys_of(face, "jawOpen")]
    assert len(jaw) > 120  # of 188 frames in 7.8 s; a face at rest needs no keys
    assert max(jaw) > 0.15
    assert scene.frame_end == 189  # second 0 is frame 1
    assert sys.modules.get("torch") is None

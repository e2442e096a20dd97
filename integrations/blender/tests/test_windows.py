"""What needs windows, as far as it goes without them: layouts are recorded, events are made up."""

import time
from types import SimpleNamespace

import pytest

ARKIT = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "mouthClose", "browDownLeft")


class Layout:
    """Records texts, and refuses properties and operators that do not exist."""

    def __init__(self, bpy, lines=None):
        self._bpy, self.lines = bpy, [] if lines is None else lines
        self.use_property_split = False

    def label(self, text="", icon="NONE"):
        self._check_icon(icon)
        self.lines.append(text)

    def prop(self, data, name, text=None):
        assert name in data.bl_rna.properties
        self.lines.append(name if text is None else text)

    def operator(self, idname, text=None, icon="NONE"):
        self._check_icon(icon)
        group, name = idname.split(".")
        getattr(getattr(self._bpy.ops, group), name).get_rna_type()  # raises for an unknown one
        self.lines.append(idname if text is None else text)

    def _check_icon(self, icon):
        icons = self._bpy.types.UILayout.bl_rna.functions["prop"].parameters["icon"].enum_items
        assert icon in icons.keys()  # noqa: SIM118

    def box(self, **_options):
        return Layout(self._bpy, self.lines)

    row = column = box


def draw(bpy, cls, **attributes):
    layout = Layout(bpy)
    cls.draw(SimpleNamespace(layout=layout, **attributes), bpy.context)
    return layout.lines


def test_the_tab_shows_what_can_be_done(bpy, scene, make_face, extension, curve_file):
    panel, live = extension("panel"), extension("live")
    tab = panel.MAROTTE_PT_sidebar
    helper = {"_draw_live": lambda box, settings: tab._draw_live(None, box, settings)}
    assert "Select the mesh of the face first" in draw(bpy, tab, **helper)
    make_face("Beard")
    assert "Face: no known names: use a table" in draw(bpy, tab, **helper)
    make_face(*ARKIT)
    bpy.ops.marotte.import_curves(filepath=curve_file())
    lines = draw(bpy, tab, **helper)
    assert "marotte live -o udp:7007" in lines
    assert "Face.001: 2 curves on 2 shape keys" in lines
    scene.marotte.source = "WEBSOCKET"
    assert "marotte live -o websocket" in draw(bpy, tab, **helper)
    scene.marotte.source, scene.marotte.port = "UDP", 47007
    bpy.ops.marotte.live_start()
    assert {"0 frames", "marotte.live_stop"} <= set(draw(bpy, tab, **helper))
    live.session._show(live.Frame(0.0, {"jawOpen": 0.5}))
    assert "Face.001: 1 shape keys follow" in draw(bpy, tab, **helper)
    live.session._show(live.Frame(0.0, {"sil": 0.5}))
    lines = " ".join(draw(bpy, tab, **helper))
    assert "Face.001: no shape key has the name of a curve, such as sil" in lines
    live.session.ended = "Marotte has ended"
    assert "Marotte has ended" in draw(bpy, tab, **helper)
    bpy.ops.marotte.live_stop()


def test_the_menu_and_the_preferences(bpy, extension):
    layout = Layout(bpy)
    extension("importing").draw_menu(SimpleNamespace(layout=layout), bpy.context)
    assert layout.lines == ["Marotte face curves (.csv, .json, .npz)"]
    preferences = extension("preferences")
    page = preferences.of(bpy.context)
    layout = Layout(bpy)
    drawn = SimpleNamespace(layout=layout, bl_rna=page.bl_rna)
    preferences.MarottePreferences.draw(drawn, bpy.context)
    assert layout.lines == ["program", "marotte.check_program"]


def stand_in(bpy, extension, operator, **options):
    """Return an object with an operator's functions; Blender makes operators only by itself."""
    functions = {name: each for name, each in vars(operator).items() if callable(each)}
    plain = type("Plain", (extension("file_to_keys").FileToKeys,), functions)()
    rna = getattr(bpy.ops.marotte, operator.bl_idname.split(".")[1]).get_rna_type()
    for name, each in rna.properties.items():
        if hasattr(each, "default"):
            setattr(plain, name, each.default)
    plain.__dict__.update(options)
    plain.bl_rna = rna
    plain._run = plain._timer = None
    plain.properties = SimpleNamespace(is_property_set=lambda name: name in options)
    plain.layout, plain.said = Layout(bpy), []
    plain.report = lambda _kinds, text: plain.said.append(text)
    return plain


def context_with_window(bpy):
    manager = SimpleNamespace(
        removed=[], dialogs=[], event_timer_remove=lambda timer: manager.removed.append(timer)
    )
    manager.fileselect_add = manager.dialogs.append
    workspace = SimpleNamespace(status_text_set=lambda _text: None)
    names = ("scene", "active_object", "selected_objects", "preferences")
    real = {name: getattr(bpy.context, name) for name in names}
    return SimpleNamespace(window_manager=manager, workspace=workspace, **real)


@pytest.mark.parametrize(
    "name", ["importing.MAROTTE_OT_import_curves", "speech.MAROTTE_OT_speech_to_face"]
)
def test_the_dialog_begins_at_the_scenes_start_and_asks_about_an_action(
    bpy, scene, make_face, extension, curve_file, name
):
    make_face(*ARKIT)
    module, operator = name.split(".")
    context = context_with_window(bpy)
    scene.frame_start = 77
    shown = stand_in(bpy, extension, getattr(extension(module), operator))
    assert shown.invoke(context, None) == {"RUNNING_MODAL"}
    assert context.window_manager.dialogs == [shown]
    assert shown.start == 77
    shown.draw(context)
    assert "start" in shown.layout.lines
    assert not [line for line in shown.layout.lines if "has the action" in line]
    bpy.ops.marotte.import_curves(filepath=curve_file())
    shown.draw(context)
    assert "The face has the action hello" in shown.layout.lines


def test_speech_waits_for_the_program_and_esc_stops_it(
    bpy, scene, make_face, extension, program, voice
):
    face = make_face(*ARKIT)
    context = context_with_window(bpy)
    operator = extension("speech").MAROTTE_OT_speech_to_face
    timer, escape = SimpleNamespace(type="TIMER"), SimpleNamespace(type="ESC")

    run = stand_in(bpy, extension, operator, filepath=str(voice))
    run._start(context)
    run._timer = "timer"
    process, folder = run._run.process, run._run.result.parent
    assert run.modal(context, escape) == {"CANCELLED"}
    assert run.said == ["Stopped; the face is unchanged"]
    assert process.poll() is not None
    assert not folder.exists()
    assert context.window_manager.removed == ["timer"]
    assert face.data.shape_keys.animation_data is None

    run = stand_in(bpy, extension, operator, filepath=str(voice))
    run._start(context)
    end = time.monotonic() + 60
    while (result := run.modal(context, timer)) == {"PASS_THROUGH"} and time.monotonic() < end:
        time.sleep(0.02)
    assert result == {"FINISHED"}
    assert face.data.shape_keys.animation_data.action.name == "voice"

    run = stand_in(bpy, extension, operator, filepath=str(voice))
    run._start(context)
    bpy.data.objects.remove(face)
    run._run.process.wait()
    assert run.modal(context, timer) == {"CANCELLED"}
    assert run.said == ["The face is gone; nothing was keyed"]

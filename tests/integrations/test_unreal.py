"""The script for Unreal, with a stand-in for Unreal that keeps assets in a dictionary."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from marotte.export import livelink_csv
from marotte.face.animation import Animation
from marotte.face.rig import ARKIT_52
from marotte.realtime.outputs.livelink import SUBJECT

FOLDER = Path(__file__).parents[2] / "integrations" / "unreal"


def subject_of(asset_name: str) -> str:
    """Return the subject that Unreal's importer makes of an asset's name."""
    for ending in ("_cal", "_raw", "_neutral"):
        asset_name = asset_name.removesuffix(ending)
    parts = asset_name.split("_")
    if len(parts) <= 3:
        return asset_name
    parts.pop(0)
    while parts:
        if parts.pop(0).isdigit():
            break
    return "_".join(parts) or asset_name


class FakeSection:
    def set_sound(self, sound: Any) -> None:
        self.sound = sound

    def set_range_seconds(self, start: float, end: float) -> None:
        self.range = start, end


class FakeSequence:
    """A Level Sequence with a Live Link track, and audio tracks."""

    def __init__(self, subject: str, end_s: float) -> None:
        self.subject, self.end_s = subject, end_s
        self.sections: list[FakeSection] = []

    def add_track(self, kind: str) -> Any:
        assert kind == "audio track"
        self.sections.append(FakeSection())
        return SimpleNamespace(add_section=lambda: self.sections[-1])

    def set_display_rate(self, rate: tuple[int, int]) -> None:
        self.rate = rate

    def set_playback_start_seconds(self, start: float) -> None:
        assert start == 0

    def set_playback_end_seconds(self, end: float) -> None:
        self.end_s = end

    def get_playback_end_seconds(self) -> float:
        return self.end_s


class FakePreset:
    subjects: tuple[str, ...] = ()

    def __init__(self, live: tuple[str, ...]) -> None:
        self.live = live

    def build_from_client(self) -> None:
        self.subjects = self.live

    def get_editor_property(self, name: str) -> tuple[str, ...]:
        assert name == "subjects"
        return self.subjects


class SlowTask:
    def __init__(self, amount: int, text: str) -> None:
        self.left = amount

    def __enter__(self) -> SlowTask:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.left >= 0

    def make_dialog(self, can_cancel: bool) -> None:
        assert can_cancel

    def should_cancel(self) -> bool:
        return False

    def enter_progress_frame(self, amount: int, text: str) -> None:
        self.left -= amount


class FakeUnreal(ModuleType):
    """Stands in for `unreal`."""

    MovieSceneAudioTrack = "audio track"
    ScopedSlowTask = SlowTask
    LiveLinkPreset = FakePreset

    def __init__(self) -> None:
        super().__init__("unreal")
        self.assets: dict[str, Any] = {}
        self.saved: list[str] = []
        self.messages: list[str] = []
        self.live: tuple[str, ...] = ()
        self.log = self.log_warning = self.log_error = self.messages.append
        self.EditorAssetLibrary = SimpleNamespace(
            does_asset_exist=self.assets.__contains__,
            load_asset=self.assets.get,
            delete_asset=lambda asset: self.assets.pop(asset) is not None,
            rename_asset=self.rename,
            save_asset=lambda asset, only_if_is_dirty: self.saved.append(asset),
        )
        tools = SimpleNamespace(import_asset_tasks=self.run, create_asset=self.create)
        self.AssetToolsHelpers = SimpleNamespace(get_asset_tools=lambda: tools)

    def AssetImportTask(self) -> SimpleNamespace:
        return SimpleNamespace(factory=None, imported_object_paths=[])

    def LiveLinkFaceImporterFactory(self) -> str:
        return "factory"

    def FrameRate(self, numerator: int, denominator: int) -> tuple[int, int]:
        return numerator, denominator

    def rename(self, old: str, new: str) -> bool:
        assert new not in self.assets
        self.assets[new] = self.assets.pop(old)
        return True

    def run(self, tasks: list[SimpleNamespace]) -> None:
        for task in tasks:
            asset = f"{task.destination_path}/{task.destination_name}"
            if task.factory:
                n_frames = len(Path(task.filename).read_text().splitlines()) - 1
                made: Any = FakeSequence(subject_of(task.destination_name), (n_frames - 1) / 30)
            else:
                duration = soundfile.info(task.filename).duration
                made = SimpleNamespace(get_editor_property=lambda _, s=duration: s)
            self.assets[asset] = made
            task.imported_object_paths = [asset]

    def create(self, name: str, folder: str, kind: type, factory: None) -> FakePreset:
        self.assets[f"{folder}/{name}"] = made = FakePreset(self.live)
        return made


@pytest.fixture
def unreal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeUnreal, Any]]:
    fake = FakeUnreal()
    monkeypatch.setitem(sys.modules, "unreal", fake)
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delitem(sys.modules, "marotte_unreal", raising=False)
    yield fake, importlib.import_module("marotte_unreal")
    del sys.modules["marotte_unreal"]


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A folder of takes: two levels, one sound, and a file that is not a take."""
    folder = tmp_path / "faces"
    (folder / "two").mkdir(parents=True)
    animation = Animation(ARKIT_52.neutral(31), 30.0, ARKIT_52)
    for name in ("hello.csv", "scene_1_line 2.csv", "two/door_12_a.csv"):
        livelink_csv.write(animation, folder / name)
    (folder / "prices.csv").write_text("apples,pears\n1,2\n")
    sounds = tmp_path / "sounds" / "two"
    sounds.mkdir(parents=True)
    soundfile.write(sounds / "door_12_a.wav", np.zeros(24_000), 16_000)
    return folder


def test_all_takes_become_sequences_of_one_subject(
    unreal: tuple[FakeUnreal, Any], faces: Path
) -> None:
    fake, script = unreal
    found = script.import_takes(str(faces), sounds=str(faces.parent / "sounds"))
    names = ["hello", "scene_1_line_2", "door_12_a"]
    assert found == [f"/Game/Marotte/{name}" for name in names]
    assert found == fake.saved
    assert sorted(fake.assets) == sorted([*found, "/Game/Marotte/door_12_a_sound"])
    assert {fake.assets[each].subject for each in found} == {SUBJECT}
    door = fake.assets["/Game/Marotte/door_12_a"]
    assert [section.range for section in door.sections] == [(0, 1.5)]
    assert (door.end_s, door.rate) == (1.5, (60, 1))
    assert fake.assets[found[0]].end_s == pytest.approx(1)
    assert any("prices.csv is not a Live Link" in message for message in fake.messages)


def test_existing_assets_are_replaced_only_if_asked(
    unreal: tuple[FakeUnreal, Any], faces: Path
) -> None:
    fake, script = unreal
    fake.assets["/Game/Marotte/hello"] = mine = object()
    assert len(script.import_takes(str(faces))) == 2
    assert fake.assets["/Game/Marotte/hello"] is mine
    assert len(script.import_takes(str(faces), subject="Eve", replace=True)) == 3
    assert fake.assets["/Game/Marotte/hello"].subject == "Eve"


def test_errors_say_what_to_do(
    unreal: tuple[FakeUnreal, Any], faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, script = unreal
    with pytest.raises(ValueError, match="can't make the subject 'a b'"):
        script.import_takes(str(faces), subject="a b")
    with pytest.raises(ValueError, match="no takes in"):
        script.import_takes(str(faces / "nowhere"))
    monkeypatch.delattr(FakeUnreal, "LiveLinkFaceImporterFactory")
    with pytest.raises(ValueError, match="enable the plug-in Live Link Face Importer"):
        script.import_takes(str(faces))
    (faces / "two" / "hello.csv").write_bytes((faces / "hello.csv").read_bytes())
    with pytest.raises(ValueError, match="have the same name"):
        script.import_takes(str(faces))
    assert not fake.assets


def test_live_link_presets(unreal: tuple[FakeUnreal, Any]) -> None:
    fake, script = unreal
    with pytest.raises(ValueError, match="run `marotte live -o livelink` first"):
        script.save_live_link_preset()
    assert not fake.assets
    fake.live = (SUBJECT,)
    assert script.save_live_link_preset().subjects == (SUBJECT,)
    assert fake.saved == ["/Game/Marotte/MarotteLiveLink"]
    with pytest.raises(ValueError, match="exists"):
        script.save_live_link_preset()

import json
import os
import sys

import pytest
from marotte_blender import program
from marotte_blender.curve_files import read
from marotte_blender.program import Options, ProgramError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake program is a script with #!")


def test_the_program_makes_curves_at_the_scenes_rate(fake_program, tmp_path):
    path, log = fake_program
    sound = tmp_path / "a voice.wav"
    sound.write_bytes(b"RIFF")
    run = program.animate(
        program.find(str(path)), sound, 24000 / 1001, "oculus", Options(mood="happy", gaze=True)
    )
    run.check()
    curves = read(run.result)
    assert curves.names == ["sil", "PP", "aa"]
    assert curves.time_s[1] == pytest.approx(1001 / 24000, abs=1e-12)
    arguments = json.loads(log.read_text())
    assert arguments[:2] == ["animate", str(sound)]
    assert arguments[arguments.index("--mood") + 1] == "happy"
    assert "--gaze" in arguments
    assert "--idle-motion" not in arguments
    folder = run.result.parent
    run.close()
    assert not folder.exists()


def test_plain_options_ask_for_nothing_new(fake_program, tmp_path):
    path, log = fake_program
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    run = program.animate([str(path)], tmp_path / "a.wav", 60.0, "arkit", Options())
    run.check()
    run.close()
    assert "--names" not in json.loads(log.read_text())


def test_failures_are_the_programs_own_sentence(fake_program, tmp_path):
    (tmp_path / "a.wav").touch()
    run = program.animate([str(fake_program[0])], tmp_path / "a.wav", 60.0, "arkit", Options())
    with pytest.raises(ProgramError, match=r"^marotte: .*a\.wav is empty$"):
        run.check()
    run.close()
    with pytest.raises(ProgramError, match="there is no file"):
        program.animate([], tmp_path / "b.wav", 60.0, "arkit", Options())
    with pytest.raises(ProgramError, match="can't start"):
        program.Run([str(tmp_path / "nothing")])


def test_a_program_that_runs_can_be_stopped(tmp_path):
    run = program.Run([sys.executable, "-c", "import time; time.sleep(60)"])
    assert not run.ended()
    run.cancel()
    assert run.ended()
    run.close()


def test_finding_the_program(fake_program, monkeypatch, tmp_path):
    path = fake_program[0]
    with pytest.raises(ProgramError, match="there is no program /nowhere: install Marotte"):
        program.find("/nowhere")
    monkeypatch.setattr(program, "_FOLDERS", (str(tmp_path),))
    monkeypatch.setattr(program.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramError, match="the program marotte was not found: install Marotte"):
        program.find()
    monkeypatch.setattr(program, "_FOLDERS", (str(path.parent),))  # Blender from a desktop
    assert program.find() == [str(path)]
    monkeypatch.setenv("PATH", str(path.parent))
    assert program.find() == [str(path)]
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(program, "_FOLDERS", ())
    monkeypatch.setattr(program.importlib.util, "find_spec", lambda _name: object())
    assert program.find() == [sys.executable, "-m", "marotte"]


def test_the_version(fake_program):
    assert program.version([str(fake_program[0])]) == "0.2.0"
    with pytest.raises(ProgramError, match="is not Marotte"):
        program.version([sys.executable, "-c", "print('hello')"])


def test_the_folder_of_a_wheel_reaches_the_program(monkeypatch, tmp_path):
    (tmp_path / "marotte").mkdir()
    (tmp_path / "marotte" / "__init__.py").touch()
    (tmp_path / "marotte" / "__main__.py").write_text("print('marotte 9.9.9')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "marotte", raising=False)
    assert program.version([sys.executable, "-m", "marotte"]) == "9.9.9"

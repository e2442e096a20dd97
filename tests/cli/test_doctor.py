"""`marotte doctor` looks at everything, and says what to do about what is missing."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from typer.testing import CliRunner

from marotte.cli import app as commands
from marotte.cli import doctor


def run() -> Any:
    return CliRunner().invoke(commands, ["doctor"], prog_name="marotte")


def test_all_is_looked_at() -> None:
    result = run()
    for title in ("marotte", "[video]", "[live]", "[train]", "microphone", "graphics", "port"):
        assert title in result.stdout
    assert "self-test" in result.stdout
    assert (result.exit_code == 0) == ("!!" not in result.stdout)


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    finding = doctor.check_extra("live")
    assert finding.good is None
    assert "pip install '.[live]'" in finding.text
    assert "sounddevice" in finding.text


def test_port_in_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(doctor, "VIEW_PORT", taken.getsockname()[1])
        finding = doctor.check_port()
    assert finding.good is None
    assert "is in use" in finding.text


def test_a_check_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> doctor.Finding:
        raise RuntimeError("the driver\nis gone")

    monkeypatch.setattr(doctor, "check_graphics", broken)
    monkeypatch.setattr(doctor, "check_speed", lambda: doctor.Finding(True, "self-test", ""))
    found = {finding.title: finding for finding in doctor.findings()}
    assert found["graphics"] == doctor.Finding(False, "graphics", "the driver is gone")
    assert run().exit_code == 1

"""Signals end a take between two blocks; they cut nothing, however many come."""

from __future__ import annotations

import csv
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from signals import heed_interrupts
from synthetic import make_voice

from marotte.realtime.interrupts import noted_interrupts


def test_signals_are_noted_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with noted_interrupts() as interrupt:
        assert not interrupt
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGINT):
            signal.raise_signal(number)
        assert interrupt.received == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with noted_interrupts() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert not interrupt
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_get_no_signals() -> None:
    results: list[bool] = []

    def work() -> None:
        with noted_interrupts() as interrupt:
            results.append(bool(interrupt))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert results == [False]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
@pytest.mark.parametrize("words", [("--fast",), ()])
def test_a_storm_of_signals_loses_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    sound = tmp_path / "long.wav"
    soundfile.write(sound, np.tile(make_voice(2, 16_000), 100), 16_000)
    outputs = [f"-o{kind}:{tmp_path}/take.{kind}" for kind in ("csv", "wav")]
    command = [sys.executable, "-m", "marotte", "live", "--input", str(sound), *words, *outputs]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts
    ) as running:
        assert running.stderr is not None
        assert any("each frame" in line for line in iter(running.stderr.readline, ""))
        time.sleep(random.uniform(0.3, 0.8))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            running.send_signal(number)
        errors = running.stderr.read()
    assert running.returncode == 130, errors
    assert "Traceback" not in errors
    assert {path.name for path in tmp_path.iterdir()} == {"long.wav", "take.csv", "take.wav"}
    rows = list(csv.reader((tmp_path / "take.csv").read_text().splitlines()))
    seconds = soundfile.info(tmp_path / "take.wav").duration
    assert (len(rows) - 1) / 60 == pytest.approx(seconds, abs=1.1 / 60)
    jaw = rows[0].index("JawOpen")
    assert float(rows[-1][jaw]) < 0.05  # the take ends at rest

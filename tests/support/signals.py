"""Signals for programs that tests start."""

from __future__ import annotations

import signal


def heed_interrupts() -> None:
    """Undo what a shell does to background programs: it makes them ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)

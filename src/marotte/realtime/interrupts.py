"""Signals that end a take: Ctrl-C and its like are noted, and raise nothing.

An exception in the middle of a computation would leave the stream half changed, and one in the
middle of closing a file would lose the recording. A signal only sets a number; the loop of the take
asks for it between two blocks of sound.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import final

# Ctrl-C; a supervisor or shutdown; a terminal that closes; Ctrl-Break on Windows.
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


@final
class Interrupt:
    """Whether a signal has asked for the end.

    Attributes:
        received: the number of the first signal, or 0.

    Example:
        >>> import signal
        >>> interrupt = Interrupt()
        >>> bool(interrupt)
        False
        >>> interrupt.note(signal.SIGINT, None)
        >>> bool(interrupt)
        True
    """

    def __init__(self) -> None:
        """Start without any signal."""
        self.received = 0

    def __bool__(self) -> bool:
        """Return whether a signal came."""
        return self.received != 0

    def note(self, number: int, _frame: FrameType | None) -> None:
        """Note a signal; a handler for `signal.signal`. It takes no lock: handlers may nest."""
        self.received = self.received or number


@contextmanager
def noted_interrupts() -> Generator[Interrupt]:
    """Note Ctrl-C, SIGTERM and SIGHUP in the block, instead of being ended by them.

    A signal that this process ignores stays ignored, as `nohup` wants it. Outside the main thread,
    where Python gives nobody signals, nothing is noted.

    Example:
        >>> import os, signal
        >>> with noted_interrupts() as interrupt:
        ...     signal.raise_signal(signal.SIGINT)
        ...     print("still here")
        still here
        >>> bool(interrupt)
        True
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    heeded = [number for number in numbers if before[number] not in (signal.SIG_IGN, None)]
    for number in heeded:
        signal.signal(number, interrupt.note)
    try:
        yield interrupt
    finally:
        for number in heeded:
            signal.signal(number, before[number])

"""Hours of sound through the C library: does memory grow, and are the last frames still right?

`benchmarks/device.py --hours` runs it. The last frames are compared with those of a new voice and
of the Python stream that hear only the last minutes of the same sound.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from marotte.infer.stream import Stream
from marotte.model.session import load_student

if TYPE_CHECKING:
    from device import Voice

RATE = 16_000
PIECE_S = 60
CONTEXT = 5  # pieces: more than a student and its level follower remember
N_COMPARED = 1000
WARM_UP = 10  # pieces
MIB = 2**20


def resident_mib() -> float:
    """Return the resident memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def print_soak(
    kind: str, voice: Voice, new: Voice, speech: NDArray[np.float32], hours: float
) -> None:
    """Let a voice hear speech, repeated for hours; print its memory and the last frames' errors.

    Args:
        kind: what is printed as its name.
        voice: hears all of the sound.
        new: another voice of the same student.
        speech: sound at 16 kHz.
        hours: how long the sound is.
    """
    n_pieces = max(CONTEXT, round(hours * 3600 / PIECE_S))
    n, width = PIECE_S * RATE, len(load_student("live").rig.names)
    endless = np.resize(speech, len(speech) + n)

    def piece(index: int) -> NDArray[np.float32]:
        first = index * n % len(speech)
        return endless[first : first + n]

    memory, before = [], time.thread_time()
    for index in range(n_pieces):
        if index in (WARM_UP, n_pieces - 1):
            memory.append(resident_mib())
        if index < n_pieces - 1:
            voice.animate(piece(index))
    last = voice.animate(piece(n_pieces - 1), width)[-N_COMPARED:]
    spent = time.thread_time() - before
    for index in range(n_pieces - CONTEXT, n_pieces - 1):
        new.animate(piece(index))
    again = new.animate(piece(n_pieces - 1), width)[-N_COMPARED:]
    stream = Stream(load_student("live"))
    frames = [f for index in range(n_pieces - CONTEXT, n_pieces) for f in stream.push(piece(index))]
    python = np.array([f.controls for f in frames[-N_COMPARED:]])
    hours_of_sound, grown = n_pieces * PIECE_S / 3600, memory[-1] - memory[0]
    print(f"  {kind:10} {hours_of_sound:g} h in {spent:.0f} s, memory {grown:+.2f} MiB")
    print(f"  last {N_COMPARED} frames: {_most(last, again)} from a new voice's")
    print(f"  {_most(last, python):>12} from those of Python's stream", flush=True)


def _most(a: NDArray[np.float32], b: NDArray[np.float32]) -> str:
    return f"{np.abs(a - b).max():.1e}"
